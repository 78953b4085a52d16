from __future__ import annotations

import json

import pytest

from checks.builders import contract, exchange, level

WHOLE = {"model_version": "1.4.0", "data_version": "d1", "code_commit": "abc", "training_metrics": {"auc": 0.8}}


def answered(body, status=200):
    return contract(exchange("version", "GET", "/version", status, body))


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("complete", answered(json.dumps(WHOLE))),
        ("complete", answered(json.dumps(WHOLE)[:-6])),
        ("some", answered(json.dumps(WHOLE | {"code_commit": "unknown", "training_metrics": {}}))),
        ("complete", answered(json.dumps(WHOLE | {"data_version": {"sha256": "9f"}, "training_metrics": {"full": {"auc": "0.8"}}}))),
        ("complete", answered(json.dumps(WHOLE | {"training_metrics": "auc 0.8, Brier score 0.04", "code_commit": "src-e72d9738f181"}))),
        ("some", answered(json.dumps(WHOLE | {"code_commit": "${GIT_COMMIT}"}))),
        ("some", answered(json.dumps(WHOLE | {"code_commit": "HEAD"}))),
        ("some", answered(json.dumps(WHOLE | {"code_commit": "0000000"}))),
        ("some", answered(json.dumps(WHOLE | {"training_metrics": {"auc": None, "brier": None}}))),
        ("some", answered(json.dumps(WHOLE | {"training_metrics": {"auc": 0.0, "brier": 0}}))),
        ("complete", answered(json.dumps(WHOLE | {"training_metrics": {"auc": 0.8, "brier": 0}}))),
        ("some", answered(json.dumps(WHOLE | {"data_version": {"sha256": "", "rows": None}}))),
        ("some", answered(json.dumps(WHOLE | {"data_version": "TBD"}))),
        ("none", answered('{"model_version": "1.4.0"}')),
        ("none", answered(json.dumps(WHOLE), 404)),
        ("none", answered("<html>")),
        ("unknown", contract()),
    ],
)
def test_fields_that_say_something_count_also_in_an_excerpt(expected, evidence):
    assert level("version_route", contract=evidence) == expected
