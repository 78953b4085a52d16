from __future__ import annotations

import pytest

from checks.builders import boot, level


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("follows", {"boot": boot()}),
        ("follows", {"boot": boot(port=18412, listening_ports=[9100, 18412])}),
        ("fixed", {"boot": boot(port=18412, listening_ports=[8090])}),
        ("silent", {"boot": boot(listening_ports=[])}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("port_from_environment", **evidence) == expected
