"""A result whose every string attacks its reader stays text in every format; and no valid result breaks a renderer."""

from __future__ import annotations

import re
import unicodedata
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from any_result import any_result
from browser import Page, browser
from hypothesis import given, settings
from hypothesis import strategies as st
from judge import made
from test_html import Document

from grader.schema.result import Result
from reports import RENDERERS, html, junit, markdown
from reports.shorten import CAP_BYTES
from reports.text import inert

SEEDS = st.integers(0, 2**32)
UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def test_nothing_hostile_comes_alive_in_html() -> None:
    for seed in range(20):
        page = html.render(any_result(seed, hostile_only=True))
        for tag, attributes in Document(page).tags:
            assert tag not in ("script", "img", "x", "b!", "iframe"), tag
            assert not any(name.startswith("on") for name in attributes), attributes
            assert (attributes.get("href") or "#").startswith("#"), attributes
        assert page.count("<style>") == 1
        assert "<!--" not in page


def test_nothing_hostile_runs_in_a_browser(chromium: str, tmp_path: Path) -> None:
    file = tmp_path / "hostile.html"
    file.write_text(html.render(any_result(1, longest=4, hostile_only=True)), encoding="utf-8")
    with browser(chromium, tmp_path / "profile") as running:
        page = Page(running)
        page.open(file)
        assert [event["request"]["url"] for event in page.said("Network.requestWillBeSent")] == [file.as_uri()]
        assert page.said("Debugger.scriptParsed", "Log.entryAdded", "Runtime.consoleAPICalled", "Page.javascriptDialogOpening") == []
        assert page.ask("document.querySelectorAll('script, img, iframe, [onerror]').length") == 0


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_no_valid_result_breaks_a_renderer_or_its_limits(seed: int) -> None:
    result = any_result(seed)
    for name, render in RENDERERS.items():
        text = render(result)
        assert text == render(result), name
        assert len(text.encode()) <= CAP_BYTES
        assert not any(unicodedata.category(c) in UNSAFE for c in text if c not in "\n\t"), name


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_markdown_is_at_most_60_lines_of_inert_text(seed: int) -> None:
    text = markdown.render(any_result(seed, longest=20, hostile_only=True))
    assert len(text.split("\n")) <= 60
    assert not re.search(r"<|(?<!\\)[\[\]`*]|\bhttps?:|(?<!\S)@", text), text
    rows = [line for line in text.split("\n") if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} <= {5, 7}


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_junit_parses_and_counts_every_check(seed: int) -> None:
    result = any_result(seed, longest=5)
    root = ET.fromstring(junit.render(result))
    assert len(root) == len(result.areas)
    for suite in root:
        assert int(suite.attrib["tests"]) == len(suite)
        for kind, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.attrib[kind]) == len(suite.findall(f"testcase/{tag}"))


def test_junit_says_fail_for_lost_error_for_unknown_and_skipped_for_not_applicable() -> None:
    sound = made.sound()
    image = made.IMAGE.model_copy(update={"size_bytes": 3_000_000_000})
    result = made.verdict(made.without(made.changed(sound, image=image), load=made.failure("generator_limited")))
    cases = {case.attrib["name"]: case for case in ET.fromstring(junit.render(result)).iter("testcase")}
    assert len(cases) == len(result.checks)
    assert [child.tag for child in cases["lean_image"]] == ["failure"]
    assert [child.tag for child in cases["latency_slo"]] == ["error"]
    assert list(cases["image_builds"]) == []


@pytest.mark.parametrize("seed", range(3))
def test_a_huge_result_is_shortened_and_says_so(mixed: Result, seed: int) -> None:
    wordy = mixed.model_copy(update={"notes": [f"note {i} " + "word " * 400 for i in range(400)], "discovery": ["x" * 100_000] * 50})
    page = html.render(wordy)
    assert len(page.encode()) <= CAP_BYTES
    assert "Shortened: at most" in page
    assert all(check.id in page for check in mixed.checks)
    assert len(html.render(any_result(seed, longest=30)).encode()) <= CAP_BYTES


def test_an_honest_result_is_not_shortened(mixed: Result) -> None:
    assert "Shortened" not in html.render(mixed)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x07", "link"),
        ("a\u202eb\u200bc\x00", "abc"),
        ("plain\tand\nlines é 漢", "plain\tand\nlines é 漢"),
    ],
)
def test_inert_takes_out_what_is_no_text(text: str, seen: str) -> None:
    assert inert(text) == seen
