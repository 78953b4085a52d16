"""What the official parser lets pass and Prometheus would not, and what a hostile metrics route can try."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from harness.telemetry import exposition
from harness.telemetry.exposition import parse, series_name

HISTOGRAM = '# TYPE h histogram\nh_bucket{{le="0.1"}} {a}\nh_bucket{{le="1"}} {b}\nh_bucket{{le="+Inf"}} {c}\nh_count {n}\nh_sum 1\n'


def test_an_honest_exposition_has_no_problem() -> None:
    registry = CollectorRegistry()
    counter = Counter("fraud_requests", "", ["status"], registry=registry)
    counter.labels("200").inc(3)
    Histogram("fraud_latency_seconds", "", ["route"], registry=registry).labels("/p").observe(0.3)
    Gauge("fraud_drift_score", "", ["feature"], registry=registry).labels("amount").set(0.4)
    parsed = parse(generate_latest(registry))
    assert parsed.problems == []
    assert not parsed.truncated
    by_name = {family.name: family for family in parsed.families}
    assert by_name["fraud_requests"].type == "counter"
    assert by_name["fraud_requests"].samples[0].name == "fraud_requests_total"
    assert by_name["fraud_drift_score"].samples[0].labels == {"feature": "amount"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a 1\na 1\n", "a stands 2 times"),
        ('a{x="1",y="2"} 1\na{y="2",x="1"} 1\n', 'a{x="1",y="2"} stands 2 times'),
        (HISTOGRAM.format(a=3, b=2, c=4, n=4), "h has buckets that fall"),
        (HISTOGRAM.format(a=1, b=2, c=4, n=5), "h has 4 in its +Inf bucket and 5 in its count"),
        ('# TYPE h histogram\nh_bucket{le="1"} 1\nh_count 1\nh_sum 1\n', "h has no +Inf bucket"),
        ('# TYPE h histogram\nh_bucket{le="much"} 1\n', "h has a bucket without a numeric le"),
        ("<html>not metrics</html>\n", "no Prometheus text format"),
        ('{"requests": 3}', "no Prometheus text format"),
        ("", "no metrics in the answer"),
        ("# just a comment\n", "no metrics in the answer"),
    ],
)
def test_a_flaw_is_named(text: str, problem: str) -> None:
    assert any(problem in found for found in parse(text.encode()).problems), parse(text.encode()).problems


def test_a_flaw_does_not_hide_the_rest() -> None:
    assert [family.name for family in parse(b"a 1\na 1\nb 2\n").families] == ["a", "b"]


def test_what_came_before_a_broken_line_is_kept() -> None:
    parsed = parse(b"# TYPE a_total counter\na_total 1\n# TYPE b gauge\nb 2\nc{ 3\n")
    assert parsed.problems
    assert "a" in [family.name for family in parsed.families]


def test_counters_typed_as_openmetrics_types_them_are_counters() -> None:
    families = parse(b"# TYPE a counter\na_total{x=\"1\"} 1\na_total{x=\"2\"} 1\n# TYPE b gauge\nb 1\n# EOF\n").families
    assert [(family.name, family.type, len(family.samples)) for family in families] == [("a", "counter", 2), ("b", "gauge", 1)]


def test_values_that_are_no_numbers_become_none() -> None:
    assert [sample.value for family in parse(b"a NaN\nb +Inf\nc 1\n").families for sample in family.samples] == [None, None, 1.0]


def test_a_label_explosion_is_named_and_cut() -> None:
    parsed = parse("".join(f'a{{id="{i}"}} 1\n' for i in range(5000)).encode())
    assert parsed.truncated
    assert "a has 5000 series" in parsed.problems
    assert parsed.series == {"a": 5000}, "counted before the cut"
    assert [family.name for family in parsed.families] == ["a"]
    assert sum(len(family.samples) for family in parsed.families) == exposition.MAX_FAMILY_SAMPLES


def test_many_families_are_cut_in_all() -> None:
    parsed = parse("".join(f"a{i} 1\n" for i in range(5000)).encode())
    assert parsed.truncated
    assert sum(len(family.samples) for family in parsed.families) == exposition.MAX_SAMPLES


@pytest.mark.parametrize("raw", [b"a 1\n" * 300_000, b"\xff\xfe a 1\n", b"a{x=" + b'"' * 20_000 + b"} 1\n"])
def test_too_much_or_no_text_is_refused_at_once(raw: bytes) -> None:
    started = time.monotonic()
    assert parse(raw).problems
    assert time.monotonic() - started < 2


def test_hostile_names_are_stripped_and_cut() -> None:
    parsed = parse(('a{feature="\x1b[31mred\u202e' + "x" * 500 + '"} 1\n').encode())
    label = parsed.families[0].samples[0].labels["feature"]
    assert label.startswith("redx")
    assert len(label) <= exposition.MAX_TEXT


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(alphabet='abc{}="\\,\n #TYPE_bucket+Inf0123456789.eE-', max_size=300).map(str.encode)))
def test_no_answer_breaks_the_parser(raw: bytes) -> None:
    parse(raw)


def test_dense_lines_are_parsed_in_bounded_time() -> None:
    line = "a{" + ",".join(f'l{i}="\\"{i}"' for i in range(600)) + "} 1\n"
    raw = (line[: exposition.MAX_LINE - 10] + '"} 1\n') * (exposition.MAX_BYTES // exposition.MAX_LINE)
    started = time.monotonic()
    parse(raw.encode())
    assert time.monotonic() - started < 5


def test_series_names_sort_their_labels() -> None:
    assert series_name("d", [("b", "2"), ("a", "1")]) == 'd{a="1",b="2"}'
    assert series_name("d", []) == "d"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("# TYPE a counter\na 1\n# TYPE a counter\n", "a has 2 TYPE lines"),
        ("# TYPE a_total counter\na_total -1\n", "a_total is a counter and stands at -1"),
        ("# TYPE a_total counter\na_total +Inf\n", "a_total is a counter and stands at inf"),
        ('# TYPE a gauge\na{x="1"} 1\na{x="1"} 2\n', 'a{x="1"} stands 2 times'),
    ],
)
def test_what_prometheus_refuses_or_cannot_use_is_named(text: str, problem: str) -> None:
    assert problem in parse(text.encode()).problems
