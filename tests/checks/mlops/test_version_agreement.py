from __future__ import annotations

import pytest

from checks.builders import contract, exchange, exposition, level, metrics

SCRAPED = metrics(exposition(0), exposition(1, version="1.4.0"))


@pytest.mark.parametrize(
    ("expected", "route", "answers"),
    [("agree", "1.4.0", "1.4.0"), ("partly", "9", "1.4.0"), ("partly", "1.4.0", "9"), ("differ", "9", "8")],
)
def test_metrics_say_1_4_0_and_the_others(expected, route, answers):
    told = exchange("version", "GET", "/version", 200, f'{{"model_version": "{route}"}}')
    assert level("version_agreement", contract=contract(told, versions=[answers]), metrics=SCRAPED) == expected


@pytest.mark.parametrize(
    ("expected", "facts"),
    [
        ("partly", {"versions": ["1.4.0", "1.3.9"]}),
        ("partly", {"versions": ["1.4.0", ""]}),
        ("agree", {"versions": ["1.4.0", "1.4.0-fallback"], "degraded": 7}),
    ],
)
def test_answers_that_name_another_version_beside_it_need_an_excuse(expected, facts):
    route = exchange("version", "GET", "/version", 200, '{"model_version": "1.4.0"}')
    assert level("version_agreement", contract=contract(route, **facts), metrics=SCRAPED) == expected
