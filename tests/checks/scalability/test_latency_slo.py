from __future__ import annotations

import pytest

from checks.builders import level, load, window


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("proven", {"load": load(window("steady", 3000, over=17))}),
        ("proven", {"load": load(window("steady", 1500, over=0))}),
        ("met", {"load": load(window("steady", 3000, over=25))}),
        ("near", {"load": load(window("steady", 3000, over=80))}),
        ("far", {"load": load(window("steady", 3000, over=250))}),
        ("missed", {"load": load(window("steady", 3000, over=900))}),
        ("missed", {"load": load(window("steady", 3000, errors={"timeout": 3000}))}),
        ("proven", {"load": load(window("steady", void="host noisy: other work took 20 %"))}),
        ("unknown", {"load": load(window("steady", over=80, void="host noisy: other work took 20 %"))}),
        ("unknown", {"load": load(window("steady", void="generator limited: 9 dropped").model_copy(update={"dropped": 9}))}),
        ("unknown", {"load": load()}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("latency_slo", **evidence) == expected
