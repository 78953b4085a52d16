from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, GRADER, fault, faults, level


def lossy(ok_5=400, ok_20=395, **facts):
    kept = {"outgoing_before": 3, "outgoing_after": 5, "close_wait_before": 0, "close_wait_after": 0}
    return faults(fault("packet_loss", facts={"sent_5": 400, "ok_5": ok_5, "sent_20": 400, "ok_20": ok_20, **kept, **facts}))


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("holds", lossy()),
        ("holds", lossy(ok_5=393, ok_20=362)),
        ("leaks", lossy(outgoing_after=180)),
        ("leaks", lossy(close_wait_after=180)),
        ("bends", lossy(ok_5=385)),
        ("bends", lossy(ok_20=320)),
        ("breaks", lossy(ok_5=350)),
        ("breaks", lossy(ok_20=200)),
        ("breaks", faults(fault("packet_loss", failure=CANDIDATE))),
        ("unknown", faults(fault("packet_loss", failure=GRADER))),
        ("unknown", faults(fault("packet_loss", injected=False))),
        ("unknown", faults(fault("packet_loss"))),
        ("unknown", faults()),
    ],
)
def test_the_level_follows_the_shares_and_what_is_left_over(expected, evidence):
    assert level("packet_loss", faults=evidence) == expected
