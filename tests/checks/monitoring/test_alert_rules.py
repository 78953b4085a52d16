from __future__ import annotations

import pytest

from checks.builders import alert, drift, level, repository


@pytest.mark.parametrize(
    ("expected", "rules", "evidence"),
    [
        ("wired", False, drift(alert("", 4000))),
        ("wired", 4, drift()),
        ("malformed", False, drift(rejected=7)),
        ("none", False, drift()),
        ("none", None, drift()),
    ],
)
def test_a_webhook_that_called_or_rules_that_parse(expected, rules, evidence):
    assert level("alert_rules", repository=repository(alert_rules=rules), drift=evidence) == expected


def test_a_scan_that_did_not_look_leaves_it_open():
    assert level("alert_rules", repository=repository(), drift=drift()) == "unknown"
