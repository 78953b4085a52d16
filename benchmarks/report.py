"""Tables for people: on a terminal, in Markdown, and between the README's markers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.bars import Figures, Verdict
from grader.schema.causes import UsageError

Cell = str | float | None

BEGIN, END = "<!-- bench:begin (written by `make bench`) -->", "<!-- bench:end -->"


@dataclass(frozen=True)
class Column:
    """`digits` decimals for numbers; texts stand on the left, numbers on the right."""

    name: str
    digits: int = 0
    suffix: str = ""

    def written(self, cell: Cell) -> str:
        if cell is None:
            return "-"
        return cell if isinstance(cell, str) else f"{cell:.{self.digits}f}{self.suffix}"


@dataclass(frozen=True)
class Table:
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]

    def text(self) -> str:
        body = self._written()
        widths = [max(map(len, cells)) for cells in zip(*body, strict=True)]
        lines = ["  ".join(self._place(cell, width, i) for i, (cell, width) in enumerate(zip(row, widths, strict=True))).rstrip() for row in body]
        return "\n".join([self.title, *(f"  {line}" for line in lines)])

    def markdown(self) -> str:
        cells = [[cell.replace("|", "\\|") for cell in row] for row in self._written()]
        header, *body = ["| " + " | ".join(row) + " |" for row in cells]
        rule = "|" + "|".join("---" if self._left(i) else "---:" for i in range(len(self.columns))) + "|"
        return "\n".join([self.title, "", header, rule, *body])

    def record(self) -> dict[str, object]:
        """For JSON: numbers in full."""
        return {"title": self.title, "columns": [column.name for column in self.columns], "rows": [list(row) for row in self.rows]}

    def _written(self) -> list[list[str]]:
        cells = [[column.written(cell) for column, cell in zip(self.columns, row, strict=True)] for row in self.rows]
        return [[column.name for column in self.columns], *cells]

    def _left(self, i: int) -> bool:
        return any(isinstance(row[i], str) for row in self.rows)

    def _place(self, cell: str, width: int, i: int) -> str:
        return cell.ljust(width) if self._left(i) else cell.rjust(width)


@dataclass
class Findings:
    """What one part found: tables, figures towards bars, and sentences. `brief` are the tables that the README shows."""

    tables: list[Table] = field(default_factory=list)
    values: dict[str, float] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    excuses: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    brief: list[Table] = field(default_factory=list)

    @property
    def figures(self) -> Figures:
        return Figures(self.values, self.missing, self.excuses)

    def record(self) -> dict[str, object]:
        return {"tables": [table.record() for table in self.tables], "notes": self.notes, "missing": self.missing}


VERDICT_COLUMNS = (Column("bar"), Column("demand"), Column("measured"), Column("of the limit", 2), Column("verdict"))


def verdict_table(verdicts: Sequence[Verdict]) -> Table:
    rows: list[list[Cell]] = [
        [v.bar.says, v.bar.demand, "-" if v.measured is None else v.bar.unit.written(v.measured), v.of_limit, v.status] for v in verdicts
    ]
    return Table("Bars, in this run", VERDICT_COLUMNS, rows)


def markdown(briefs: Sequence[Table], verdicts: Sequence[Verdict], about: str) -> str:
    """The README's section: what each tool says, then every bar with what was measured."""
    return "\n\n".join([about, *(table.markdown() for table in briefs), verdict_table(verdicts).markdown()])


def rewrite(readme: Path, text: str) -> None:
    """Put `text` between the markers. Raises UsageError where they are not both there, in order, once."""
    before, found, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not found or not closed or BEGIN in rest or END in after:
        raise UsageError(f"{readme.name} does not hold the markers {BEGIN} and {END} once, in this order")
    readme.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
