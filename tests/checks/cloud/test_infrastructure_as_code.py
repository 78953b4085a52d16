from __future__ import annotations

import pytest

from checks.builders import level, repository, seen


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("code", {"repository": repository(infrastructure_as_code=2)}),
        ("none", {"repository": repository(infrastructure_as_code=False)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("infrastructure_as_code", **evidence) == expected


@pytest.mark.parametrize(
    ("expected", "missing"),
    [("incomplete", "hpa.yaml"), ("incomplete", "secret.yaml, ../base"), ("code", "secret.yaml, db-credentials.env"), ("code", "")],
)
def test_a_kustomization_without_its_files_is_never_applied(expected, missing):
    assert level("infrastructure_as_code", repository=repository(infrastructure_as_code=seen({"names": 3.0, "missing": missing}))) == expected


@pytest.mark.parametrize(("expected", "facts"), [("incomplete", {"left_out": "k8s/hpa.yaml"}), ("code", {"names": 5.0})])
def test_what_a_kustomization_leaves_out_is_never_applied(expected, facts):
    assert level("infrastructure_as_code", repository=repository(infrastructure_as_code=seen(facts))) == expected
