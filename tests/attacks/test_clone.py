"""Attacks 1-19, each from a real https server on loopback: the message, nothing left behind, and what containing it cost this host.

Time is told as CPU time of the grader and its gits, which other work on this host does not change; the deadline of an endless attack is short.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from git_server import GitServer

from attacks import catalogue
from attacks.clones import CONTAINED, DEADLINE_S, ENDLESS, REFUSED, REJECTED, Prepare
from attacks.listening import listener
from attacks.measured import LIMIT_MIB, Outcome, measured
from grader.schema.challenge import Limits
from harness.source.clone import obtain

CPU_S = 3.0
LIMITS = Limits(
    cpus=1, memory_mib=512, pids=256, tmp_mib=64, data_mib=256, log_mib=20, repository_mib=4, repository_files=200, build_timeout_s=60,
    build_memory_mib=1024, build_log_kib=512, ready_timeout_s=60,
)  # fmt: skip
KNOWN = catalogue.load()
Record = Callable[[str, object], None]


def clone(origin: str, dest: Path, host: str, ca_file: Path, deadline_s: float) -> dict[str, Any]:
    """In the measured process."""
    allowed = [host] if origin.startswith(f"https://{host}") else []
    tree = obtain(origin, dest, LIMITS, allow_hosts=allowed, ca_file=ca_file, deadline_s=deadline_s, local=False)
    return {"paths": tree.paths, "bytes": tree.bytes, "submodules": tree.submodules}


def attack(prepare: Prepare, server: GitServer, dest: Path, record: Record, deadline_s: float = 60.0) -> Outcome:
    outcome = measured(clone, prepare(server), dest, server.host, server.ca_file, deadline_s)
    record("cost", str(outcome.cost))
    print(outcome.cost, outcome.error)
    assert outcome.cost.mib <= LIMIT_MIB, str(outcome.cost)
    assert outcome.cost.cpu_s <= CPU_S, str(outcome.cost)
    return outcome


def refused(name: str, outcome: Outcome, dest: Path) -> None:
    """As the catalogue says, in one line without controls, and without a trace."""
    expected = KNOWN.attacks[int(name.split()[0])]
    assert outcome.error is not None, outcome.value
    kind, cause, text = outcome.error
    assert {"refused": "UsageError", "rejected": "CandidateTrouble"}[expected.outcome] == kind, outcome.error
    assert re.search(expected.message, f"{cause}: {text}" if cause else text), outcome.error
    assert text.isprintable() and "hunter2" not in text
    assert not dest.exists()


@pytest.mark.parametrize("name", REFUSED)
def test_what_must_not_be_cloned_is_refused_before_any_connection(name: str, server: GitServer, tmp_path: Path, record_property: Record) -> None:
    server.repository("x").files({"a": b"x"})
    refused(name, attack(REFUSED[name], server, tmp_path / "d", record_property), tmp_path / "d")
    assert server.requests == []


@pytest.mark.parametrize("name", REJECTED)
def test_a_hostile_repository_or_server_is_rejected_in_bounded_memory(
    name: str, server: GitServer, tmp_path: Path, record_property: Record
) -> None:
    refused(name, attack(REJECTED[name], server, tmp_path / "d", record_property), tmp_path / "d")
    if name.startswith("7"):
        assert len(server.requests) == 1


@pytest.mark.parametrize("name", ENDLESS)
def test_an_endless_server_meets_the_deadline(name: str, server: GitServer, tmp_path: Path, record_property: Record) -> None:
    refused(name, attack(ENDLESS[name], server, tmp_path / "d", record_property, DEADLINE_S), tmp_path / "d")


@pytest.mark.parametrize("name", CONTAINED)
def test_a_trick_has_no_effect(name: str, server: GitServer, tmp_path: Path, record_property: Record) -> None:
    server.repository("other").files({"a": b"x"})
    dest = tmp_path / "d"
    outcome = attack(CONTAINED[name], server, dest, record_property)
    assert outcome.error is None
    assert not any("other" in path for path in server.requests)
    on_disk = {str(p.relative_to(dest)): p.stat().st_size for p in dest.rglob("*") if p.is_file() and ".git" not in p.relative_to(dest).parts}
    assert sorted(on_disk) == [path for path in outcome.value["paths"] if path not in outcome.value["submodules"]]
    assert sum(on_disk.values()) == outcome.value["bytes"]


def test_a_server_that_sends_git_elsewhere_by_alternates_is_not_obeyed(server: GitServer, tmp_path: Path, record_property: Record) -> None:
    """Git's older protocol reads further addresses from a file of the server's; a shallow clone never speaks it."""
    with listener() as (port, came):
        answers = {"/info/refs": f"{'1' * 40}\trefs/heads/main\n", "/HEAD": "ref: refs/heads/main\n", "/http-alternates": f"http://127.0.0.1:{port}/\n"}

        def act(handler: BaseHTTPRequestHandler) -> None:
            path = handler.path.partition("?")[0]
            body = next((text for end, text in answers.items() if path.endswith(end)), "").encode()
            handler.send_response(200 if body else 404)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        server.instead = act
        outcome = attack(lambda served: served.url("x"), server, tmp_path / "d", record_property)
        assert outcome.error is not None and "dumb http transport" in outcome.error[2], outcome.error
        assert came == [] and not (tmp_path / "d").exists()
