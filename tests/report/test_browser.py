"""The report in a real Chromium, opened from disk: it asks for nothing, runs nothing, and reads well in every light and width."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, Page, browser

import reports.html
from grader.schema.result import Result

CONTRASTS = """
(() => {
  const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const linear = c => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = e => {
    for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] > 0) return c; }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), bad = [];
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement, s = getComputedStyle(e);
    if (!walker.currentNode.data.trim() || e.closest('title')) continue;
    const text = rgb(e.ownerSVGElement ? s.fill : s.color), [a, b] = [light(text), light(ground(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) bad.push(walker.currentNode.data.trim().slice(0, 40) + ' ' + s.color);
  }
  return bad;
})()
"""
OPEN_ALL = "document.querySelectorAll('details').forEach(d => { d.open = true; })"


@pytest.fixture(scope="module")
def file(mixed: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report with a space.html"
    path.write_text(reports.html.render(mixed), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def running(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(chromium, tmp_path_factory.mktemp("profile")) as started:
        yield started


def test_it_asks_for_nothing_runs_nothing_and_complains_about_nothing(running: Browser, file: Path) -> None:
    page = Page(running)
    page.open(file)
    asked = [event["request"]["url"] for event in page.said("Network.requestWillBeSent")]
    assert asked == [file.as_uri()]
    assert page.said("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown") == []
    assert page.said("Debugger.scriptParsed") == []
    assert page.ask("document.title")


def test_the_harness_would_see_a_script_a_request_and_a_blocked_one(running: Browser, tmp_path: Path) -> None:
    """Silence proves something only where noise is heard."""
    noisy = tmp_path / "noisy.html"
    noisy.write_text('<script>console.log("ran")</script><img src="missing.png">', encoding="utf-8")
    page = Page(running)
    page.open(noisy)
    assert page.said("Debugger.scriptParsed") and page.said("Runtime.consoleAPICalled")
    assert any(event["request"]["url"].endswith("missing.png") for event in page.said("Network.requestWillBeSent"))
    blocked = tmp_path / "blocked.html"
    policy = '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">'
    blocked.write_text(f'{policy}<script>console.log("ran")</script>', encoding="utf-8")
    page = Page(running)
    page.open(blocked)
    assert page.said("Log.entryAdded") and not page.said("Runtime.consoleAPICalled")


@pytest.mark.parametrize("width", [320, 375, 768, 1280])
def test_no_width_scrolls_sideways(running: Browser, file: Path, width: int) -> None:
    page = Page(running, width=width)
    page.open(file)
    for _ in ("closed", "open"):
        assert page.ask("document.documentElement.scrollWidth") <= page.ask("innerWidth") == width
        page.ask(OPEN_ALL)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(running: Browser, file: Path, scheme: str) -> None:
    page = Page(running, scheme=scheme)
    page.open(file)
    page.ask(OPEN_ALL)
    assert page.ask(f"matchMedia('(prefers-color-scheme: {scheme})').matches")
    assert page.ask(CONTRASTS) == []


def test_the_style_is_applied(running: Browser, file: Path) -> None:
    """A style sheet that the policy refuses leaves a readable but ugly page, silently."""
    page = Page(running)
    page.open(file)
    assert page.ask("getComputedStyle(document.querySelector('.cards')).display") == "grid"


def test_it_prints(running: Browser, file: Path) -> None:
    page = Page(running)
    page.open(file)
    pdf = page.pdf()
    assert pdf.startswith(b"%PDF-")
    assert 4 <= pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") <= 25


def test_assistive_technology_finds_names_for_pictures_tables_and_links(running: Browser, file: Path) -> None:
    page = Page(running)
    page.call("Accessibility.enable")
    page.open(file)
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    roles: dict[str, list[str]] = {}
    for node in nodes:
        if not node.get("ignored"):
            roles.setdefault(node["role"]["value"], []).append(node.get("name", {}).get("value", "").strip())
    for role in ("image", "link", "region", "heading", "columnheader"):
        assert roles[role] and all(roles[role]), role
    assert len(roles["main"]) == 1
