from __future__ import annotations

import pytest

from checks.builders import MIB, judge, level, load, repository, resources, stress, window
from grader.schema.evidence import Probe

STEADY = window("steady", use=resources(cpu_seconds=3.6, memory_end_bytes=50 * MIB, memory_peak_bytes=52 * MIB))
SPIKE = window("spike", 3000, seconds=10.0, use=resources(cpu_seconds=2.4, memory_end_bytes=60 * MIB, memory_peak_bytes=60 * MIB))
"""0.12 cores at the steady rate and 0.24 in the spike, 50 MiB kept and 60 at the peak."""
SOUND = {"declared_cpu_request": 0.3, "declared_memory_request": 96, "declared_memory_limit": 256, "sizing_rationale": True}


def sized(*, spike=SPIKE, steady=STEADY, **changes):
    return {"repository": repository(**{**SOUND, "declared_cpu_limit": False, **changes}), "load": load(steady, spike), "stress": stress()}


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("fits", sized()),
        ("fits", sized(declared_cpu_limit=1)),
        ("fits", sized(spike=SPIKE.model_copy(update={"void": "a neighbour"}))),
        ("unexplained", sized(sizing_rationale=False)),
        ("over", sized(declared_cpu_request=1)),
        ("over", sized(declared_memory_request=300)),
        ("over", sized(declared_memory_limit=512)),
        ("under", sized(declared_cpu_request=0.05)),
        ("under", sized(declared_memory_request=40)),
        ("under", sized(declared_memory_limit=64)),
        ("under", sized(declared_cpu_limit=0.1)),
        ("under", sized(declared_cpu_request=4, declared_memory_limit=64)),
        ("undeclared", sized(declared_memory_limit=False)),
        ("undeclared", sized(declared_cpu_request=None, declared_memory_request=None, declared_memory_limit=None)),
        ("unknown", sized(declared_cpu_request=Probe(subject=True, found=True, detail="comes from a template"))),
        ("unknown", {"repository": repository(), "load": load(STEADY), "stress": stress()}),
        ("unknown", sized(steady=STEADY.model_copy(update={"resources": None}))),
        ("unknown", sized(declared_cpu_request=1, steady=STEADY.model_copy(update={"void": "a neighbour"}))),
        ("fits", sized(steady=STEADY.model_copy(update={"void": "a neighbour"}))),
        ("under", {**sized(), "stress": stress(soak=window("soak", use=resources(memory_peak_bytes=250 * MIB)))}),
        ("under", {**sized(), "stress": stress(overload=window("overload", use=resources(memory_peak_bytes=250 * MIB), void="a neighbour"))}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("sizing_truth", **evidence) == expected


def test_both_sides_stand_in_the_sentence():
    said = judge("sizing_truth", **sized(declared_memory_limit=512, declared_cpu_request=1)).observed
    assert "CPU request 1 core (steady load takes 0.12, the spike 0.24)" in said and "memory limit 512 MiB (60 at the peak)" in said
    assert "more than is used: CPU request, memory limit" in said


def test_what_is_missing_is_named():
    bare = repository(detail="no limits.memory on the serving container", **{**SOUND, "declared_memory_limit": False})
    assert judge("sizing_truth", repository=bare, load=load(STEADY), stress=stress()).observed == "no limits.memory on the serving container"
