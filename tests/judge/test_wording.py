"""Small words: plurals, a reason told once, a question that ends where a clause does."""

from __future__ import annotations

import pytest
from checks.builders import judge

from grader.judge.interview import LENGTH, _spoken
from grader.schema.evidence import Probe, RepositoryEvidence
from judge import made


def test_one_is_no_plural() -> None:
    result = made.verdict(made.sound())
    seen = {c.id: c.observed for c in result.checks}
    assert seen["nonroot_process"].startswith("none of 1 process runs as root")
    assert seen["base_image_pin"].startswith("1 base image, each pinned")
    assert "CPU request 0.5 cores (" in seen["sizing_truth"] and "CPU limit 1 core (" in seen["sizing_truth"]
    assert "candidate on core 1, load generator on core 0" in result.notes
    two = made.BOOT.model_copy(update={"uids": [10001, 10002]})
    assert judge("nonroot_process", boot=two, repository=made.REPOSITORY).observed.startswith("none of 2 processes runs as root")


def test_a_reason_that_several_probes_share_is_told_once() -> None:
    absent = Probe(subject=False, found=False, detail="no Kubernetes workload")
    probes = dict.fromkeys(("kubernetes_manifests", "manifest_probes", "manifest_resources"), absent)
    seen = judge("manifests", repository=RepositoryEvidence(probes={**made.REPOSITORY.probes, **probes})).observed
    assert seen.count("no Kubernetes workload") == 1 and "manifest probes, manifest resources (no Kubernetes workload)" in seen


@pytest.mark.parametrize(
    ("observed", "asked"),
    [
        ("short; whole", "Short; whole"),
        (f"{'a' * 100}; {'b' * 100}; {'c' * 100}", f"{'A' + 'a' * 99}; {'b' * 100}"),
        (f"seen (one; {'b' * 60}); {'c' * 100}; {'d' * 100}", f"Seen (one; {'b' * 60}); {'c' * 100}"),
        (f"{'word ' * 60}end", f"Word{' word' * 42} …"),
    ],
)
def test_evidence_in_a_question_ends_with_a_clause_or_a_word(observed: str, asked: str) -> None:
    assert _spoken(observed) == asked and len(asked) <= LENGTH


def test_isolation_has_no_brackets_in_brackets() -> None:
    lines = made.verdict(made.sound()).isolation
    assert lines[0] == "internet address: unreachable; no answer within 0.6 s"
