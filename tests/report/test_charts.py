"""Layout of pictures: what the judge placed stands where the axis says, labels do not run into each other, kinds are told apart by shape."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judge import made
from test_html import Document

import reports.html
from grader.schema.result import Chart, Dot, Mark, Point, Series, Span, Tick
from reports.charts import lay_out
from reports.charts.axes import across, upwards
from reports.charts.geometry import APART
from reports.charts.labels import LANE, LETTER, in_lanes
from reports.charts.shapes import SHAPES
from reports.words import DOTS

PLACES = re.compile(r"([ML])([\d.]+) ([\d.]+)|l([-\d. ]+)")


def chart(**parts: Any) -> Chart:
    usual = {"id": "x", "title": "A picture", "says": "It says so.", "x_unit": "s", "y_unit": "ms", "series": []}
    return Chart(**{**usual, **parts})


def line(*points: tuple[float, float | None]) -> list[Series]:
    return [Series(name="p95", unit="ms", points=[Point(x=x, y=y) for x, y in points])]


def places(path: str) -> list[tuple[float, float]]:
    """Absolute places of a path of M and relative l."""
    found: list[tuple[float, float]] = []
    for match in PLACES.finditer(path):
        if match[1]:
            found.append((float(match[2]), float(match[3])))
        else:
            numbers = [float(n) for n in match[4].split()]
            for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
                found.append((round(found[-1][0] + dx, 1), round(found[-1][1] + dy, 1)))
    return found


def test_a_line_passes_through_its_points() -> None:
    picture = lay_out(chart(series=line((0, 0), (5, 50), (10, 100))))
    assert places(picture.lines[0].path) == [(picture.left, picture.bottom), ((picture.left + picture.right) / 2, (picture.bottom + picture.top) / 2),
                                             (picture.right, picture.top)]  # fmt: skip


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=300))
def test_relative_steps_end_where_absolute_places_would(values: list[float]) -> None:
    picture = lay_out(chart(series=line(*((i, y) for i, y in enumerate(values)))))
    x = across([float(i) for i in range(len(values))], picture.left, picture.right, 0.0)
    y = upwards(values, picture.bottom, picture.top, "linear")
    wanted = [(x.at(i), y.at(v)) for i, v in enumerate(values)]
    drawn = places(picture.lines[0].path)
    assert (drawn[0], drawn[-1]) == (wanted[0], wanted[-1])
    left_out = [i for i, place in enumerate(wanted) if place not in drawn]
    assert all(wanted[i - 1][1] == wanted[i][1] == wanted[i + 1][1] for i in left_out)


def test_a_gap_ends_a_line_and_a_lonely_point_is_a_dot() -> None:
    drawn = lay_out(chart(series=line((0, 1), (1, 1), (2, None), (3, 1), (4, None), (5, 1), (6, 1)))).lines[0]
    assert drawn.path.count("M") == 3 and len(drawn.dots) == 1


def test_equal_ratios_are_equal_lengths_on_a_logarithmic_axis() -> None:
    axis = upwards([1.1, 900.0], 200.0, 50.0, "log")
    steps = [axis.at(v) for v in (1.0, 10.0, 100.0, 1000.0)]
    assert steps == [200, 150, 100, 50]
    assert [t.label for t in axis.ticks(4)] == ["1", "10", "100", "1000"]
    assert [t.label for t in upwards([3.0, 60.0], 200.0, 50.0, "log").ticks(4)] == ["2", "5", "10", "20", "50", "100"]


def test_nothing_stands_at_the_foot_of_a_logarithmic_axis_which_says_so() -> None:
    axis = upwards([0.0, 21.0, 3000.0], 200.0, 50.0, "log")
    assert axis.at(0.0) == axis.at(20.0) == 200
    assert axis.ticks(4)[0].label == "≤ 20"
    assert upwards([21.0, 3000.0], 200.0, 50.0, "log").ticks(4)[0].label == "20"


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=8), st.sampled_from(["log", "linear"]))
def test_any_value_stands_inside_of_its_axis(values: list[float], scale: str) -> None:
    picture = lay_out(chart(series=line(*((float(i), v) for i, v in enumerate(values))), y_scale=scale))
    assert all(picture.top - 0.1 <= y <= picture.bottom + 0.1 for _, y in places(picture.lines[0].path) + picture.lines[0].dots)
    assert picture.y_ticks and all(picture.top - 0.1 <= t.at <= picture.bottom + 0.1 for t in picture.y_ticks)
    assert len(picture.y_ticks) <= 12


@pytest.mark.parametrize("values", [(4.0, 6.0), (400.0, 600.0)])
def test_a_limit_keeps_off_the_frame_of_a_logarithmic_picture(values: tuple[float, float]) -> None:
    picture = lay_out(chart(series=line(*enumerate(values)), y_scale="log", limit=100.0))
    assert picture.limit_y is not None and picture.top + 5 < picture.limit_y < picture.bottom - 5


def test_given_ticks_stand_at_their_places_without_running_into_each_other() -> None:
    ticks = [Tick(at=at, label=label) for at, label in ((0, "0 %"), (1, "90 %"), (1.02, "91 %"), (2, "99 %"), (9, "beyond"))]
    picture = lay_out(chart(series=line((0, 1), (2, 1)), x_ticks=ticks))
    assert [(t.label, t.at) for t in picture.x_ticks] == [
        ("0 %", picture.left),
        ("90 %", (picture.left + picture.right) / 2),
        ("99 %", picture.right),
    ]


def test_dots_have_a_shape_and_a_word_per_kind_and_room_at_the_sides() -> None:
    kinds = list(Dot.model_fields["kind"].annotation.__args__)  # type: ignore[union-attr]
    assert list(SHAPES) == list(DOTS) == kinds and len(set(SHAPES.values())) == len(kinds)
    picture = lay_out(chart(dots=[Dot(x=i, y=10, low=5, kind=kind, label=kind) for i, kind in enumerate(kinds)]))
    assert picture.kinds == kinds
    assert all(picture.left + 20 < float(spot.path[1:].split()[0]) < picture.right - 20 for spot in picture.spots)
    assert all("V" in spot.stem for spot in picture.spots)
    assert lay_out(chart(dots=[Dot(x=1, y=10, kind="held", label="")])).spots[0].stem == ""


def test_a_written_mark_is_a_label_and_an_event_a_flag() -> None:
    picture = lay_out(chart(series=line((0, 1), (9, 1)), marks=[Mark(x=3, label="published 3/s", kind="capacity", written=True)]))
    assert [label.text for label in picture.labels] == ["published 3/s"] and not picture.alerts
    assert lay_out(chart(marks=[Mark(x=3, label="fired", kind="firing")])).alerts


def test_labels_that_would_meet_move_a_lane_down() -> None:
    labels = in_lanes([(50, "warmup 50/s"), (80, "steady 100/s"), (90, "ramp 20-300/s"), (400, "soak")], 50, 700)
    assert [(label.text, label.lane) for label in labels] == [("warmup 50/s", 0), ("steady 100/s", 1), ("ramp 20-300/s", 2), ("soak", 0)]
    spans = [Span(start=i, end=i + 1, label=f"window {i}", kind="steady") for i in range(10)]
    picture = lay_out(chart(spans=spans))
    assert len(picture.labels) == 10 and picture.top == picture.head + LANE * (1 + max(label.lane for label in picture.labels)) + APART


@given(st.lists(st.tuples(st.floats(40, 760), st.text("ab ", max_size=150)), max_size=30))
def test_no_two_labels_meet_and_none_leaves_the_picture(wanted: list[tuple[float, str]]) -> None:
    labels = in_lanes(wanted, 50, 758)
    for i, one in enumerate(labels):
        assert one.x >= 50 and one.x + LETTER * len(one.text) <= 758.1
        for other in labels[i + 1 :]:
            if one.lane == other.lane:
                assert one.x + LETTER * len(one.text) <= other.x or other.x + LETTER * len(other.text) <= one.x


def test_every_trial_of_a_report_is_drawn_with_a_tooltip_and_explained() -> None:
    page = reports.html.render(made.verdict(made.sound()))
    figure = page[page.index('<figure id="chart-capacity"') :].split("</figure>")[0]
    drawn = [a["class"] for tag, a in Document(figure).tags if tag == "path" and (a.get("class") or "").startswith("dot ")]
    assert sorted(drawn[4:]) == sorted(["dot held"] * 4 + ["dot failed", "dot aborted", "dot void"])
    assert drawn[:4] == ["dot held", "dot failed", "dot aborted", "dot void"]
    assert "1,950/s: did not hold, p99 300 ms, 195 of 3,900 late or lost" in figure and "published 1,805/s" in figure and "logarithmic" in figure


def test_what_a_host_or_a_window_is_called_stays_text() -> None:
    attack = '"><script>alert(1)</script>'
    trials = [made.trial(100.0, None, void=attack), made.trial(50.0)]
    stress = made.stress(made.challenge(), "standard", capacity=made.capacity(trials=trials, void=attack))
    overload = made.window(attack, 500, 5, 90.0, 130.0, void=attack)
    page = reports.html.render(made.verdict(made.changed(made.sound(), stress=stress.model_copy(update={"overload": overload}))))
    assert page.count("&lt;script&gt;alert(1)") >= 5
    assert not any(tag == "script" for tag, _ in Document(page).tags)
