from __future__ import annotations

import pytest

from checks.builders import MIB, level, load, resources, window


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("roomy", {"load": load(window("steady", use=resources(memory_peak_bytes=300 * MIB)))}),
        ("tight", {"load": load(window("steady", use=resources(memory_peak_bytes=440 * MIB)))}),
        ("full", {"load": load(window("steady", use=resources(memory_peak_bytes=500 * MIB)))}),
        ("unknown", {"load": load()}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("memory_headroom", **evidence) == expected
