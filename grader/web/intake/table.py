"""A table of submissions: CSV with a header, judged row by row. Good rows come in, each bad one is named with its line and reason."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import transaction

from grader.jobs import Priority
from grader.web.intake.address import Resolver, spellings
from grader.web.intake.submit import Entry, checked, keep, locked, open_for_entries
from grader.web.models import Requisition, Submission, User
from grader.web.trouble import RefusedError

COLUMNS = ("url", "name", "email", "reference")
MAX_BYTES = 1 << 20
READ_BYTES = MAX_BYTES + 1
"""How much of an upload is looked at: enough to see that it is too large."""
MAX_ROWS = 500
PATIENCE_S = 30.0
"""How long one table may wait for name servers in all. A person waits for the answer, and so does one of the service's few threads."""
EXAMPLE = "url,name,email,reference\nhttps://git.example.org/candidates/one.git,Ada Example,ada@example.org,R-17\n"


@dataclass(frozen=True)
class BadRow:
    """A row that was left out. `line` is the line of the file, the header being 1."""

    line: int
    shown: str
    reason: str


@dataclass
class Outcome:
    accepted: list[Submission] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)


def hand_in_table(user: User, requisition: Requisition, content: bytes) -> Outcome:
    """Keep every good row. RefusedError when the file as a whole cannot be used. The queue takes them up by itself, after what people hand
    in one by one.

    All rows are judged before any is kept, and then kept in one transaction: name servers may be slow, and a database that goes away in
    the middle must not leave half a table, of which nobody would know which half.
    """
    open_for_entries(requisition)
    rows = list(_rows(content))
    if not rows:
        raise RefusedError("The table has no row below its first line.", field="table")
    outcome, resolver, seen, good = Outcome(), Resolver(PATIENCE_S), dict[str, int](), list[tuple[int, Entry, str]]()
    for line, cells in rows:
        try:
            entry = _entry(cells)
            origin = checked(requisition, entry, resolver)
            spelt = spellings(origin)[0]
            if spelt in seen:
                raise RefusedError(f"The same repository stands in line {seen[spelt]}.")
            seen[spelt] = line  # one that was left out claims nothing
            good.append((line, entry, origin))
        except RefusedError as error:
            outcome.bad.append(_bad(line, cells.get("url", ""), error))
    with transaction.atomic():
        asked = locked(requisition)
        for line, entry, origin in good:
            try:
                outcome.accepted.append(keep(user, asked, entry, origin, Priority.LOW))
            except RefusedError as error:  # somebody else handed in the same meanwhile
                outcome.bad.append(_bad(line, entry.url, error))
    outcome.bad.sort(key=lambda row: row.line)
    return outcome


def _bad(line: int, url: str, error: RefusedError) -> BadRow:
    return BadRow(line, url[:120], str(error))


def _rows(content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, column -> cell) of every row that is not blank."""
    if len(content) > MAX_BYTES:
        raise RefusedError(f"The file is too large: a table has at most 1 MiB and {MAX_ROWS} rows. Split it.", field="table")
    reader = csv.reader(io.StringIO(_text(content), newline=""), delimiter=_delimiter(content), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_header(header)
        count = 0
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            if count > MAX_ROWS:
                raise RefusedError(f"The table has more than {MAX_ROWS} rows. Split it.", field="table")
            yield reader.line_num, _named(header, cells)
    except csv.Error as error:
        raise RefusedError(f"Line {reader.line_num} is not CSV ({error}).", field="table") from None


def _named(header: list[str], cells: list[str]) -> dict[str, str]:
    named = dict(zip(header, (cell.strip() for cell in cells), strict=False))
    return named | ({"": f"{len(cells)} cells where the header has {len(header)}"} if len(cells) > len(header) else {})


def _entry(cells: dict[str, str]) -> Entry:
    if "" in cells:
        raise RefusedError(f"The row has {cells['']}.")
    if not cells.get("url"):
        raise RefusedError("The url is missing.")
    return Entry(cells["url"], cells.get("name", ""), cells.get("email", ""), cells.get("reference", ""))


def _text(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedError(f"The file is not UTF-8 text (byte {error.start}). Save it as CSV UTF-8.", field="table") from None
    if "\0" in text:
        raise RefusedError("The file holds NUL bytes; it is not a CSV table.", field="table")
    return text


def _delimiter(content: bytes) -> str:
    """Spreadsheets in half of the world write semicolons."""
    first = content.split(b"\n", 1)[0]
    return ";" if first.count(b";") > first.count(b",") else ","


def _check_header(header: list[str]) -> None:
    strange = [name or "(empty)" for name in header if name not in COLUMNS]
    twice = sorted({name for name in header if header.count(name) > 1})
    wrong = [f"unknown: {', '.join(strange)[:120]}"] if strange else []
    wrong += ["url is missing"] if "url" not in header else []
    wrong += [f"named twice: {', '.join(twice)}"] if twice and not strange else []
    if wrong:
        raise RefusedError(f"The first line must name the columns {', '.join(COLUMNS)}, url at least ({'; '.join(wrong)}).", field="table")
