"""Tables line up, Markdown is Markdown, and only what stands between the README's markers changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.bars import MS, Bar, Verdict
from benchmarks.report import BEGIN, END, Column, Table, markdown, rewrite
from grader.schema.causes import UsageError

TABLE = Table("Tools", (Column("tool"), Column("p50 ms", 1), Column("over", 1, " %")), [["ours", 5.04, 9.1], ["wrk (not installed)", None, None]])


def test_texts_stand_left_and_numbers_right() -> None:
    assert TABLE.text().splitlines() == [
        "Tools",
        "  tool                 p50 ms   over",
        "  ours                    5.0  9.1 %",
        "  wrk (not installed)       -      -",
    ]


def test_markdown_says_the_same() -> None:
    assert TABLE.markdown().splitlines()[2:] == [
        "| tool | p50 ms | over |", "|---|---:|---:|", "| ours | 5.0 | 9.1 % |", "| wrk (not installed) | - | - |",
    ]  # fmt: skip


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert Table("T", (Column("a"),), [["|error|"]]).markdown().endswith("| \\|error\\| |")


def test_json_keeps_numbers_in_full() -> None:
    assert TABLE.record()["rows"] == [["ours", 5.04, 9.1], ["wrk (not installed)", None, None]]


def test_the_readmes_section_holds_what_was_measured_beside_each_bar() -> None:
    text = markdown([TABLE], [Verdict(Bar("lag.100", "lag p99", 0.25, MS), 0.1)], "Measured somewhere.")
    assert text.startswith("Measured somewhere.\n\nTools\n\n| tool |")
    assert "| lag p99 | <= 0.250 ms | 0.100 ms | 0.40 | held |" in text


def test_only_what_stands_between_the_markers_is_rewritten(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    for _ in range(2):
        rewrite(readme, "new")
        assert readme.read_text() == f"before\n{BEGIN}\nnew\n{END}\nafter\n"


@pytest.mark.parametrize("text", ["", BEGIN, END, f"{END}{BEGIN}", f"{BEGIN}{END}{BEGIN}{END}"])
def test_a_readme_without_its_markers_is_left_alone(tmp_path: Path, text: str) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(text)
    with pytest.raises(UsageError, match="markers"):
        rewrite(readme, "new")
    assert readme.read_text() == text
