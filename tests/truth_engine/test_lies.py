"""Every lie of metrics and logs is named by the check that it belongs to, and costs no check that it does not belong to."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from checks.builders import RULES, judge

from .conftest import Collected

pytestmark = pytest.mark.engine

CHECKS = (
    "metrics_route", "request_counter_truth", "error_counter_truth", "latency_histogram_truth", "score_distribution_metric",
    "model_info_metric", "model_identity", "label_cardinality", "scrape_cost", "structured_logs", "error_logs",
)  # fmt: skip
ROUTE, COUNTER, ERRORS, LATENCY, SCORES = CHECKS[:5]


class Said(NamedTuple):
    check: str
    level: str
    words: str
    also: frozenset[str] = frozenset()
    """Checks that the same lie touches by its nature."""


LIES = {
    "twice": Said(COUNTER, "untrue", "counted twice", frozenset({ERRORS})),
    "worker_share": Said(COUNTER, "untrue", "one worker's share", frozenset({ROUTE, ERRORS, LATENCY, SCORES})),
    "successes_only": Said(ERRORS, "blind", "only successes are counted"),
    "errors_as_successes": Said(ERRORS, "blind", "counts them as successes"),
    "counts_scrapes": Said(COUNTER, "others", "other routes count as predictions"),
    "milliseconds": Said(LATENCY, "wrong_unit", "milliseconds in a metric named seconds"),
    "microseconds": Said(LATENCY, "wrong_unit", "microseconds in a metric named seconds"),
    "observed_twice": Said(LATENCY, "untrue", "everything is observed twice"),
    "model_only": Said(LATENCY, "untrue", "only a part of the handler is measured"),
    "summary": Said(LATENCY, "flat", "without buckets there are no percentiles"),
    "inf_mismatch": Said(LATENCY, "untrue", "in its +Inf bucket", frozenset({ROUTE})),
    "falling_buckets": Said(LATENCY, "untrue", "buckets that fall", frozenset({ROUTE})),
    "one_bucket": Said(LATENCY, "blunt", "no two buckets lie within a factor of 4"),
    "score_off": Said(SCORES, "untrue", "its mean is off"),
    "score_constant": Said(SCORES, "untrue", "it is constant"),
    "score_twice": Said(SCORES, "untrue", "more scores are observed than were served"),
    "other_version": Said("model_identity", "differs", "two versions of what runs"),
    "digest_of_nothing": Said("model_identity", "no_such_file", "is the digest of none of"),
    "label_per_request": Said("label_cardinality", "grows", "per value of the label 'transaction_id'"),
    "label_of_time": Said("label_cardinality", "grows", "gets a new 'at' at every scrape"),
    "slow_scrape": Said("scrape_cost", "slow", "took 4"),
    "large_scrape": Said("scrape_cost", "slow", "over 1 MiB", frozenset(CHECKS[:6]) | {"label_cardinality"}),
    "gauge_as_counter": Said(ROUTE, "split", "fraud_queue_total is declared a counter and fell without a restart"),
    "counter_is_nan": Said(ROUTE, "flawed", "fraud_rate_total is a counter and stands at nan"),
    "series_twice": Said(ROUTE, "flawed", "fraud_up stands 2 times"),
    "type_twice": Said(ROUTE, "flawed", "fraud_up has 2 TYPE lines"),
    "bare_logs": Said("error_logs", "bare", "most name no cause"),
    "silent_logs": Said("error_logs", "none", "no log line speaks of anything wrong"),
    "traces": Said("error_logs", "prose", "0 as JSON with a cause, 2"),
}


def full(check: str) -> str:
    return next(iter(RULES[check].ladder))


def levels(evidence: dict[str, Any]) -> dict[str, str | None]:
    return {check: judge(check, **evidence).level for check in CHECKS}


def test_the_truth_earns_everything(collected: Collected) -> None:
    evidence = collected.evidence("")
    assert levels(evidence) == {check: full(check) for check in CHECKS}, [judge(check, **evidence).observed for check in CHECKS]
    assert "model_sha256 is that of /srv/models/model.json" in judge("model_identity", **evidence).observed


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_named_and_costs_nothing_else(collected: Collected, lie: str) -> None:
    said, evidence = LIES[lie], collected.evidence(lie)
    finding = judge(said.check, **evidence)
    assert finding.level == said.level, finding.observed
    assert said.words in finding.observed
    rest = [check for check in CHECKS if check != said.check and check not in said.also]
    assert {check: judge(check, **evidence).level for check in rest} == {check: full(check) for check in rest}
