from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, GRADER, fault, faults, level


def killed(*stretches, **facts):
    return faults(fault("worker_kill", *stretches, facts={"workers": 2, "respawn_s": 0.8, "restarts": 0, **facts}))


def helper(*stretches, alive=None, ready=(), **facts):
    return faults(fault(
        "worker_kill", *stretches, alive=alive, ready=ready, facts={"workers": 0, "helpers": 1, "respawn_s": 0.8, "restarts": 0, **facts}
    ))  # fmt: skip


LOSES_SOME, LOSES_MUCH = ((2.0, {}), (1.0, {"failed": 0.3}), (6.0, {})), ((2.0, {}), (4.0, {"failed": 0.6}), (3.0, {}))
ONE_PROCESS = fault("worker_kill", injected=False, facts={"workers": 0, "respawn_s": -1})


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("unharmed", killed()),
        ("felt", killed(*LOSES_SOME)),
        ("felt", killed(restarts=1)),
        ("limps", killed(respawn_s=-1)),
        ("falls", killed(*LOSES_MUCH)),
        ("falls", faults(fault("worker_kill", failure=CANDIDATE))),
        ("not_applicable", faults(ONE_PROCESS)),
        ("unknown", faults(fault("worker_kill", injected=False, facts={"workers": 2}))),
        ("unknown", faults(fault("worker_kill", failure=GRADER, injected=False, facts={"workers": 0}))),
        ("unharmed", helper()),
        ("limps", helper(respawn_s=-1)),
        ("felt", helper(alive=[200] * 10 + [503] * 5, respawn_s=-1)),
        ("felt", helper(ready=[200] * 10 + [503] * 5, respawn_s=-1)),
        ("limps", helper(*LOSES_MUCH, restarts=1)),
        ("falls", helper(*LOSES_MUCH)),
        ("not_applicable", faults(fault("worker_kill", injected=False, facts={"workers": 0, "helpers": 0, "respawn_s": -1}))),
        ("unknown", faults(fault("worker_kill", injected=False, facts={"workers": 0, "helpers": 1, "respawn_s": -1}))),
        ("unknown", faults(fault("worker_kill"))),
        ("unknown", faults()),
    ],
)
def test_what_callers_notice_and_what_grows_back(expected, evidence):
    assert level("worker_kill", faults=evidence) == expected
