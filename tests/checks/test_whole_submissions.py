"""Two submissions as hand-made evidence: one that a strong engineer would send, and one that does nothing. Both through every check."""

from __future__ import annotations

from itertools import pairwise

import pytest

from checks.builders import (
    ANSWERED,
    CHALLENGE,
    RULES,
    audit,
    boot,
    case,
    contract,
    dependency,
    drift,
    exchange,
    exposition,
    fault,
    faults,
    image,
    judge,
    load,
    logs,
    metrics,
    quality,
    repository,
    scrape,
    timeline,
    truth,
    window,
)
from grader.checks.registry import CHECKS
from grader.schema.rubric import FULL
from harness.source import probes

DEPENDENCY = ("dependency_slow", "dependency_errors", "dependency_blackhole", "dependency_drip")


def around(moments, counts):
    return [scrape(moment, exposition(**count)) for moment, count in zip(moments, counts, strict=True)]


def sound():
    """Everything that every check may ask for, from a sound submission."""
    version = '{"model_version": "1.4.0", "data_version": "d1", "code_commit": "abc", "training_metrics": {"auc": 0.8}}'
    moments = ["before_errors", "after_errors", *(f"{when}_{id}" for id in DEPENDENCY for when in ("before", "after"))]
    counts = [{"ok": 4000}, {"ok": 4000, "wrong": 20}, *({"ok": 4100, "wrong": 20, "fallbacks": 300 * (i % 2)} for i in range(8))]
    steady, errors = truth("before_steady", "after_steady"), truth("before_errors", "after_errors", 20, statuses={"422": 20})
    found = dict.fromkeys(probes.TABLE, True) | {"dependencies_pinned": 1, "tests_present": 12, "autoscaler": 6, "model_card": 4, "alert_rules": 5}
    return {
        "image": image(),
        "boot": boot(),
        "contract": contract(exchange("version", "GET", "/version", 200, version), exchange("feedback", "POST", "/feedback", 202)),
        "repository": repository(**found),
        "logs": logs(),
        "audit": audit(),
        "metrics": metrics(exposition(100), exposition(3100), *around(moments, counts), truths=[steady, errors]),
        "drift": drift(ANSWERED, kinds=["covariate", "unit", "missing"], quality=quality()),
        "load": load(
            window("steady"), window("spike", 3000, seconds=10.0, p95=60.0), window("recovery", 1000, seconds=10.0, bins=timeline((10.0, {})))
        ),
        "faults": faults(
            fault("pause"), fault("network_cut"), fault("cpu_starvation"), fault("sigkill", facts={"ready_s": 3.0}),
            fault("sigterm_drain", facts={"in_flight_at_signal": 11, "in_flight_lost": 0, "exit_s": 0.5, "ready_s": 2.0}),
            fault("malformed_input", cases=[case("nan")]), *(dependency(id) for id in DEPENDENCY),
        ),
    }  # fmt: skip


def credit(id, evidence):
    finding = judge(id, **evidence)
    assert finding.level is not None, f"{id} could not be judged: {finding.observed}"
    return RULES[id].ladder[finding.level].credit if finding.credit is None else finding.credit


@pytest.mark.parametrize("id", sorted(CHECKS))
def test_a_sound_submission_earns_every_check_in_full(id):
    assert credit(id, sound()) == FULL


@pytest.mark.parametrize("id", sorted(id for id, rule in RULES.items() if not rule.behaviour))
def test_a_repository_with_a_readme_only_earns_no_check_of_files(id):
    nothing = repository(**dict.fromkeys(probes.TABLE))
    assert credit(id, sound() | {"repository": nothing}) == 0


def test_a_silent_monitor_earns_nothing_for_its_silence():
    files = repository(alert_rules=None, alert_rules_feature_label=None)
    deaf = sound() | {"drift": drift(kinds=["covariate", "unit", "missing"]), "repository": files}
    asked = [id for id, spec in CHECKS.items() if spec.area == "monitoring" and "drift" in spec.inputs.values()]
    assert len(asked) == 8
    assert {id: credit(id, deaf) for id in asked} == dict.fromkeys(asked, 0)


def test_an_alarm_that_is_always_on_earns_no_more_than_resolution_could():
    always = sound() | {"drift": drift([("Drift", "firing", "amount", 0)], kinds=["covariate", "unit", "missing"])}
    for id in ("drift_covariate", "drift_unit", "drift_missing", "drift_delay", "alert_attribution", "alert_resolution", "false_alarm_rate"):
        assert credit(id, always) == 0, id


@pytest.mark.parametrize("alarms", range(7))
def test_more_false_alarms_never_earn_more(alarms):
    posts = [post for i in range(alarms) for post in (("D", "firing", "x", 700 + 500 * i), ("D", "resolved", "x", 900 + 500 * i))]
    fewer = sound() | {"drift": drift([*posts[:-2], *ANSWERED])}
    more = sound() | {"drift": drift([*posts, *ANSWERED])}
    for id in ("drift_covariate", "false_alarm_rate"):
        assert credit(id, more) <= credit(id, fewer)


def test_slower_is_never_better():
    taken = [credit("service_ready", {"boot": boot(first_ready_s=seconds)}) for seconds in (1, 9, 12, 24, 26, 59)]
    assert all(a >= b for a, b in pairwise(taken))
    shares = [credit("latency_slo", {"load": load(window("steady", over=over))}) for over in range(0, 3000, 25)]
    assert all(a >= b for a, b in pairwise(shares))


def test_what_every_mode_exercises_is_what_the_checks_may_ask_for():
    offered = frozenset().union(*(mode.stimuli for mode in CHALLENGE.modes.values()))
    assert {need for rule in RULES.values() for need in rule.needs} <= offered
