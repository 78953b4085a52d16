from __future__ import annotations

import pytest

from checks.builders import level, load, window
from grader.schema.evidence import SlowClients


def beside(over, opened=64, usual=0):
    slow = SlowClients(connections=64, byte_every_s=0.1, opened=opened, cut_by_service=3, first_cut_s=2.0)
    return load(window("steady", over=usual), window("slow_clients", 800, over=over, seconds=8.0).model_copy(update={"slow_clients": slow}))


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("apart", beside(8)), ("felt", beside(120)), ("blocked", beside(700)), ("apart", beside(400, usual=1500)), ("unknown", beside(700, opened=0)),
        ("unknown", load(window("steady"))),
    ],
)  # fmt: skip
def test_what_others_feel_of_slow_clients(expected, evidence):
    assert level("slow_client_isolation", load=evidence) == expected
