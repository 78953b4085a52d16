"""A fault strip laid out: one bar per slice of time, as high as the share of good answers."""

from __future__ import annotations

from dataclasses import dataclass

from grader.schema.result import FaultStrip

PX_PER_S, HEIGHT, AXIS = 44, 30, 14
COLUMN_PX, PAGE_PX = 416, 1000
"""A strip wider than its column takes the whole width of the page; one that is too long for that has a scale of its own."""
LABEL_PX = 36
LONGEST_S = 120.0
"""A strip is cut here: wider ones cannot be read."""


@dataclass(frozen=True)
class Strip:
    """A fault strip ready to be drawn. Strips share one scale of time, as far as the page is wide.

    `bars`: class -> one path of upright strokes, `bar` wide. `long`: wider than the column beside the words.
    """

    strip: FaultStrip
    bars: dict[str, str]
    bar: float
    width: float
    height: int
    total: int
    seconds: list[tuple[float, int]]
    long: bool
    fault_x: float | None
    fault_width: float


def strip(data: FaultStrip) -> Strip:
    """Lay a fault strip out; one bar per cell."""
    bin_s = data.bin_s if 1e-3 <= data.bin_s <= LONGEST_S else 1.0
    cells = data.cells[: int(LONGEST_S / bin_s)]
    length_s = len(cells) * bin_s
    scale = min(PX_PER_S, PAGE_PX / max(length_s, 1.0))
    step = next((s for s in (2, 5, 10, 20) if s * scale >= LABEL_PX), 30)
    start = None if data.inject_s is None else _px(data.inject_s, length_s, scale)
    end = start if start is None or data.undo_s is None else _px(data.undo_s, length_s, scale)
    return Strip(
        strip=data,
        bars=_bars(cells, bin_s * scale),
        bar=max(0.5, round(bin_s * scale - 1, 2)),
        width=max(1.0, round(length_s * scale, 1)),
        height=HEIGHT,
        total=HEIGHT + AXIS,
        seconds=[(round(s * scale, 1), s) for s in range(0, int(length_s) + 1, step)],
        long=length_s * scale > COLUMN_PX,
        fault_x=start,
        fault_width=max(2.0, round((end or 0) - (start or 0), 1)),
    )


def _px(seconds: float, length_s: float, scale: float) -> float:
    return round(max(0.0, min(seconds, length_s)) * scale, 1)


def _bars(cells: list[float | None], width: float) -> dict[str, str]:
    """Height tells the share, so that the strip reads without colour too."""
    paths = {"good": "", "part": "", "bad": ""}
    for i, share in enumerate(cells):
        if share is not None:
            height = max(2.0, max(0.0, min(1.0, share)) * HEIGHT)
            kind = "good" if share >= 0.99 else "part" if share >= 0.5 else "bad"
            paths[kind] += f"M{(i + 0.5) * width:.5g} {HEIGHT}v-{height:.3g}"
    return {kind: path for kind, path in paths.items() if path}
