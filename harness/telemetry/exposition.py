"""The Prometheus text format as evidence: parsed by the official parser, with the checks that it leaves out.

`text_string_to_metric_families` accepts duplicate series and histograms that cannot be; Prometheus itself drops or miscounts them.
Everything here is written by a stranger: sizes are capped before parsing, names and label values are stripped and cut.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample as Parsed

from grader.schema.evidence import Family, Sample
from harness.text import one_line

MAX_BYTES = 1 << 20
MAX_LINE = 8 << 10
MAX_LINES = 50_000
"""The parser makes about 400 bytes of the shortest line, of four."""
MAX_SAMPLES = 3_000
MAX_FAMILY_SAMPLES = 1_000
MAX_FAMILIES = 500
MAX_TEXT = 120
MAX_PROBLEMS = 4


@dataclass(frozen=True)
class Exposition:
    """A parsed scrape. `problems` are sentences; with an empty `families` they say why nothing could be parsed."""

    families: list[Family]
    problems: list[str]
    truncated: bool
    series: dict[str, int] = field(default_factory=dict)
    """Family -> its series before any cut; families beyond `MAX_FAMILIES` are left out."""


def parse(raw: bytes) -> Exposition:
    """Parse the body of a metrics route. Never raises for what is in it."""
    if len(raw) > MAX_BYTES:
        return Exposition([], [f"the answer is over {MAX_BYTES >> 10} KiB"], truncated=True)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return Exposition([], ["the answer is not UTF-8"], truncated=False)
    lines = text.split("\n")
    if any(len(line) > MAX_LINE for line in lines):
        return Exposition([], [f"a line is longer than {MAX_LINE >> 10} KiB"], truncated=True)
    too_many = len(lines) > MAX_LINES
    if too_many:
        text = "\n".join(lines[:MAX_LINES])
    metrics, unparsed = _metrics(text)
    problems = [
        *([f"the answer has more than {MAX_LINES} lines"] if too_many else []), *unparsed, *_retold_types(text), *_duplicates(metrics),
        *_impossible_counters(metrics), *_impossible_histograms(metrics), *_explosions(metrics),
    ]  # fmt: skip
    families, cut = _capped(metrics)
    series = {_text(metric.name): len(metric.samples) for metric in metrics[:MAX_FAMILIES]}
    return Exposition(families, [one_line(problem) for problem in problems[:MAX_PROBLEMS]], cut or too_many, series)


def series_name(name: str, labels: Iterable[tuple[str, str]]) -> str:
    """A series as people write it, labels sorted: `drift{feature="amount"}`."""
    inside = ",".join(f'{key}="{value}"' for key, value in sorted(labels))
    return f"{name}{{{inside}}}" if inside else name


def _metrics(text: str) -> tuple[list[Metric], list[str]]:
    parsed: list[Metric] = []
    problems: list[str] = []
    try:
        parsed.extend(text_string_to_metric_families(text))
    except (ValueError, IndexError, KeyError, AttributeError, TypeError) as error:
        # The parser promises ValueError only, and breaks that promise on hostile text.
        problems.append(f"no Prometheus text format: {error}")
    metrics = _merged(parsed)
    return metrics, problems if metrics or problems else ["no metrics in the answer"]


def _merged(parsed: Sequence[Metric]) -> list[Metric]:
    """One family per name: the parser gives a family of its own to every sample without a TYPE line, and to every split family.

    `# TYPE x counter` above `x_total` is OpenMetrics; the parser of the older format then sees an empty counter and an untyped x_total.
    """
    empty_counters = {metric.name for metric in parsed if metric.type == "counter" and not metric.samples}
    families: dict[str, Metric] = {}
    for metric in parsed:
        counted = metric.type == "unknown" and metric.name.removesuffix("_total") in empty_counters
        name = metric.name.removesuffix("_total") if counted else metric.name
        family = families.setdefault(name, Metric(name, metric.documentation, metric.type))
        family.samples.extend(metric.samples)
    return [family for family in families.values() if family.samples]


def _retold_types(text: str) -> Iterator[str]:
    """What `promtool check metrics` refuses and the parser lets pass: files of several workers, put one after the other, look like this."""
    told = Counter(name[1] for name in re.finditer(r"^# TYPE (\S+) ", text, re.MULTILINE))
    return (f"{name} has {times} TYPE lines" for name, times in told.items() if times > 1)


def _impossible_counters(metrics: Sequence[Metric]) -> Iterator[str]:
    """A counter is a number from 0 up; `rate` over anything else is nonsense."""
    for sample in (sample for metric in metrics if metric.type == "counter" for sample in metric.samples):
        if not math.isfinite(sample.value) or sample.value < 0:
            yield f"{series_name(sample.name, sample.labels.items())} is a counter and stands at {sample.value:g}"


def _duplicates(metrics: Sequence[Metric]) -> Iterator[str]:
    seen = Counter(series_name(sample.name, sample.labels.items()) for metric in metrics for sample in metric.samples)
    return (f"{name} stands {times} times" for name, times in seen.items() if times > 1)


def _explosions(metrics: Sequence[Metric]) -> Iterator[str]:
    return (f"{m.name} has {len(m.samples)} series" for m in metrics if len(m.samples) > MAX_FAMILY_SAMPLES)


def _impossible_histograms(metrics: Sequence[Metric]) -> Iterator[str]:
    for metric in metrics:
        if metric.type == "histogram":
            yield from _histogram_problems(metric)


def _histogram_problems(metric: Metric) -> Iterator[str]:
    buckets: dict[str, list[tuple[float, float]]] = defaultdict(list)
    counts: dict[str, float] = {}
    for sample in metric.samples:
        rest = [(key, value) for key, value in sample.labels.items() if key != "le"]
        if sample.name == f"{metric.name}_bucket":
            bound = _bound(sample)
            if bound is None:
                yield f"{metric.name} has a bucket without a numeric le"
            else:
                buckets[series_name(metric.name, rest)].append((bound, sample.value))
        elif sample.name == f"{metric.name}_count":
            counts[series_name(metric.name, rest)] = sample.value
    for name, pairs in buckets.items():
        yield from _bucket_problems(name, sorted(pairs), counts.get(name))


def _bucket_problems(name: str, pairs: list[tuple[float, float]], count: float | None) -> Iterator[str]:
    values = [value for _, value in pairs]
    if any(later < earlier for earlier, later in pairwise(values)):
        yield f"{name} has buckets that fall"
    if pairs[-1][0] != math.inf:
        yield f"{name} has no +Inf bucket"
    elif count is not None and values[-1] != count:
        yield f"{name} has {values[-1]:g} in its +Inf bucket and {count:g} in its count"


def _bound(sample: Parsed) -> float | None:
    try:
        bound = float(sample.labels["le"])
    except (KeyError, ValueError):
        return None
    return None if math.isnan(bound) else bound


def _capped(metrics: Sequence[Metric]) -> tuple[list[Family], bool]:
    families: list[Family] = []
    left = MAX_SAMPLES
    truncated = False
    for metric in metrics:
        kept = metric.samples[: min(left, MAX_FAMILY_SAMPLES)]
        truncated = truncated or len(kept) < len(metric.samples)
        left -= len(kept)
        if kept:
            families.append(Family(name=_text(metric.name), type=_text(metric.type), samples=[_sample(sample) for sample in kept]))
    return families, truncated


def _sample(sample: Parsed) -> Sample:
    value = float(sample.value)
    labels = {_text(key): _text(content) for key, content in sample.labels.items()}
    return Sample(name=_text(sample.name), labels=labels, value=value if math.isfinite(value) else None)


def _text(text: str) -> str:
    return one_line(text, MAX_TEXT)
