"""What `deploy/` says is what the code knows: settings by their names, commands that exist, secrets that have no default."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from grader.cli import SERVICE

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
NAMES = re.compile(r"\bGRADER_[A-Z_]+")
READ_ELSEWHERE = {"GRADER_OPERATOR_KEY"}
"""By the harness, not by the service's settings."""


def compose() -> dict[str, Any]:
    document = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert isinstance(document, dict)
    return document


def settings() -> set[str]:
    pytest.importorskip("django", reason="the extra [web] is not installed")
    from grader.web.config import ServiceSettings

    return {f"GRADER_{name.upper()}" for name in ServiceSettings.model_fields} | READ_ELSEWHERE


@pytest.mark.parametrize("name", ["compose.yaml", "example.env", "grader-worker.service", "Dockerfile"])
def test_every_setting_exists(name: str) -> None:
    assert set(NAMES.findall((DEPLOY / name).read_text())) - settings() == set()


def test_every_service_starts_a_verb_that_exists() -> None:
    commands = [service["command"] for service in compose()["services"].values() if service.get("image") == "ml-takehome-grader"]
    assert len(commands) == 2
    assert {command[0] for command in commands} == {"grader"} and {command[1] for command in commands} <= set(SERVICE)
    assert "/bin/grader worker" in (DEPLOY / "grader-worker.service").read_text()


def test_what_must_be_filled_in_has_no_default_and_stands_in_the_example() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    required = set(re.findall(r"\$\{([A-Z_]+):\?", text))
    assert {"DATABASE_PASSWORD", "STORE_PASSWORD", "GRADER_OPERATOR_KEY", "GRADER_SECRET_KEY", "GRADER_PUBLIC_URL"} <= required
    example = dict(line.split("=", 1) for line in (DEPLOY / "example.env").read_text().splitlines() if "=" in line and not line.startswith("#"))
    assert required <= set(example)
    assert [name for name, value in example.items() if value and ("KEY" in name or "PASSWORD" in name)] == [], "no secret is given away"


def test_nothing_but_loopback_is_published() -> None:
    ports = [port for service in compose()["services"].values() for port in service.get("ports", [])]
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)


def test_files_that_the_worker_mounts_have_the_same_path_inside_and_out() -> None:
    worker = compose()["services"]["worker"]
    same = {source for source, _, target in (mount.partition(":") for mount in worker["volumes"]) if source == target}
    assert worker["environment"]["TMPDIR"] in same and worker["environment"]["GRADER_DATA_DIR"] in same


def test_the_pages_of_the_documents_name_every_file() -> None:
    said = (ROOT / "docs" / "fleet.md").read_text()
    assert [path.name for path in DEPLOY.iterdir() if not path.name.startswith(".") and f"deploy/{path.name}" not in said] == []


def test_every_service_says_whether_it_is_well_and_the_pages_get_time_to_end() -> None:
    pytest.importorskip("django", reason="the extra [web] is not installed")
    from grader.web.config import DRAIN_S

    services = compose()["services"]
    assert [name for name, service in services.items() if "healthcheck" not in service] == []
    asked = " ".join(services["pages"]["healthcheck"]["test"])
    assert "http://127.0.0.1:8000/healthz" in asked and any(port.endswith(":8000") for port in services["pages"]["ports"])
    assert int(services["pages"]["stop_grace_period"].removesuffix("s")) >= DRAIN_S + 10
