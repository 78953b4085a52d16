"""Nobody is judged by what was not asked, and nothing is asked that is neither judged nor named as unscored."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import grader.rubric
from challenges import promises as book
from challenges.loader import LoadedChallenge
from challenges.promises import Promise
from grader.schema.causes import UsageError
from grader.schema.rubric import Rubric

BRIEF = """\
# Parcels

Some words about parcels. The service answers within 50 ms; it keeps
its promise.

| route | must |
|---|---|
| `POST /weigh` | one weight out |

| what | where |
|---|---|
| parcels | in a van |

## What is scored: 100 points

A runbook. Calm **nights.** More calm.

## Afterwards

We talk.
"""
KEPT = [
    Promise(quote="answers within 50 ms", checks=["latency_slo"]),
    Promise(quote="it keeps its promise.", unscored="a figure of speech"),
    Promise(quote="`POST /weigh` | one weight out", checks=["prediction_contract"]),
    Promise(quote="A runbook. Calm", checks=["runbook"]),
    Promise(quote="More calm.", unscored="a wish"),
]
KNOWN = ["latency_slo", "prediction_contract", "runbook"]


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    return grader.rubric.load()


@pytest.fixture(scope="module")
def linted(fraud: LoadedChallenge, rubric: Rubric) -> Callable[[str, list[Promise]], book.Findings]:
    known = {id for area in rubric.areas.values() for id in area.checks}
    return lambda brief, found: book.lint(brief, found, known, book.scored(rubric, fraud.spec.scoring))


@pytest.fixture(scope="module")
def brief(fraud: LoadedChallenge) -> str:
    return (fraud.folder / book.BRIEF).read_text("utf-8")


@pytest.fixture(scope="module")
def kept(fraud: LoadedChallenge) -> list[Promise]:
    return book.promises(fraud.folder)


def test_the_flagships_brief_and_rubric_meet(linted: Callable[..., book.Findings], brief: str, kept: list[Promise]) -> None:
    assert linted(brief, kept).lines == []


def test_every_check_of_the_flagship_is_asked_for(fraud: LoadedChallenge, rubric: Rubric, kept: list[Promise]) -> None:
    scored = book.scored(rubric, fraud.spec.scoring)
    assert len(scored) == len(set(scored)) == sum(len(area.checks) for area in rubric.areas.values())
    assert {id for promise in kept for id in promise.checks} == set(scored)


def test_a_quote_means_one_place_and_stands_in_the_order_of_the_brief(brief: str, kept: list[Promise]) -> None:
    text, places = " ".join(brief.split()), []
    for promise in kept:
        assert text.count(promise.quote) == 1, promise.quote
        places.append(text.index(promise.quote))
    assert places == sorted(places)


# check, its bar, factor from the unit of the bar to that of the brief -> how the brief words it
BARS = {
    ("lean_image", "lean_mb", 1): "up to {} MB for full points",
    ("service_ready", "fast_s", 1): "within {} s for full points",
    ("cold_start", "prompt_s", 1): "predict within {} s of their start",
    ("idle_footprint", "lean_mib", 1): "at most {} MiB when idle",
    ("error_rate", "clean", 100): "at most {} % errors",
    ("request_counter_truth", "true", 100): "counters to within {} %",
    ("latency_histogram_truth", "factor", 1): "to a factor of {}",
    ("label_cardinality", "large", 1): "at most {} in all",
    ("scrape_cost", "cheap_s", 1): "a scrape under load takes at most {} s",
    ("drift_delay", "full", 1): "An alert within {} requests of the onset",
    ("drift_delay", "zero", 1): "down to nothing at {}",
    ("signal_ready_entrypoint", "prompt_s", 1): "exit within {} s",
    ("pid1_signals", "prompt_s", 1): "at rest within {} s",
    ("dependency_slow", "answered", 100): "full points: {} %",
    ("dependency_slow", "fast_ms", 0.001): "their p95 within {} s",
    ("dependency_retries", "calm", 1): "up to {} calls per request",
    ("worker_kill", "unharmed", 100): "at least {} % answered, and a new one comes",
    ("tmp_full", "holds", 100): "`/tmp` is full ({} % answered)",
    ("packet_loss", "light", 100): "({} % and",
    ("packet_loss", "heavy", 100): "and {} % answered)",
    ("pause_recovery", "prompt_s", 1): "full points: within {},",
    ("sigkill_recovery", "prompt_s", 1): "within 1.2, {},",
    ("cpu_starvation", "prompt_s", 1): "6, {} and",
    ("network_cut_recovery", "prompt_s", 1): "5 and {} s)",
    ("cost_agreement", "agrees", 1): "Within a factor of {} of what we measure",
    ("sizing_truth", "cpu_most", 1): "and {}x of the burst's",
    ("sizing_truth", "cpu_limit_least", 1): "at least {}x the burst's",
    ("sizing_truth", "memory_most", 1): "steady use and {}x the peak",
    ("sizing_truth", "limit_least", 1): "a memory limit of {}x to",
    ("sizing_truth", "limit_most", 1): "to {}x the peak",
    ("autoscaler_lead", "lead", 100): "at most {} % of the CPU in use",
}


@pytest.mark.parametrize(("check", "bar", "unit"), BARS)
def test_a_number_of_the_brief_is_the_bar_of_its_check(check: str, bar: str, unit: float, rubric: Rubric, brief: str) -> None:
    bars = next(area.checks[check].bars for area in rubric.areas.values() if check in area.checks)
    assert BARS[check, bar, unit].format(f"{bars[bar] * unit:g}") in " ".join(brief.split())


def test_a_spoilt_copy_shows_each_kind_of_finding(linted: Callable[..., book.Findings], brief: str, kept: list[Promise]) -> None:
    assert "A runbook for the person on call." in brief
    reworded = linted(brief.replace("A runbook for the person on call.", "A paper."), kept)
    assert reworded == book.Findings(foreign=["A runbook for the person on call."], uncovered=["A paper."])

    misspelt = [p.model_copy(update={"checks": ["lean_imgae"]}) if p.checks == ["lean_image"] else p for p in kept]
    assert linted(brief, misspelt) == book.Findings(unknown=["lean_imgae"], unasked=["lean_image"])

    silent = [p for p in kept if "retraining_lineage" not in p.checks]
    assert linted(brief, silent).unasked == ["retraining_lineage"]

    asking = linted(brief.replace("## Routes\n", "## Routes\n\nThe service must sing.\n"), kept)
    assert asking == book.Findings(uncovered=["The service must sing."])
    row = linted(brief.replace("Docker; no GPU |\n", "Docker; no GPU |\n| moods | at most 3 |\n"), kept)
    assert row.uncovered == ["| moods | at most 3 |"]


@pytest.mark.parametrize("gone", range(len(KEPT)))
def test_each_demand_needs_its_promise(gone: int) -> None:
    assert book.uncovered(BRIEF, KEPT) == []
    left = KEPT[:gone] + KEPT[gone + 1 :]
    missing = book.uncovered(BRIEF, left)
    assert missing and all(set(text.split()) & set(KEPT[gone].quote.split()) for text in missing)


def test_what_holds_no_demand_needs_no_promise() -> None:
    demands = " ".join(book.uncovered(BRIEF, []))
    assert "Some words" not in demands and "in a van" not in demands and "We talk" not in demands
    assert book.uncovered(BRIEF, []) == [
        "The service answers within 50 ms;",
        "it keeps its promise.",
        "| `POST /weigh` | one weight out |",
        "A runbook.",
        "Calm **nights.**",
        "More calm.",
    ]


@pytest.mark.parametrize("word", ["must", "never", "at most", "a 4xx", "<=", "keeps", "posts", "stays", "is answered", "Only", "needs", "within"])
def test_words_that_make_a_demand(word: str) -> None:
    assert book.uncovered(f"The service {word} x.", []) == [f"The service {word} x."]


@pytest.mark.parametrize("words", ["a post-mortem is fun", "`/name` is a route", "the mustard"])
def test_words_that_only_look_like_one(words: str) -> None:
    assert book.uncovered(f"Well, {words}.", []) == []


def test_findings_are_sentences_that_name_what_is_wrong() -> None:
    said = book.lint(BRIEF, [*KEPT[1:], Promise(quote="answers at once", checks=["speed"])], KNOWN, KNOWN).lines
    assert said == [
        "the brief does not say: answers at once",
        "there is no check 'speed'",
        "check 'latency_slo' is scored, but the brief never asks for it",
        "the brief asks for it, but no promise covers it: The service answers within 50 ms;",
    ]


def test_only_areas_that_can_give_points_are_asked_for(fraud: LoadedChallenge, rubric: Rubric) -> None:
    smaller = fraud.spec.scoring.model_copy(update={"modules": ["mlops"]})
    ids = book.scored(rubric, smaller)
    assert set(rubric.areas["mlops"].checks) <= set(ids) and not set(rubric.areas["cloud"].checks) & set(ids)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ('{ quote = "answers in time" }', "one of the two"),
        ('{ quote = "answers in time", checks = ["x"], unscored = "no" }', "one of the two"),
        ('{ quote = "short", unscored = "no" }', "'promises.0.quote'"),
        ('{ quotes = "answers in time", unscored = "no" }', "did you mean 'quote'"),
    ],
)
def test_a_bad_entry_is_refused_with_its_file(fraud: LoadedChallenge, tmp_path: Path, entry: str, says: str) -> None:
    (tmp_path / book.FILE).write_text(f"promises = [\n    {entry},\n]\n", "utf-8")
    with pytest.raises(UsageError, match=r"promises\.toml line 2") as caught:
        book.promises(tmp_path)
    assert says in str(caught.value)


def test_a_challenge_without_promises_is_told_so(fraud: LoadedChallenge, tmp_path: Path) -> None:
    shutil.copy(fraud.folder / book.BRIEF, tmp_path)
    with pytest.raises(UsageError, match=r"promises\.toml cannot be read"):
        book.promises(tmp_path)
