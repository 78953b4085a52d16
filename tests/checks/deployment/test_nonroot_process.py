from __future__ import annotations

import pytest

from checks.builders import boot, level


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("nonroot", {"boot": boot()}),
        ("mixed", {"boot": boot(uids=[0, 1000])}),
        ("root", {"boot": boot(uids=[0])}),
        ("unknown", {"boot": boot(uids=[])}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("nonroot_process", **evidence) == expected
