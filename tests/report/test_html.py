"""The report as a document: what stands on it, what it may not hold, and that it is the same every time."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from judge import made

import reports.html
from grader.schema.bundle import Bundle
from grader.schema.result import Result
from reports import RENDERERS

TEMPLATES = Path(reports.html.__file__).parent / "templates"


class Document(HTMLParser):
    """Tags with attributes in order, and the text below the element with one id."""

    def __init__(self, html: str, within: str = "") -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._within, self._depth = within, 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "rect", "path", "circle", "link") and (self._depth or (self._within and dict(attrs).get("id") == self._within)):
            self._depth += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self._depth -= self._depth > 0

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.words += re.findall(r"\S*\w\S*", data)


@pytest.fixture(scope="module")
def page(mixed: Result) -> str:
    return reports.html.render(mixed)


def results() -> dict[str, Result]:
    sound = made.sound()
    return {
        "sound": made.verdict(sound),
        "quick": made.verdict(made.sound("quick"), "quick"),
        "not built": made.verdict(
            made.without(sound, image=made.failure("build_failed"), **dict.fromkeys(("boot", "contract"), made.failure("build_failed")))
        ),
        "nothing": made.verdict(Bundle()),
    }


@pytest.mark.parametrize("name", list(results()))
def test_the_first_screen_takes_at_most_120_words(name: str) -> None:
    first = Document(reports.html.render(results()[name]), within="first")
    assert len(first.words) <= 120, " ".join(first.words)


def test_the_first_screen_holds_verdict_gates_coverage_areas_strengths_and_risks(mixed: Result, page: str) -> None:
    first = " ".join(Document(page, within="first").words)
    assert "measured" in first
    assert all(gate.id in first for gate in mixed.gates)
    assert all(area.title in first for area in mixed.areas)
    assert all(h.title in first for h in (*mixed.strengths, *mixed.risks))
    titles = [area.title for area in mixed.areas]
    assert titles[:3] == ["Deployment", "Monitoring and drift", "Failure handling"]


def test_a_typical_report_is_small(page: str) -> None:
    assert len(page.encode()) <= 200_000


def test_a_report_on_every_fault_of_the_catalogue_is_whole() -> None:
    whole = reports.html.render(made.verdict(made.changed(made.sound("full"), faults=made.every_fault()), "full"))
    assert len(whole.encode()) <= 300_000 and "Shortened" not in whole
    assert "Not exercised: 11 bandwidth cap" in whole and whole.count("not scored</span>") >= 5


def test_the_same_result_gives_the_same_bytes(mixed: Result) -> None:
    again = Result.model_validate_json(mixed.model_dump_json())
    for name, render in RENDERERS.items():
        assert render(mixed) == render(again), name


def test_the_style_is_the_only_thing_the_policy_admits(page: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert policy and style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy[1].replace("&#39;", "'") == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_nothing_on_it_can_run_or_load(page: str) -> None:
    for tag, attributes in Document(page).tags:
        assert tag not in ("script", "iframe", "object", "embed", "img", "link", "form", "base", "image", "use", "foreignobject", "animate", "set"), (
            tag
        )
        assert not any(name.startswith("on") or name in ("src", "srcset", "style", "action", "xlink:href") for name in attributes), (tag, attributes)
        assert (attributes.get("href") or "#").startswith("#"), attributes


def test_every_link_leads_somewhere_and_no_id_stands_twice(page: str) -> None:
    tags = Document(page).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {(a["href"] or "")[1:] for _, a in tags if a.get("href")} <= set(ids)


def test_headings_go_down_one_step_at_a_time(page: str) -> None:
    levels = [int(tag[1]) for tag, _ in Document(page).tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_tables_have_headers_and_pictures_say_what_they_show(page: str) -> None:
    tags = Document(page).tags
    assert all(attributes.get("scope") == "col" for tag, attributes in tags if tag == "th")
    assert sum(tag == "table" for tag, _ in tags) == sum(tag == "thead" for tag, _ in tags)
    pictures = [attributes for tag, attributes in tags if tag == "svg"]
    assert all(a.get("aria-hidden") == "true" or (a.get("role") == "img" and a.get("aria-label")) for a in pictures)
    regions = [attributes for _, attributes in tags if attributes.get("tabindex") == "0"]
    assert regions
    assert all(a.get("role") == "region" and a.get("aria-label") for a in regions)


def test_every_check_has_a_row_that_opens_to_rule_numbers_remedy_and_evidence(mixed: Result, page: str) -> None:
    for check in mixed.checks:
        row = page[page.index(f'<tr id="check-{check.id}"') :].split("</tr>")[0]
        assert "<details>" in row and 'class="ladder"' in row
        assert all(path in row for path in check.evidence)
        assert ("To mend" in row) == (check.outcome.value in ("fail", "partial"))


def test_every_picture_has_a_caption_and_its_numbers(mixed: Result, page: str) -> None:
    assert len(mixed.charts) == 13
    for chart in mixed.charts:
        figure = page[page.index(f'<figure id="chart-{chart.id}"') :].split("</figure>")[0]
        assert "<figcaption>" in figure and "<details>" in figure and "<td>" in figure


def test_no_template_lets_a_string_through_unescaped() -> None:
    for template in TEMPLATES.iterdir():
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe|autoescape|Markup|<script|javascript:", text), template.name


def test_renderers_read_no_clock_and_no_files() -> None:
    forbidden = re.compile(
        r"^\s*(?:from|import) (?:os|time|datetime|pathlib|random|secrets|uuid|locale|subprocess|socket|urllib)\b|\bopen\(", re.MULTILINE
    )
    for module in TEMPLATES.parent.rglob("*.py"):
        assert not forbidden.search(module.read_text(encoding="utf-8")), module.name


def _colours(css: str) -> dict[str, str]:
    return {name: f"#{value * 2 if len(value) == 3 else value}" for name, value in re.findall(r"--([\w-]+):\s*#([0-9a-f]+)", css)}


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_on_every_ground(scheme: str) -> None:
    css = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    light, dark = css.split("@media (prefers-color-scheme: dark)")
    colours = _colours(light if scheme == "light" else dark.split("}")[0])
    assert len(colours) == 12
    for ground in ("bg", "panel", "shade"):
        for text in ("fg", "soft", "accent", "good", "part", "bad", "unk"):
            assert _contrast(colours[text], colours[ground]) >= 4.5, (scheme, text, ground)
    for line in ("accent", "good", "part", "bad"):
        assert _contrast(colours[line], colours["shade-fault"]) >= 3, (scheme, line)
