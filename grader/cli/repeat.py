"""`grader repeat URL|PATH|DIR`: is the verdict the same every time?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.cli import options
from grader.cli.console import JsonLines, watching
from grader.repeat import series
from grader.repeat.record import CheckRepeats, Repeatability, Tally
from grader.repeat.running import carry_out
from grader.run.exits import Exit
from grader.run.request import request
from grader.schema.causes import UsageError
from harness.collect import Request

What = Annotated[
    str, typer.Argument(metavar="URL|PATH|DIR", help="a submission, with -o; else the output folder of a grading or a series", show_default=False)
]
Out = Annotated[Path | None, typer.Option("--out", "-o", metavar="DIR", help="folder of the series; what it holds counts", show_default=False)]
Slug = Annotated[str | None, typer.Option("--challenge", "-c", help="challenge slug; see `grader challenge list`", show_default=False)]
Count = Annotated[int, typer.Option("-n", min=1, help="repeats that the series has in the end")]
Noise = Annotated[bool, typer.Option("--noise", help="every second repeat beside a busy neighbour: all cores, and the disk")]
NewDraws = Annotated[bool, typer.Option("--new-draws", help="another attempt number for each repeat: other hidden streams")]


def command(
    what: What,
    challenge: Slug = None,
    out: Out = None,
    count: Count = 20,
    noise: Noise = False,
    new_draws: NewDraws = False,
    mode: options.ModeOption = None,
    attempt: options.Attempt = 1,
    allow_host: options.AllowHost = None,
    ca_file: options.CaFile = None,
    prices: options.PricesFile = None,
    stages: options.Stages = None,
) -> None:
    """Repeat one grading and say which checks disagree. An interrupted series goes on with the same command.

    Exit code 3 when a check that is not in quarantine differs in more than 1 of 20 repeats.
    """
    folder = out or Path(what)
    if out is None and (challenge or mode or stages is not None):
        raise UsageError("-c, -m and --stages go with -o; without it, the argument is an output folder, whose manifest says challenge and mode")
    if len(series.present(folder)) < count:
        if out is None:
            asked = _recorded(folder, count, allow_host, ca_file, prices)
        else:
            asked = _given(what, challenge, mode, attempt, allow_host, ca_file, prices, stages)
        options.writable(folder)
        for number, noisy, result in carry_out(asked, folder, count, watching, noise=noise, new_draws=new_draws):
            _tell(number, count, noisy, f"{result.score.low / 100:.2f} to {result.score.high / 100:.2f}, {result.status}")
            series.table(folder)
    found = series.table(folder)
    show(found, str(folder / series.TABLE))
    raise typer.Exit(Exit.TROUBLE if found.over else Exit.OK)


def _given(
    what: str, slug: str | None, mode: str | None, attempt: int, allow_host: list[str] | None, ca_file: Path | None, prices: Path | None,
    stages: str | None,
) -> Request:  # fmt: skip
    if slug is None:
        raise UsageError("name the challenge with -c")
    return request(what, slug, mode, attempt, allow_host, ca_file, prices, stages)


def _recorded(folder: Path, count: int, allow_host: list[str] | None, ca_file: Path | None, prices: Path | None) -> Request:
    """What the folder's own manifest says. A plain folder's place does not stand in it."""
    first = series.anchor(folder)
    if first is None:
        raise UsageError(f"{folder} holds no grading: give a submission, a challenge and a folder, as `grader repeat PATH -c SLUG -o DIR`")
    manifest, origin = first.manifest, first.manifest.submission.origin
    if "://" not in origin:
        again = f"grader repeat PATH -c {manifest.challenge} -m {manifest.mode} --attempt {manifest.attempt} -n {count} -o {folder}"
        raise UsageError(f"{folder} was graded from a local folder named {origin}, whose place is not recorded; give it again: {again}")
    return request(origin, manifest.challenge, manifest.mode, manifest.attempt, allow_host, ca_file, prices)


def _tell(number: int, count: int, noisy: bool, says: str) -> None:
    kind = "noisy" if noisy else "quiet"
    if sys.stdout.isatty():
        Console().print(f"repeat {number} of {count} ({kind}): {says}", highlight=False)
    else:
        JsonLines().emit("repeated", number=number, of=count, kind=kind, says=says)


def show(found: Repeatability, path: str) -> None:
    """The table for people; elsewhere one line for machines, which find the whole in repeats.json."""
    if not sys.stdout.isatty():
        JsonLines().emit(
            "repeats", repeats=len(found.repeats), over=[check.id for check in found.over], may_leave=found.may_leave, quarantine=found.quarantine,
            scores={name: spread.model_dump() for name, spread in found.scores.items()},
            honesty=found.honesty.model_dump() if found.honesty else None, table=path,
        )  # fmt: skip
        return
    console = Console()
    console.print(_checks(found))
    for line in _summary(found):
        console.print(line, highlight=False)
    if found.quarantine:
        console.print(Text("over the bar; entries for grader/rubric/quarantine.toml:", style="red"))
        console.print(found.quarantine, highlight=False, markup=False, soft_wrap=True)
    console.print(f"table: {path}", soft_wrap=True)


def _checks(found: Repeatability) -> Table:
    """Checks that differ or were not always measured; the others agree and say nothing."""
    columns = ("check", "usual level", "quiet differ", "noisy differ", "unknown quiet/noisy", "")
    table = Table(*columns, title="Checks that differ, or were not always measured", title_justify="left")
    for check in sorted(found.checks, key=lambda c: (-c.differ, -c.unknown, c.id)):
        if check.differ or check.unknown:
            unknown = f"{check.quiet.unknown}/{check.noisy.unknown}"
            table.add_row(check.id, check.usual or "-", _part(check.quiet), _part(check.noisy), unknown, _mark(check))
    return table


def _part(tally: Tally) -> str:
    return f"{tally.differ} of {tally.measured}" if tally.measured else "-"


def _mark(check: CheckRepeats) -> Text:
    held = " (in quarantine)" if check.quarantined else ""
    return Text(f"over the bar{held}", style="red") if check.over else Text(held.strip())


def _summary(found: Repeatability) -> list[str]:
    agree = sum(not check.differ for check in found.checks)
    lines = [f"{len(found.repeats)} repeats of {found.submission.origin} in {found.mode} mode: {agree} of {len(found.checks)} checks never differ"]
    for name, spread in found.scores.items():
        values = f"{spread.low_min:.2f} / {spread.low_median:.2f} / {spread.low_max:.2f}"
        lines.append(f"score, {name} ({spread.repeats}): low min / median / max {values}, range {spread.low_range:.2f} points")
    if (honesty := found.honesty) is not None:
        away = f"; the farthest misses it by {honesty.farthest:.2f}" if honesty.contain < honesty.repeats else ""
        lines.append(f"{honesty.contain} of {honesty.repeats} intervals contain {honesty.median:.2f}, the median of what was fully measured{away}")
    return [*lines, *(f"{id} was within the bar: its quarantine may end" for id in found.may_leave)]
