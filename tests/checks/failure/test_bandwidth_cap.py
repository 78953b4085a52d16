from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, GRADER, fault, faults, level

FACTS = {"hits_before": 190, "hits": 80, "n_degraded": 250, "n_plain_ok": 50}
FAST = {"degraded": 0.9, "p95": 70}


def narrow(during, *after, **facts):
    return faults(fault("bandwidth_cap", (2.0, {}), (3.0, during), *(after or [(6.0, {})]), facts={**FACTS, **facts}))


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("fallback", narrow(FAST)),
        ("fallback", narrow(FAST, (1.5, {"failed": 1.0}), (6.0, {}))),
        ("lingers", narrow(FAST, (5.6, {"failed": 1.0}), (2.0, {}))),
        ("lingers", narrow(FAST, (6.0, {"failed": 1.0}))),
        ("slow", narrow({"p95": 1200})),
        ("sheds", narrow({"shed": 0.8})),
        ("partly", narrow({"failed": 0.4})),
        ("fails", narrow({"failed": 0.9})),
        ("fails", faults(fault("bandwidth_cap", failure=CANDIDATE))),
        ("fails", faults(fault("bandwidth_cap", injected=False, facts={"hits": 0, "hits_before": 0, "n_plain_ok": 300, "n_degraded": 0}))),
        ("unknown", faults(fault("bandwidth_cap", failure=GRADER))),
        ("unknown", faults(fault("bandwidth_cap", injected=False))),
        ("unknown", faults()),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("bandwidth_cap", faults=evidence) == expected
