"""Pictures: a chart's data laid out in SVG coordinates. Templates draw what stands here, escaped like everything else."""

from reports.charts.geometry import Picture, lay_out
from reports.charts.shapes import shape
from reports.charts.strip import Strip, strip

__all__ = ["Picture", "Strip", "lay_out", "shape", "strip"]
