"""A part of the modes: only the stimuli that are asked for, as the modes have them. For authors, who need one experiment and not the whole run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from challenges import tomlfile
from grader.schema.causes import UsageError
from grader.schema.challenge import Challenge, DriftKind, LoadWindowPlan, Mode, StressPlan

PART = "part"
"""Name of the mode that `narrow` adds. What it finds is a fact about a check, never somebody's score."""

WARMUP = "warmup"
PARTS = {"capacity": "search_s", "overload": "overload_s", "soak": "soak_s"}
CURVE = "drift:curve"
FEEDBACK = "feedback"


def narrow(challenge: Challenge, mode: str, stages: Sequence[str]) -> Challenge:
    """The challenge with one mode more, PART: what `stages` name. Its digest stays.

    `stages` are words of `Mode.stimuli`, but the generic ones (load, stress, drift, fault). Each kind of stimulus comes from `mode` where that has
    all that is named of it, else from the first mode that does. Raises UsageError for a word that no mode has.
    """
    modes = [challenge.modes[mode], *(other for name, other in challenge.modes.items() if name != mode)]
    known = sorted({word for whole in modes for word in whole.stimuli if ":" in word or word == FEEDBACK})
    for stage in stages:
        if stage not in known:
            raise UsageError(f"{challenge.slug} has no stage {stage!r}; {tomlfile.did_you_mean(stage, known)}")

    def source(kind: str) -> Mode:
        wanted = {stage for stage in stages if stage.partition(":")[0] == kind}
        return next((whole for whole in modes if wanted <= whole.stimuli), modes[0])

    part = Mode(
        title=f"only {', '.join(stages) or 'boot, contract and warm-up'}",
        budget_s=modes[0].budget_s,
        load=list(_windows(source("load").load, stages)),
        stress=_stress(source("stress").stress, stages),
        drift=[_drift(kind, challenge.drift.must_detect.get(kind.kind), stages) for kind in source("drift").drift if f"drift:{kind.kind}" in stages],
        feedback=source(FEEDBACK).feedback if FEEDBACK in stages else None,
        faults=[fault for fault in source("fault").faults if f"fault:{fault}" in stages],
    )
    return challenge.model_copy(update={"modes": {**challenge.modes, PART: part}})


def _windows(plans: Sequence[LoadWindowPlan], stages: Sequence[str]) -> Iterator[LoadWindowPlan]:
    """The named windows, what a gapless one follows, and always the warm-up: the pace of later streams and the log's lines come from it."""
    wanted = {WARMUP, *(plan.name for plan in plans if f"load:{plan.name}" in stages)}
    for before, plan in pairwise(plans):
        if plan.gapless and plan.name in wanted:
            wanted.add(before.name)
    return (plan for plan in plans if plan.name in wanted)


def _stress(plan: StressPlan | None, stages: Sequence[str]) -> StressPlan | None:
    """Overload and soak have rates that follow from the capacity, so they bring its search."""
    named = {part for part in PARTS if f"stress:{part}" in stages}
    if plan is None or not named:
        return None
    return plan.model_copy(update={field: 0.0 for part, field in PARTS.items() if part not in named | {"capacity"}})


def _drift(kind: DriftKind, least: float | None, stages: Sequence[str]) -> DriftKind:
    """Of a power curve only the weakest drift that a sound monitor must notice, unless the curve is wanted."""
    if CURVE in stages or least is None:
        return kind
    return kind.model_copy(update={"severities": [min(severity for severity in kind.severities if severity >= least)]})
