"""Two submissions as hand-made evidence: one that a strong engineer would send, and one that does nothing. Both through every check."""

from __future__ import annotations

from itertools import pairwise

import pytest

from checks.builders import (
    ANSWERED,
    CHALLENGE,
    EVERY_ANSWER,
    EVERY_KIND,
    RULES,
    audit,
    boot,
    case,
    contract,
    counters,
    dependency,
    drift,
    exchange,
    exposition,
    fault,
    faults,
    feedback,
    growing,
    image,
    judge,
    labels_refused,
    load,
    logs,
    metrics,
    panel,
    quality,
    repository,
    rule,
    scrape,
    soaked,
    stress,
    timeline,
    truth,
    watched,
    window,
)
from grader.checks.analysis.faults import DEPENDENCY
from grader.checks.registry import CHECKS
from grader.judge.evaluate import in_scope, one
from grader.schema.bundle import Bundle
from grader.schema.evidence import SlowClients
from grader.schema.rubric import FULL
from grader.scoring import score
from harness.source import probes

HOST_FAULTS = (
    fault("pid1_signals", facts={"exit_code": 0, "exit_s": 1.1, "ready_s": 0.7}),
    fault("worker_kill", facts={"workers": 2, "respawn_s": 0.8, "restarts": 0}),
    fault("memory_pressure", facts={"bodies": 64, "bytes_sent": 2**29, "refused": 64, "oom_kills": 0, "restarts": 0, "ready_s": 0.1}),
    fault("tmp_full", facts={"restarts": 0}),
    fault("packet_loss", facts={"sent_5": 400, "ok_5": 400, "sent_20": 400, "ok_20": 395}),
    dependency("bandwidth_cap"),
    fault("bad_model", facts={"honoured": 1, "missing_ready": 0}, cases=[case("missing", 503)]),
    fault("rolling_update", facts={"sent": 500, "failed": 0, "unnamed": 0, "exit_s": 1.1}),
    fault("bad_rollout", facts={"second_ready": 0, "sent": 600, "failed": 0, "rollback_s": 0.0}),
    fault("restart_with_data", facts={"lines_before": 1000, "lines_kept": 1000, "version_kept": 1, "retrained": 1, "ready_s": 0.8}),
    fault("overload", facts={"burst_rps": 900, "burst_sent": 2700, "burst_ok": 1500, "burst_shed": 1150, "burst_lost": 50, "restarts": 0}),
)


def around(moments, counts):
    return [scrape(moment, exposition(**count)) for moment, count in zip(moments, counts, strict=True)]


