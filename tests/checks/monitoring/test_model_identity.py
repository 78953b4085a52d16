from __future__ import annotations

import pytest

from checks.builders import contract, exchange, exposition, judge, level, metrics
from grader.schema.evidence import Artifact, ArtifactFacts

SHA = "ab" * 32
METRICS = metrics(exposition(0), exposition(1))


def told(version="1.4.0", answers=("1.4.0",), artifacts=None):
    found = contract(exchange("version", "GET", "/version", 200, f'{{"model_version": "{version}"}}'), versions=answers)
    return {"contract": found.model_copy(update={"artifacts": artifacts}), "metrics": METRICS}


def facts(stated, files=(), complete=True):
    return ArtifactFacts(stated={"model_sha256": stated} if stated else {}, files=list(files), complete=complete)


FILE = Artifact(path="/srv/model.json", bytes=10, sha256=SHA)
SELF = Artifact(path="/srv/model.json", bytes=10, sha256="cd" * 32, states=[SHA])


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("same", told(artifacts=facts(SHA, [FILE]))),
        ("same", told(artifacts=facts(SHA[:16], [FILE]))),
        ("same", told(artifacts=facts(SHA, [SELF]))),
        ("same", told(artifacts=facts(None))),
        ("same", told(artifacts=None)),
        ("same", told(artifacts=facts("ef" * 32, [FILE], complete=False))),
        ("no_such_file", told(artifacts=facts("ef" * 32, [FILE]))),
        ("differs", told("2.0.0", artifacts=facts(SHA, [FILE]))),
        ("not_applicable", {"contract": contract(exchange("version", "GET", "/version", 404)), "metrics": METRICS}),
    ],
)
def test_only_what_is_stated_can_be_untrue(expected, evidence):
    assert level("model_identity", **evidence) == expected


def test_a_digest_that_is_not_stated_costs_nothing_and_that_is_said():
    assert "no digest of the model is stated, which costs nothing" in judge("model_identity", **told(artifacts=facts(None))).observed


def test_a_file_that_carries_the_digest_is_named():
    assert "model_sha256 is that of /srv/model.json" in judge("model_identity", **told(artifacts=facts(SHA, [FILE]))).observed
