"""Do the panels of the shipped dashboard show anything? Every query is run against a real Prometheus that scraped the service."""

from __future__ import annotations

from grader.checks.analysis.rungs import at_least
from grader.checks.api import Bars, Finding, measure, reached
from grader.schema.evidence import PrometheusEvidence


def check(prometheus: PrometheusEvidence, bars: Bars) -> Finding:
    panels = prometheus.panels
    if not panels:
        return reached("missing", "no dashboard with queries in the repository")
    full = [panel for panel in panels if panel.series and not panel.problem]
    empty = [panel for panel in panels if panel not in full]
    share = len(full) / len(panels)
    seen = f"{len(full)} of {len(panels)} queries of {', '.join(prometheus.dashboards[:2])} return data"
    for panel in empty[:2]:
        why = panel.problem or (f"nobody exposes {', '.join(panel.absent[:2])}" if panel.absent else "nothing came back")
        seen += f"; {panel.title or panel.expr}: {why}"
    level = at_least(share, (bars["full"], "full"), (bars["most"], "most"), (bars["some"], "some"), below="empty")
    return reached(level, seen, measure("queries with data", len(full), "queries", n=len(panels)))
