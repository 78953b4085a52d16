"""On paper a report says what to mend and how a check is named; on a telephone its ledger reads; no strip is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from browser import Browser, Page, browser
from judge import made

import reports.html
from grader.schema.evidence import FaultsEvidence
from grader.schema.result import Result
from reports.charts.strip import COLUMN_PX, PAGE_PX, strip

VISIBLE = "[...document.querySelectorAll('{}')].filter(e => e.offsetHeight > 0).length"


@pytest.fixture(scope="module")
def failed() -> Result:
    """Built, and exits: a log to read, and many rows that something else decided."""
    exited = made.failure("start_exited", "exit code 1")
    boot = made.BOOT.model_copy(update={"first_ready_s": None, "first_prediction_s": None, "log_tail": "ImportError: no model\n"})
    bundle = made.without(made.sound(), **dict.fromkeys(("contract", "load", "stress", "drift", "faults", "metrics"), exited))
    return made.verdict(replace(made.changed(bundle, boot=boot), failures={"boot": exited, **bundle.failures}))


@pytest.fixture(scope="module")
def running(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(chromium, tmp_path_factory.mktemp("profile")) as started:
        yield started


def opened(running: Browser, result: Result, folder: Path, width: int, media: str = "screen") -> Page:
    file = folder / "report.html"
    file.write_text(reports.html.render(result), encoding="utf-8")
    page = Page(running, width=width)
    page.open(file)
    page.call("Emulation.setEmulatedMedia", media=media)
    return page


def test_paper_says_what_to_mend_and_the_screen_when_asked(running: Browser, mixed: Result, tmp_path: Path) -> None:
    lost = sum(c.outcome.value in ("fail", "partial") and c.judged for c in mixed.checks)
    page = opened(running, mixed, tmp_path, 720)
    assert lost > 5 and page.ask(VISIBLE.format(".mend")) == 0
    assert page.ask(VISIBLE.format(".ledger summary code")) == len(mixed.checks)
    page.ask("document.querySelector('details:has(+ .mend)').open = true")
    assert page.ask(VISIBLE.format(".mend")) == 1
    page = opened(running, mixed, tmp_path, 720, "print")
    assert page.ask(VISIBLE.format(".mend")) == lost
    assert page.ask("document.documentElement.scrollWidth") <= 720


def test_paper_holds_the_log_of_what_failed(running: Browser, failed: Result, tmp_path: Path) -> None:
    assert any(f.log_tail for f in failed.failures)
    log = "document.querySelector('.note details').getBoundingClientRect().height - document.querySelector('.note summary').offsetHeight"
    assert opened(running, failed, tmp_path, 720).ask(log) < 1
    assert opened(running, failed, tmp_path, 720, "print").ask(log) > 20


def test_on_a_telephone_no_word_of_the_ledger_is_broken_and_points_say_of_what(running: Browser, mixed: Result, tmp_path: Path) -> None:
    page = opened(running, mixed, tmp_path, 390)
    heights = "[...document.querySelectorAll('.ledger .mark')].map(e => e.offsetHeight)"
    assert 0 < max(page.ask(heights)) < 30, "a mark takes more than one line"
    narrowest = "Math.min(...[...document.querySelectorAll('.ledger summary')].map(e => e.getBoundingClientRect().width))"
    assert page.ask(narrowest) > 300
    assert page.ask("getComputedStyle(document.querySelector('.ledger td:nth-child(4)'), '::before').content") == '"of "'


def test_a_long_strip_takes_the_width_of_the_page_and_is_whole(running: Browser, tmp_path: Path) -> None:
    long = made.fault("sigterm_drain", 2, bad=(2.0, 20.0)).model_copy(update={"bins": made.bins(24.0, 100, bad=(2.0, 20.0)), "undo_s": 20.0})
    records = [long if r.id == "sigterm_drain" else r for r in made.faults(made.challenge(), "standard").faults]
    result = made.verdict(made.changed(made.sound(), faults=FaultsEvidence(faults=records)))
    laid = {s.id: strip(s) for s in result.fault_strips}
    assert laid["sigterm_drain"].long and COLUMN_PX < laid["sigterm_drain"].width <= PAGE_PX and not laid["pause"].long
    assert laid["sigterm_drain"].fault_width == pytest.approx(PAGE_PX * 18 / 24, rel=0.05)
    for width, media in ((1280, "screen"), (720, "print")):
        page = opened(running, result, tmp_path, width, media)
        cut = "[...document.querySelectorAll('.strips .scroll')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
        assert page.ask(cut) == 0


def test_no_table_that_stands_open_is_cut_off_on_a_wide_screen(running: Browser, mixed: Result, tmp_path: Path) -> None:
    gauge = 'fraud_drift_score{feature="minutes_since_last",reference="2026-01",window="500"}, fraud_drift_p_value{feature="minutes_since_last"}'
    tables = [t.model_copy(update={"rows": [[*row[:-1], gauge] for row in t.rows]}) if t.id == "drift" else t for t in mixed.tables]
    page = opened(running, mixed.model_copy(update={"tables": tables}), tmp_path, 1280)
    cut = "[...document.querySelectorAll('.numbers .scroll')].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.getAttribute('aria-label'))"
    assert any(t.id == "drift" for t in tables) and page.ask(cut) == []
