"""`python -m tests.monitors --schedules 200 --mode standard`: the table monitor x check, mean credit over drawn schedules."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from statistics import fmean

from . import adapter, tally, zoo
from .tally import Tally

WIDTH = 36


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.monitors", description=__doc__)
    parser.add_argument("--schedules", type=int, default=50, help="schedules to draw per monitor")
    parser.add_argument("--mode", default="standard", choices=sorted(adapter.challenge().spec.modes))
    parser.add_argument("--seed", type=int, default=0, help="seed of the first schedule")
    parser.add_argument("--clocks", type=int, default=8, help="how many of the best guessing strategies to show")
    asked = parser.parse_args()
    seeds = range(asked.seed, asked.seed + asked.schedules)
    checks = list(adapter.drift_checks(asked.mode))
    print(f"{asked.mode}: mean credit in % over {asked.schedules} schedules; `full`: schedules with full marks in all that must be noticed,")
    print("`paid`: schedules with any credit, `mean`, `max`: share of the drift checks' points\n")
    print(f"{'':{WIDTH}}  full  paid  mean   max  {'  '.join(checks)}")
    show("sound", tally.play(asked.mode, seeds, zoo.SOUND), checks)
    show("sound test, unusable alerts", tally.play(asked.mode, seeds, zoo.HALF), checks)
    show("unsound", tally.play(asked.mode, seeds, zoo.UNSOUND), checks)
    show("always on", tally.play_clocks(asked.mode, seeds, zoo.ALWAYS), checks)
    guesses = tally.play_clocks(asked.mode, seeds, zoo.clocks())
    show(f"best {asked.clocks} of {len(guesses)} guessing strategies", tally.best(guesses, asked.clocks), checks)


def show(title: str, tallies: Mapping[str, Tally], checks: list[str]) -> None:
    print(title)
    for name, of in tallies.items():
        cells = "  ".join(f"{percent(of.mean(check)):>{len(check)}}" for check in checks)
        figures = " ".join(f"{percent(value):>5}" for value in (of.full, of.paid, fmean(of.shares), max(of.shares)))
        print(f"  {name:{WIDTH - 2}} {figures}  {cells}")


def percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f}"


if __name__ == "__main__":
    main()
