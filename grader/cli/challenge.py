"""`grader challenge list|show|export|new|validate|golden|trust`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

import challenges.loader
import challenges.scaffold
from grader.cli import golden, trust, validate
from grader.run.settings import settings

app = typer.Typer(no_args_is_help=True, help="What is asked of candidates.")
app.command("golden")(golden.command)
app.command("validate")(validate.command)
app.command("trust")(trust.command)

Slug = Annotated[str, typer.Argument(metavar="SLUG", help="see `grader challenge list`", show_default=False)]


@app.command("list")
def list_() -> None:
    """List the challenges."""
    table = Table("slug", "title", "hours", "modes")
    root = settings().challenges_root
    for slug in challenges.loader.available(root):
        spec = challenges.loader.load(slug, root).spec
        table.add_row(slug, spec.title, spec.hours, ", ".join(spec.modes))
    Console().print(table)


@app.command()
def show(slug: Slug) -> None:
    """Show a challenge's production reality, limits, modes and points."""
    spec = challenges.loader.load(slug, settings().challenges_root).spec
    console = Console()
    console.print(f"[bold]{spec.title}[/bold] {spec.version}  ({slug}, {spec.hours} hours)\n{spec.summary}")
    for title, model in (("production reality", spec.reality), ("limits", spec.limits)):
        table = Table(title, "")
        for name, value in model.model_dump().items():
            table.add_row(name, str(value))
        console.print(table)
    points = {**spec.scoring.core, f"best of {', '.join(spec.scoring.modules)}": spec.scoring.module_points}
    console.print("points: " + "; ".join(f"{area} {value}" for area, value in points.items()))
    for name, mode in spec.modes.items():
        console.print(f"mode {name}: drift {', '.join(d.kind for d in mode.drift)}; faults {', '.join(mode.faults)}")


@app.command()
def export(slug: Slug, dest: Annotated[Path, typer.Argument(metavar="DIR", help="folder to make", show_default=False)]) -> None:
    """Write what a candidate gets: brief, contract, starter, training data. Hidden data, faults and submissions never leave."""
    challenges.loader.export(challenges.loader.load(slug, settings().challenges_root), dest)
    print(dest)


@app.command()
def new(
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="name of the new challenge, e.g. parcel-weights", show_default=False)],
    source: Annotated[str, typer.Option("--from", metavar="SLUG", help="challenge to start from")] = "fraud-scoring",
    root: Annotated[Path | None, typer.Option("--root", metavar="DIR", help="folder of challenges to put it in", show_default=False)] = None,
) -> None:
    """Start a challenge of your own: a copy that works, and what to change in it, in which order."""
    own = settings().challenges_root
    folder = challenges.scaffold.new(slug, source, [*([root] if root else []), own, challenges.loader.ROOT], root or own)
    print("\n".join(challenges.scaffold.advice(folder)))
