from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, GRADER, fault, faults, level


def pressed(*stretches, **facts):
    sent = {"bodies": 64, "bytes_sent": 64 * 2**23, "refused": 64, "oom_kills": 0, "restarts": 0, "ready_s": 0.1, "peak_mib": 40}
    return faults(fault("memory_pressure", *stretches, facts={**sent, **facts}))


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("bounded", pressed()),
        ("restarts", pressed(oom_kills=1, restarts=1, ready_s=2.5)),
        ("restarts", pressed(oom_kills=1, ready_s=0.0)),
        ("slow", pressed(oom_kills=1, restarts=1, ready_s=14.0)),
        ("drowns", pressed((2.0, {}), (3.0, {"failed": 0.5}), (4.0, {}))),
        ("never", pressed(oom_kills=1, ready_s=-1)),
        ("never", faults(fault("memory_pressure", failure=CANDIDATE))),
        ("unknown", faults(fault("memory_pressure", failure=GRADER))),
        ("unknown", faults(fault("memory_pressure", injected=False))),
        ("unknown", faults(fault("memory_pressure"))),
        ("unknown", faults()),
    ],
)
def test_refusing_beats_restarting_beats_hanging(expected, evidence):
    assert level("memory_pressure", faults=evidence) == expected
