"""A candidate who alerts by Prometheus rules must not pay for a host on which no Prometheus could evaluate them."""

from __future__ import annotations

from grader.schema.base import Culprit
from grader.schema.result import CheckResult, Outcome
from judge import made

WHY = "prometheus is not installed"


def checks(silent: tuple[str, ...], unheard: str | None) -> dict[str, CheckResult]:
    drift = made.drift(made.challenge(), "standard", silent=silent).model_copy(update={"rules_unheard": unheard})
    return {check.id: check for check in made.verdict(made.changed(made.sound(), drift=drift)).checks}


def test_what_nobody_could_hear_is_unknown_and_the_hosts() -> None:
    found = checks(("missing",), WHY)
    for id in ("drift_missing", "drift_delay", "alert_attribution", "alert_resolution"):
        assert (found[id].outcome, found[id].culprit) == (Outcome.UNKNOWN, Culprit.HOST), id
        assert WHY in found[id].observed
    assert found["drift_unit"].outcome is Outcome.PASS, "what the webhook told stands"
    assert found["prediction_quality"].outcome is Outcome.PASS


def test_without_rules_a_silent_monitor_is_silent() -> None:
    assert checks(("covariate", "missing"), None)["drift_missing"].outcome is not Outcome.UNKNOWN
