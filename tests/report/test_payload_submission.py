"""Attacks 49 and 50 end to end: a submission whose every string is a payload, from its clone to every format that a reader opens.

The browser is real, and so is the Markdown renderer: what counts is what they make of our files, not what we think of our escapes.
"""

from __future__ import annotations

import json
import os
import pty
import re
import sys
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser import Browser, Page, browser
from git_server import GitServer, certificates, server
from judge import made
from markdown_it import MarkdownIt
from payloads import BEACON, OURS, bundle
from test_html import Document

from grader.cli.console import JsonLines, LiveTable, fail, show, watching
from grader.run.score import dump
from grader.schema.causes import Trouble
from grader.schema.result import Result
from reports import RENDERERS
from reports.text import json_safe

__all__ = ["certificates", "server"]

UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
ACTIVE = ("script", "img", "iframe", "object", "embed", "form", "input", "x", "link", "base", "svg:script")


@pytest.fixture(params=["what a candidate says", "everything"])
def result(request: pytest.FixtureRequest, server: GitServer, tmp_path: Path) -> Result:
    return made.verdict(bundle(server, tmp_path / "clone", frozenset() if request.param == "everything" else OURS))


@pytest.fixture(scope="module")
def running(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(chromium, tmp_path_factory.mktemp("profile")) as started:
        yield started


def plain(text: str) -> bool:
    return not any(unicodedata.category(c) in UNSAFE for c in text if c not in "\n\t")


def test_the_submission_is_as_hostile_as_it_says(result: Result) -> None:
    """Every payload came through to the result; else silence below would prove nothing."""
    text = result.model_dump_json()
    for payload in (BEACON, "onerror=alert(1)", "javascript:alert(1)", "HYPERLINK", "\\u001b[31m", "\u202e", "{{ 7*7 }}", "]]>"):
        assert payload in text, payload
    assert result.interview and result.checks and result.failures


def quiet(page: Page, file: Path, scripts: int = 0) -> None:
    assert [event["request"]["url"] for event in page.said("Network.requestWillBeSent")] == [file.as_uri()]
    assert page.said("Log.entryAdded", "Runtime.consoleAPICalled", "Page.javascriptDialogOpening") == []
    assert len(page.said("Debugger.scriptParsed")) == scripts


@pytest.mark.parametrize("name", ["report.html", "junit.xml", "summary.md", "result.json"])
def test_opened_in_a_browser_it_runs_nothing_and_asks_for_nothing(name: str, running: Browser, result: Result, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text(dump(result) if name == "result.json" else RENDERERS[name](result), encoding="utf-8")
    harmless = tmp_path / f"harmless{file.suffix}"
    harmless.write_text("<testsuites/>" if file.suffix == ".xml" else "", encoding="utf-8")
    page = Page(running)
    page.open(harmless)  # Chromium shows XML by a script of its own
    scripts = len(page.said("Debugger.scriptParsed"))
    page = Page(running)
    page.open(file)
    quiet(page, file, scripts)
    assert page.ask("document.title") != "ran"


def test_the_report_shows_payloads_as_text_and_survives_a_reader_who_clicks_everything(running: Browser, result: Result, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(RENDERERS["report.html"](result), encoding="utf-8")
    page = Page(running)
    page.open(file)
    page.ask("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert page.ask("document.body.innerText.includes('<script>') && document.body.innerText.includes('onerror=')")
    page.ask("document.querySelectorAll('a, summary, [title]').forEach(e => { e.click(); e.dispatchEvent(new Event('mouseover')); })")
    assert page.ask(f"document.querySelectorAll('{', '.join(ACTIVE[:9])}').length") == 0
    assert page.ask("[...document.querySelectorAll('*')].every(e => [...e.attributes].every(a => !/^on/i.test(a.name)))")
    assert page.ask("[...document.querySelectorAll('a[href], area[href]')].every(a => a.getAttribute('href').startsWith('#'))")
    assert [e["request"]["url"] for e in page.said("Network.requestWillBeSent")] == [file.as_uri()]
    assert page.said("Page.javascriptDialogOpening", "Runtime.exceptionThrown") == [] and page.ask("document.title") != "ran"


def test_the_summary_is_text_in_a_markdown_renderer_that_lets_html_through(running: Browser, result: Result, tmp_path: Path) -> None:
    html = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(RENDERERS["summary.md"](result))
    tags = {tag for tag, _ in Document(html).tags}
    assert tags <= {"h1", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"}, tags
    file = tmp_path / "summary.html"
    file.write_text(f"<!doctype html><meta charset=utf-8>{html}", encoding="utf-8")
    page = Page(running)
    page.open(file)
    quiet(page, file)


def test_the_test_report_is_well_formed_and_declares_nothing(result: Result) -> None:
    text = RENDERERS["junit.xml"](result)
    assert "<!DOCTYPE" not in text and "<!ENTITY" not in text and text.count("<?") == 1
    assert {element.tag for element in ET.fromstring(text).iter()} <= {"testsuites", "testsuite", "testcase", "failure", "error", "skipped"}


def test_no_cell_is_a_formula_when_the_summary_is_read_as_a_spreadsheet(result: Result) -> None:
    """Tables of the summary are pasted into spreadsheets, and may be split at bars or at commas."""
    rows = [line for line in RENDERERS["summary.md"](result).splitlines() if line.startswith("|")]
    cells = [cell.strip() for row in rows for cell in re.split(r"(?<!\\)\|", row)]
    for cell in cells:
        assert not re.match(r"[=+@\t\r]|-(?!-)", cell), cell


FORMATS = {"report.html", "summary.md", "junit.xml"}


def test_every_format_is_tried(result: Result) -> None:
    """A new renderer (CSV, SARIF) comes with its own proof, beside these."""
    assert set(RENDERERS) == FORMATS
    for name, render in RENDERERS.items():
        assert plain(render(result)), name


def test_the_result_file_reads_the_same_and_shows_nothing_but_text(result: Result) -> None:
    text = dump(result)
    assert plain(text)
    assert Result.model_validate_json(text) == result
    assert json.loads(json_safe('"\u202e\U000e0001\x7f"')) == "\u202e\U000e0001\x7f"


def on_a_terminal(speak: Callable[[], None]) -> str:
    """What a real terminal is sent."""
    pid, terminal = pty.fork()
    if pid == 0:
        try:
            os.environ.update(TERM="xterm-256color", COLUMNS="200")
            sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
            speak()
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(0)
    said = b""
    try:
        while data := os.read(terminal, 1 << 16):
            said += data
    except OSError:
        pass  # how a terminal's end looks on Linux
    os.waitpid(pid, 0)
    os.close(terminal)
    return said.decode("utf-8")


DRAWING = re.compile(r"\x1b\[(?:[0-9;]*[mKA]|\?25[lh])|\r")
"""Colours, and what a live table needs: erase a line, go up, hide the cursor."""


def obeyed(said: str) -> list[str]:
    return [c for c in DRAWING.sub("", said) if c not in "\n\t" and unicodedata.category(c) in UNSAFE]


def test_a_terminal_gets_text_and_our_own_colours(result: Result) -> None:
    said = on_a_terminal(lambda: show(result, "out/report.html"))
    assert "report: out/report.html" in said and "<script>" in said
    assert obeyed(said) == [] and "\x1b[31mred" not in said.replace("\x1b[0m", "")


HOSTILE = (
    "\x1b]0;owned\x07\x1b[2J\x1b]8;;http://evil.example\x07link\x1b]8;;\x07 [bold]x[/bold] [link=http://evil.example]y[/link] "
    "\u202egnp.exe \x9b2J \x7f"
)


def test_progress_on_a_terminal_is_text() -> None:
    def speak() -> None:
        with watching() as progress:
            assert isinstance(progress, LiveTable)
            for stage in ("image", f"x{HOSTILE}"):
                progress.started(stage)
                progress.note(stage, HOSTILE)
            progress.finished("image", 1.0, Trouble("build_failed", HOSTILE).failure)

    said = on_a_terminal(speak)
    assert "[bold]x[/bold]" in said and obeyed(said) == []
    assert obeyed(on_a_terminal(lambda: fail(HOSTILE))) == []


def test_progress_on_a_pipe_is_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    JsonLines().note("image", HOSTILE)
    line = capsys.readouterr().out
    assert line.count("\n") == 1 and line.strip().isascii() and line.strip().isprintable()
    assert json.loads(line)["text"] == HOSTILE
