"""`grader challenge validate SLUG`: a line per case as it ends, then scores, kill matrix and what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

import challenges.loader
import grader.rubric
from challenges.loader import LoadedChallenge
from challenges.promises import BRIEF, FILE, lint, promises, scored
from grader.cli import options
from grader.run.exits import Exit
from grader.run.settings import settings
from grader.schema.validation import Missing, MutantVerdict, ReferenceScore, Validation
from grader.validation import cache
from grader.validation.run import Ran
from grader.validation.validate import Wanted
from grader.validation.validate import validate as run

KILL_SHARE, COST_BP = 0.95, 1_500


def command(
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="see `grader challenge list`", show_default=False)],
    only: Annotated[list[str] | None, typer.Option("--only", metavar="ID", help="only this submission or mutant (repeatable)")] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, max=8, help="runs at a time; builds overlap, measuring waits for its slot")] = 1,
    full: Annotated[bool, typer.Option("--full", help="every stage of the widest mode for every case")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="run again what the cache holds")] = False,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="where validation.json and kill-matrix.md go")] = Path("out/validation"),
) -> None:
    """Grade the grader: oracle, alternates, nulls and mutants through the real pipeline. Exit code 1 when a bar is missed."""
    challenge = challenges.loader.load(slug, settings().challenges_root)
    options.writable(out)
    console = Console()
    wanted = Wanted(challenge, cache.root(), only or (), jobs, full, fresh, unmet_promises(challenge))
    found = run(wanted, lambda ran, verdict: ended(console, ran, verdict))
    show(console, found)
    for path in write(found, out):
        print(path)
    raise typer.Exit(Exit.OK if sound(found) else Exit.GATE_FAILED)


def unmet_promises(challenge: LoadedChallenge) -> list[str]:
    """What of the brief is not measured, and what is measured without having been asked for, in sentences."""
    if not (challenge.folder / FILE).is_file():
        return [f"the challenge has no {FILE}"]
    rubric = grader.rubric.load()
    known = {id for area in rubric.areas.values() for id in area.checks}
    brief = (challenge.folder / BRIEF).read_text("utf-8")
    return lint(brief, promises(challenge.folder), known, scored(rubric, challenge.spec.scoring)).lines


def ended(console: Console, ran: Ran, verdict: MutantVerdict | ReferenceScore | None) -> None:
    """One line for a case, and one for everything about it that is not as it should be."""
    took = "cached" if ran.cached else f"{ran.seconds:.0f} s"
    match verdict:
        case MutantVerdict():
            mark = "open" if verdict.trouble else "killed" if verdict.killed else "SURVIVED"
            cost = f", costs {max(verdict.cost_bp.values()) / 100:.1f}" if verdict.cost_bp else ""
            console.print(f"{mark:9}{verdict.id}  ({took}{cost})", highlight=False)
            for line in complaints(verdict):
                console.print(f"         {line}", highlight=False, soft_wrap=True, markup=False)
        case ReferenceScore():
            mark = "ok" if verdict.met else "MISSED"
            interval = f"{verdict.low / 100:.1f} to {verdict.high / 100:.1f}"
            console.print(f"{mark:9}{verdict.id} {verdict.mode}: {interval} (bar: {verdict.bar}; {took})", highlight=False)
            for id, observed in list(verdict.lost.items()) if verdict.kind in ("oracle", "alternate") else []:
                console.print(f"         {id}: {observed}", highlight=False, soft_wrap=True, markup=False)
        case None:
            console.print(f"{'open':9}{ran.case.id}", highlight=False)
    if ran.trouble and not isinstance(verdict, MutantVerdict):
        console.print(f"         {ran.trouble}", highlight=False, soft_wrap=True, markup=False)


def complaints(verdict: MutantVerdict) -> Iterator[str]:
    """What is not as it should be about a mutant's run."""
    if verdict.trouble:
        yield verdict.trouble
    for id in verdict.missed:
        yield f"missed: {id}"
    for id, why in verdict.unmeasured.items():
        yield f"not measured: {id}: {why}"
    if verdict.gate_missed:
        yield f"gate {verdict.gate_missed} held"
    for id, observed in verdict.collateral.items():
        yield f"collateral: {id}: {observed}"


def show(console: Console, validation: Validation) -> None:
    """The summary on a terminal."""
    console.print(_scores(validation))
    console.print(_areas(validation))
    killed, whole = sum(m.killed for m in validation.mutants), len(validation.mutants)
    collateral = sum(bool(m.collateral) for m in validation.mutants)
    dear = [m for m in validation.mutants if not m.gates_failed and max(m.cost_bp.values(), default=0) > COST_BP]
    most = f"{len(dear)} dearer than {COST_BP / 100:g} points"
    console.print(Text(f"{killed} of {whole} mutants killed, {collateral} with collateral flips, {most}", style="bold"))
    for line in _lacks(validation.missing):
        console.print(Text(f"missing: {line}", style="yellow"), soft_wrap=True)


def sound(validation: Validation) -> bool:
    """Does everything that was run meet its bar? What is missing is shown and does not make a run of a part fail."""
    dear = any(not m.gates_failed and max(m.cost_bp.values(), default=0) > COST_BP for m in validation.mutants)
    killed = not validation.mutants or validation.kill_share >= KILL_SHARE
    return killed and not dear and all(m.clean for m in validation.mutants) and all(r.met for r in validation.references)


def _scores(validation: Validation) -> Table:
    table = Table("reference", "mode", "low", "high", "bar", "met", "gates failed", title="references", title_justify="left")
    for r in validation.references:
        table.add_row(r.id, r.mode, f"{r.low / 100:.1f}", f"{r.high / 100:.1f}", r.bar, "yes" if r.met else "NO", ", ".join(r.gates_failed))
    return table


def _areas(validation: Validation) -> Table:
    table = Table("area", "mutants", "killed", "collateral", "open", title="mutants by area", title_justify="left")
    for area in sorted({m.area for m in validation.mutants}):
        own = [m for m in validation.mutants if m.area == area]
        counts = (len(own), sum(m.killed for m in own), sum(bool(m.collateral) for m in own), sum(bool(m.trouble) for m in own))
        table.add_row(area, *map(str, counts))
    return table


def _lacks(missing: Missing) -> Iterator[str]:
    if missing.checks_without_mutant:
        yield f"no mutant flips {', '.join(missing.checks_without_mutant)}"
    yield from (f"only {n} mutants in {area}" for area, n in missing.areas_short_of_mutants.items())
    yield from missing.references
    yield from missing.promises


def matrix(validation: Validation) -> str:
    """The kill matrix as a Markdown table, a row per mutant: what noticed, what followed, what did not."""
    columns = "| mutant | the defect | noticed by | followed | not as it should be | costs at most |"
    head = [f"# Kill matrix of {validation.challenge}", "", columns, "|---|---|---|---|---|---|"]
    rows = [
        f"| {m.id} | {_cell(m.title)} | {', '.join(id for id in m.flips if id not in m.missed and id not in m.unmeasured)} | {', '.join(m.also)} "
        f"| {_cell('; '.join(complaints(m)))} | {max(m.cost_bp.values(), default=0) / 100:.1f} |"
        for m in validation.mutants
    ]
    return "\n".join([*head, *rows, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def write(validation: Validation, out: Path) -> list[Path]:
    """validation.json and kill-matrix.md in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    files = {out / "validation.json": validation.model_dump_json(indent=1) + "\n", out / "kill-matrix.md": matrix(validation)}
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    return list(files)
