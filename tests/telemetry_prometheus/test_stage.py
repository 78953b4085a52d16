"""Without Prometheus the drift experiment goes on, and says whose rules nobody heard."""

from __future__ import annotations

import pytest

from grader.schema.base import Culprit
from grader.schema.causes import Trouble
from harness.client import Client
from harness.telemetry.prometheus.material import Material
from harness.telemetry.prometheus.rules import Rules
from harness.telemetry.prometheus.stage import Watch

RULES = Rules("alerts.rules.yml", groups=[{"name": "drift", "rules": [{"alert": "InputDrift", "expr": "drift > 1"}]}])
REFUSED = Rules("broken.yml", problem="no YAML")


class Receiver:
    def expect(self, token: str) -> str:
        return f"http://127.0.0.1:9/{token}"


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)


def begun(material: Material) -> Watch:
    watch = Watch(material, "/metrics", 0.0)
    watch.begin(Client("127.0.0.1", 9), Receiver(), [])  # type: ignore[arg-type]  # all that is asked of a receiver
    return watch


@pytest.mark.usefixtures("nothing_installed")
def test_a_host_without_the_programs_fails_the_stage_and_not_the_drift() -> None:
    watch = begun(Material([RULES]))
    with pytest.raises(Trouble, match="prometheus, alertmanager, promtool") as raised:
        watch.collect(None)
    assert (raised.value.cause, raised.value.culprit) == ("prometheus_missing", Culprit.HOST)
    watch.end()


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize(("rules", "unheard"), [([RULES], True), ([REFUSED, RULES], True), ([REFUSED], False), ([], False)])
def test_only_a_repository_with_rules_that_load_goes_unheard(rules: list[Rules], unheard: bool) -> None:
    assert (begun(Material(rules)).unheard is not None) is unheard
