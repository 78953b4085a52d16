"""Measures that flatter: taken on rows that the model, or what prepares its input, was fitted on.

A leak is told where the rows, the fit and the measure are all certain. A model that is fitted once more on all rows after it was measured is none,
nor is a measure on the training rows beside one on others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from posixpath import basename

from harness.source.probes.flow import Flow, Measure
from harness.source.probes.gates import gates
from harness.source.probes.imports import graph_of
from harness.source.probes.rows import Fit, Rows
from harness.source.probes.steps import steps_with_training
from harness.source.view import View

_JUDGES = re.compile(r"eval|gate|assess|quality|valid|test|metric", re.I)
MAX_CODE = 400_000
"""Characters of all code that is followed."""


@dataclass(frozen=True)
class Leak:
    """`said`: what was learned or measured on which rows."""

    path: str
    line: int
    said: str


def flattered(view: View) -> Leak | None:
    """A measure on rows that were set aside, of a model that has seen them; or nothing but measures on the rows of the training."""
    flow = _flow(view)
    if flow is None or flow.crossed:
        return None
    for measure in flow.measures:
        fit = next((fit for fit in sorted(measure.learned, key=lambda fit: (fit.prepares, fit.order)) if _gave_away(flow, measure, fit)), None)
        if fit is not None:
            what = "what prepares the input" if fit.prepares else "the model"
            where = f"line {measure.line} of {measure.path}"
            return Leak(fit.path, fit.line, f"{what} is fitted on all rows here, and {where} measures it on a part of them")
    runs = {measure.run for measure in flow.measures}
    for measure in flow.measures if len(runs) == 1 else []:
        if all(_is_on_its_own(flow, other) for other in flow.measures):
            return Leak(measure.path, measure.line, "every metric of the training is taken on the rows that it was fitted on")
    return None


def blind(view: View) -> Leak | None:
    """A step that judges the model that another one made, by nothing but rows which that one fitted it on."""
    flow = _flow(view)
    if flow is None or flow.crossed:
        return None
    models = [fit for fit in flow.fits if not fit.prepares and not any(seen.opposite in fit.rows for seen in fit.rows)]
    for run in sorted({measure.run for measure in flow.measures}):
        measures = [measure for measure in flow.measures if measure.run == run]
        judges = bool(_JUDGES.search(basename(run))) or any(gate.path == run for gate in gates(view))
        if judges and all(not measure.learned and _was_fitted(measure.rows, models) for measure in measures):
            fit = next(fit for fit in models if _was_fitted(measures[0].rows, [fit]))
            where = f"line {fit.line} of {fit.path}"
            return Leak(run, measures[0].at, f"the model is judged by rows that {where} fits it on")
    return None


def _flow(view: View) -> Flow | None:
    """Of the training and the steps beside it, followed once per scan; None where there is too much to follow."""
    if "flow" not in view.memo:
        graph = graph_of(view)
        entries = {*graph.training_entries, *steps_with_training(view)} if graph.training_entries else set()
        files = graph.reach(sorted(entries)) & set(view.python)
        small = sum(len(view.text(path) or "") for path in files) <= MAX_CODE
        view.memo["flow"] = _followed(view, files, entries) if small else None
    found = view.memo["flow"]
    assert found is None or isinstance(found, Flow)
    return found


def _followed(view: View, files: set[str], entries: set[str]) -> Flow | None:
    try:
        return Flow(view, files, entries)
    except RecursionError:  # expressions nest as deep as their author likes
        return None


def _gave_away(flow: Flow, measure: Measure, fit: Fit) -> bool:
    """Whether a fit saw the rows that a measure was to keep from it, and was not made after they had been measured soundly."""
    rows = measure.rows
    if rows is None or rows.parent is None or not _is_set_aside(flow, rows) or not fit.saw(rows):
        return False
    if any(above.by_split for above in rows.above()):
        return False  # folds inside of the training part: there is a holdout beside them
    return not any(other.rows == rows and other.order < fit.order and other.learned for other in flow.measures)


def _is_set_aside(flow: Flow, rows: Rows) -> bool:
    """A part that a split made, or a side of a condition the other side of which is used as well."""
    return rows.by_split or rows.opposite in flow.made


def _is_on_its_own(flow: Flow, measure: Measure) -> bool:
    """A measure on the very part that its model was fitted on, of a split whose other part is known."""
    rows, models = measure.rows, [fit for fit in measure.learned if not fit.prepares]
    return rows is not None and rows.parent is not None and _is_set_aside(flow, rows) and bool(models) and all(fit.rows == {rows} for fit in models)


def _was_fitted(rows: Rows | None, models: list[Fit]) -> bool:
    """Whether the rows are those of a fit, or a table that holds them."""
    return rows is not None and any(rows == seen or rows in seen.above() for fit in models for seen in fit.rows)

