"""The table of monitors: how to make each, and whether it is sound. What each must and must not get is asserted in test_zoo.py."""

from __future__ import annotations

from collections.abc import Callable

from .scripts import Script, all_at_once, always, gauges_raised, once, rotating
from .sound import NULLABLE, NUMERIC, AdwinMonitor, KsMonitor, Monitor, PsiMonitor, Reference
from .unsound import AgainstTheLast, ByTheHour, Flapping, Never, Retold, blames_the_next, names_nothing, only_fires

Make = Callable[[Reference], Monitor]

SOUND: dict[str, Make] = {
    "KS, chi-square, nulls; Bonferroni": KsMonitor,
    "PSI at n = 500, nulls": PsiMonitor,
    "ADWIN, nulls": AdwinMonitor,
}

UNSOUND: dict[str, Make] = {
    "never alerts": lambda _: Never(),
    "uncorrected p < .05": lambda r: KsMonitor(r, alpha=0.05, corrected=False),
    "PSI at n = 100": lambda r: PsiMonitor(r, window=100),
    "flapping": lambda _: Flapping(),
    "by the hour": lambda _: ByTheHour(),
}
"""Earn nothing, or next to nothing."""

HALF: dict[str, Make] = {
    "sound, against the window before": AgainstTheLast,
    "sound, never resolves": lambda r: Retold(KsMonitor(r), only_fires),
    "sound, names no input": lambda r: Retold(KsMonitor(r), names_nothing, gauged=False),
    "sound, blames another input": lambda r: Retold(KsMonitor(r), blames_the_next, gauged=False),
}
"""A sound test behind alerts that cannot be used: what exactly is lost is asserted by check."""


ALWAYS: dict[str, Script] = {
    "always, one input": always(NUMERIC[:1]),
    "always, all": always(NUMERIC),
    "always, unnamed": always(),
}


def clocks() -> dict[str, Script]:
    """Every strategy of guessing that we thought of, over the starts, periods and inputs that pay best. One drawn feature is as good a
    guess as another, so which ones are named makes no difference, only how many."""
    found: dict[str, Script] = {}
    for start in range(3000, 5001, 500):
        for up in (1500, 4000):
            for features in (NULLABLE[:1], NULLABLE[:2], NULLABLE, NUMERIC):
                found[f"{len(features)} input(s) once at {start} for {up}"] = once(features, start, start + up)
    for start, period in ((start, period) for start in (3000, 4500, 5500) for period in (700, 1500, 2000, 2400, 4500)):
        up = period // 4
        found[f"clock of 1 from {start} every {period}"] = rotating(NULLABLE[:1], start, period, up)
        found[f"rotating 3 from {start} every {period}"] = rotating(NULLABLE, start, period, up)
        found[f"all from {start} every {period}"] = all_at_once(start, period, up)
        found[f"unnamed from {start} every {period}"] = rotating(("",), start, period, up)
        found[f"score from {start} every {period}"] = rotating(("score",), start, period, up)
        found[f"staggered 2 from {start} every {period}"] = rotating(NULLABLE[:2], start, period, up, horizon=start + 2 * period)
    for start in (3000, 4500):
        for period, features in ((p, f) for p in (4500, 100_000) for f in (NULLABLE[:1], NULLABLE[:2], NUMERIC)):
            found[f"{len(features)} gauge(s) from {start} every {period}"] = gauges_raised(features, start, period, 2500)
    return found
