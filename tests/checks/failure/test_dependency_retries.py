from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, GRADER, dependency, faults, judge, level


def broken(id="dependency_refused", **facts):
    return dependency(id, facts={"n_sent": 300, "hits_before": 150, "n_sent_before": 150, **facts})


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("calm", faults(broken(hits=300), broken("dependency_errors", hits=20))),
        ("busy", faults(broken(hits=300), broken("dependency_garbage", hits=600), broken("dependency_reset", hits=3000))),
        ("storm", faults(broken(hits=1200))),
        ("calm", faults(broken(hits=20), *(broken(f"dependency_{kind}", hits=330) for kind in ("slow", "blackhole", "drip")))),
        ("busy", faults(broken(hits=20), broken("dependency_slow", hits=880))),
        ("storm", faults(broken(hits=20), broken("dependency_blackhole", hits=1100))),
        ("storm", faults(dependency("dependency_refused", failure=CANDIDATE))),
        ("storm", faults(dependency("dependency_errors", injected=False, facts={"hits": 0, "hits_before": 0, "n_degraded": 0, "n_plain_ok": 300}))),
        ("calm", faults(broken(hits=600, hits_before=300))),
        ("unknown", faults(dependency("dependency_refused", failure=GRADER))),
        ("unknown", faults()),
    ],
)
def test_calls_per_request_count_relative_to_the_steady_state(expected, evidence):
    assert level("dependency_retries", faults=evidence) == expected


def test_a_breaker_is_told():
    seen = judge("dependency_retries", faults=faults(broken(hits=300), broken("dependency_errors", hits=20))).observed
    assert "calls fell off (a breaker) in dependency_errors" in seen