def sound():
    """Everything that every check may ask for, from a sound submission."""
    version = '{"model_version": "1.4.0", "data_version": "d1", "code_commit": "abc", "training_metrics": {"auc": 0.8}}'
    moments = ["before_errors", "after_errors", *(f"{when}_{id}" for id in DEPENDENCY for when in ("before", "after"))]
    counts = [{"ok": 4000}, {"ok": 4000, "wrong": 20}, *({"ok": 4100, "wrong": 20, "fallbacks": 300 * (i % 2)} for i in range(2 * len(DEPENDENCY)))]
    steady, errors = truth("before_steady", "after_steady"), truth("before_errors", "after_errors", 20, statuses={"422": 20})
    found = dict.fromkeys(probes.TABLE, True) | {"dependencies_pinned": 1, "tests_present": 12, "autoscaler": 6, "model_card": 4, "alert_rules": 5}
    sizes = {"declared_cpu_request": 0.5, "declared_cpu_limit": 1, "declared_memory_request": 128, "declared_memory_limit": 256}
    scaling = {"autoscaler_cpu_target": 60, "autoscaler_other_metric": False, "cost_statement": 0.02}
    slow = SlowClients(connections=64, byte_every_s=0.1, opened=64, cut_by_service=64, first_cut_s=2.0)
    return {
        "image": image(),
        "boot": boot(),
        "contract": contract(exchange("version", "GET", "/version", 200, version), exchange("feedback", "POST", "/feedback", 202)),
        "repository": repository(**found | sizes | scaling),
        "logs": logs(),
        "audit": audit(),
        "metrics": metrics(exposition(100), exposition(3100), *around(moments, counts), truths=[steady, errors]),
        "prometheus": watched().model_copy(update={"rules": [rule()], "panels": [panel()], "dashboards": ["d.json"]}),
        "drift": drift(EVERY_ANSWER, kinds=EVERY_KIND, gauges=growing, quality=quality()),
        "feedback": feedback(),
        "load": load(
            window("steady").model_copy(update={"alike_share": 0.01}), window("spike", 3000, seconds=10.0, p95=60.0),
            window("recovery", 1000, seconds=10.0, bins=timeline((10.0, {}))),
            window("slow_clients", 800, seconds=8.0).model_copy(update={"slow_clients": slow}),
        ),
        "stress": stress(overload=window("overload", 24_000, seconds=6.0, p95=80.0, errors={"shed": 12_000}), soak=soaked().soak),
        "faults": faults(
            fault("pause"), fault("network_cut"), fault("cpu_starvation"), fault("sigkill", facts={"ready_s": 3.0}),
            fault("sigterm_drain", facts={"in_flight_at_signal": 11, "in_flight_lost": 0, "exit_s": 0.5, "ready_s": 2.0}),
            fault("malformed_input", cases=[case("nan")]), *(dependency(id) for id in DEPENDENCY), *HOST_FAULTS,
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
    files = repository(alert_rules=None)
    deaf = sound() | {"drift": drift(kinds=EVERY_KIND), "repository": files}
    asked = [id for id, spec in CHECKS.items() if spec.area == "monitoring" and "drift" in spec.inputs.values()]
    asked.remove("alert_rules_live")  # rules on anything else may be sound
    assert len(asked) == 12
    assert {id: credit(id, deaf) for id in asked} == dict.fromkeys(asked, 0)


def test_an_alarm_that_is_always_on_earns_no_more_than_resolution_could():
    always = sound() | {"drift": drift([("Drift", "firing", "amount", 0)], kinds=EVERY_KIND)}
    drifts = [id for id in CHECKS if id.startswith("drift_")]
    assert len(drifts) == 7
    for id in (*drifts, "alert_attribution", "alert_resolution", "false_alarm_rate"):
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


def weak():
    """Works on the happy path only: no timeout, no fallback, no monitor, one bare counter, runs as root, half of wrong input gives 500."""
    has = ("kubernetes_manifests", "infrastructure_as_code", "training_script", "tests_present", "tests_cover_serving", "dependencies_pinned")
    before, after = counters(fraud_predictions_total=0), counters(fraud_predictions_total=3000)
    moments = ["before_errors", "after_errors", *(f"{when}_{id}" for id in DEPENDENCY for when in ("before", "after"))]
    steady, errors = truth("before_steady", "after_steady"), truth("before_errors", "after_errors", 20, statuses={"500": 20})
    starved = fault("cpu_starvation", (2.0, {}), (3.0, {"failed": 0.8}), (2.0, {"p95": 1500}), (4.0, {}))
    halves = [case(f"wrong_{i}", 500 if i % 2 else 422) for i in range(30)]
    drained = fault("sigterm_drain", facts={"in_flight_at_signal": 11, "in_flight_lost": 0, "exit_s": 0.8, "ready_s": 2.0})
    hung = [dependency(id, {"failed": 1.0}, alive=[0] * 5, facts={"n_degraded": 0, "n_plain_ok": 0}) for id in DEPENDENCY]
    return sound() | {
        "repository": repository(**dict.fromkeys(probes.TABLE, False) | dict.fromkeys(has, 1) | {"secrets_absent": True}),
        "metrics": metrics(before, after, *(scrape(moment, after) for moment in moments), truths=[steady, errors]),
        "boot": boot(uids=[0]),
        "drift": drift(kinds=EVERY_KIND, quality=quality()),
        "feedback": labels_refused(),
        "faults": faults(
            fault("pause"), fault("network_cut"), fault("sigkill", facts={"ready_s": 3.0}), starved, drained,
            fault("malformed_input", cases=halves), *hung,
        ),
        "logs": logs(json_lines=0, with_request_id=0),
        "audit": audit(exists=False, predictions_found=0, with_fields={}, scores_agree=0),
        "contract": contract(exchange("version", "GET", "/version", 404), exchange("feedback", "POST", "/feedback", 404), versions=["1"]),
    }  # fmt: skip


def scored(evidence, mode):
    """(low, high) in points."""
    rules = [(id, rule) for id, rule in RULES.items() if in_scope(rule, CHALLENGE, mode)]
    judged = [one(CHECKS[id], rule, Bundle(evidence=evidence), CHALLENGE).judged for id, rule in rules]
    total = score(judged, CHALLENGE.scoring, gates_hold_low=True, gates_hold_high=True)
    return total.low / 100, total.high / 100


@pytest.mark.parametrize("mode", sorted(CHALLENGE.modes))
def test_the_bars_tell_sound_weak_and_null_apart(mode):
    null = weak() | {"contract": contract(valid=0, distinct_scores=0, echoes_id=0, versions=[])}
    empty = null | {"repository": repository(**dict.fromkeys(probes.TABLE))}
    assert scored(sound(), mode) == (100, 100)
    assert 20 <= scored(weak(), mode)[0] <= 50
    assert scored(null, mode)[1] <= 6  # with a repository of files that a module counts
    assert scored(empty, mode)[1] == 0


def test_what_every_mode_exercises_is_what_the_checks_may_ask_for():
    offered = frozenset().union(*(mode.stimuli for mode in CHALLENGE.modes.values()))
    assert {need for rule in RULES.values() for need in rule.needs} <= offered
