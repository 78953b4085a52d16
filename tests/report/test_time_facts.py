"""The equation of the run's cost names every part that the number was made of."""

from __future__ import annotations

import html

import pytest

import reports.html
from grader.schema.result import Result


@pytest.mark.parametrize(("waited", "equation"), [(0.0, "(all − build) / windows"), (60.0, "(all − build − wait) / windows")])  # noqa: RUF001
def test_a_wait_stands_in_the_equation(mixed: Result, waited: float, equation: str) -> None:
    assert mixed.run is not None
    run = mixed.run.model_copy(update={"waited_s": waited})
    page = html.unescape(reports.html.render(mixed.model_copy(update={"run": run})))
    told = f"{(run.wall_s - run.build_s - waited) / run.measured_s:.3g}"
    assert f"{equation} = {told}" in page
    assert ("a wait for another grading" in page) == bool(waited)
