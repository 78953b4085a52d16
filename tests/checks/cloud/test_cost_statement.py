from __future__ import annotations

import pytest

from checks.builders import judge, level, repository
from checks.scanned import levels, put
from grader.schema.evidence import Probe


@pytest.mark.parametrize(
    ("expected", "evidence"),
    [
        ("reasoned", {"repository": repository(cost_statement=True, sizing_rationale=True)}),
        ("stated", {"repository": repository(cost_statement=True, sizing_rationale=False)}),
        ("none", {"repository": repository(cost_statement=False, sizing_rationale=False)}),
    ],
)
def test_the_level_follows_the_evidence(expected, evidence):
    assert level("cost_statement", **evidence) == expected


def priced(value, words):
    return repository(cost_statement=Probe(subject=True, found=True, value=value, detail=words), sizing_rationale=True)


@pytest.mark.parametrize(
    ("expected", "value", "words"),
    [
        ("reasoned", 0.0071, "USD 0.0071 per million"),
        ("reasoned", 45.0, "45 EUR per 1,000,000"),
        ("reasoned", 0.2, "$0.0002 per thousand"),
        ("reasoned", None, "0.5 $/m"),
        ("none", None, "USD 0.00 per million"),
        ("none", None, "per 1,000,000 predictions: $0"),
        ("impossible", 71_000.0, "USD 71,000 per million"),
        ("impossible", 1e-9, "USD 0.000000001 per million"),
    ],
)
def test_an_amount_is_one_that_a_prediction_can_cost(expected, value, words):
    assert level("cost_statement", repository=priced(value, words)) == expected


def test_the_machine_behind_an_impossible_amount_is_named():
    said = judge("cost_statement", repository=priced(71_000.0, "USD 71,000 per million")).observed
    assert "USD 0.0423 an hour would serve 0.000331 predictions/s" in said


RIGHT = "(0.04 + 0.5 x 0.0045) = USD 0.0423/hour"


@pytest.mark.parametrize(
    ("expected", "files"),
    [
        ("miscalculated", {"COST.md": RIGHT.replace("0.0423", "0.9")}),
        ("miscalculated", {"COST.md": RIGHT.replace("0.0423", "0.0623")}),
        ("miscalculated", {"COST.md": "2 replicas x USD 0.04/hour x 730 h = USD 584 a month"}),
        ("miscalculated", {"COST.md": "$0.05/h / (100/s * 3600 s) = $1.39 per million"}),
        ("none", {"COST.md": None, "README.md": "The hosted language model costs USD 0.50 per million tokens."}),
        ("contradicted", {"README.md": "At the SLO a prediction costs USD 0.71 per million."}),
    ],
)
def test_sums_that_come_to_something_else_and_amounts_that_disagree_are_found(tmp_path, expected, files):
    assert levels(put(tmp_path, documents(files)), "cost_statement") == {"cost_statement": expected}


@pytest.mark.parametrize(
    "files",
    [
        {"COST.md": RIGHT},
        {"COST.md": "1 vCPU \u00d7 $0.0405 + 0.5 GiB \u00d7 $0.0044 = $0.0427/h"},
        {"COST.md": "2 replicas x USD 0.04/hour x 730 h = USD 58.40 a month"},
        {"COST.md": "$0.05/h / (100/s * 3600 s) = $0.14 per million"},
        {"COST.md": "USD 30.66 a month / 730 = USD 0.042 an hour"},
        {"COST.md": "| 1 CPU | 0.04 x 24 = $0.96 a day |"},
        {"COST.md": "0.25 vCPU * 4 cents = 1 cent an hour"},
        {"COST.md": "- 0,3 x 0,04 € = 0,012 €"},
        {"COST.md": "Two of three (2/3 = most) are asleep; budget = $40, spike = 3 x the rate."},
        {"README.md": "About USD 0.0071 per million at the SLO (COST.md)."},
        {"README.md": "What is paid at 100 requests/s comes to USD 0.07 per million."},
    ],
)
def test_sums_in_other_units_and_amounts_of_other_cases_are_not_blamed(tmp_path, files):
    assert levels(put(tmp_path, documents(files)), "cost_statement") == {"cost_statement": "reasoned"}


def documents(files):
    """A sound statement, with more lines behind it."""
    sizing = "\n\nMeasured: one replica with 1 CPU sustains 240 rps at p99 31 ms, so two replicas leave headroom.\n"
    sound = {"COST.md": f"# Cost\n\nCost at the SLO: USD 0.0071 per million predictions.{sizing}"}
    added = {path: f"{sound.get(path, '')}\n{text}\n" for path, text in files.items() if text}
    return {path: text for path, text in (sound | added).items() if files.get(path, "") is not None}
