"""Do the panels of the shipped dashboard show anything? Every query is run against a real Prometheus that scraped the service."""

from __future__ import annotations

from grader.checks.analysis.rungs import at_least
from grader.checks.analysis.watched import elsewhere
from grader.checks.api import Bars, Finding, measure, reached, unmeasured
from grader.schema.evidence import Panel, PrometheusEvidence


def check(prometheus: PrometheusEvidence, bars: Bars) -> Finding:
    if not prometheus.panels:
        return reached("missing", "no dashboard with queries in the repository")
    panels = [panel for panel in prometheus.panels if not elsewhere(panel.absent) and not _unfilled(panel)]
    if not panels:
        return unmeasured("every query is about other programs, or has variables that only a running Grafana can fill in")
    full = [panel for panel in panels if panel.points and not panel.problem]  # a series of NaN shows nothing
    quiet = [panel for panel in panels if not panel.points and not panel.absent and not panel.problem] if full else []
    empty = [panel for panel in panels if panel not in full and panel not in quiet]
    share = (len(full) + len(quiet)) / len(panels)
    seen = f"{len(full)} of {len(panels)} queries of {', '.join(prometheus.dashboards[:2])} return data"
    seen += f", {len(quiet)} wait for an event that did not come" if quiet else ""
    for panel in empty[:2]:
        why = panel.problem or (f"nobody exposes {', '.join(panel.absent[:2])}" if panel.absent else "nothing came back")
        seen += f"; {panel.title or panel.expr}: {why}"
    level = at_least(share, (bars["full"], "full"), (bars["most"], "most"), (bars["some"], "some"), below="empty")
    return reached(level, seen, measure("queries with data", len(full), "queries", n=len(panels)))


def _unfilled(panel: Panel) -> bool:
    """A query that Prometheus refuses since a variable of Grafana's, which we could not fill in, is still in it."""
    return panel.problem is not None and "$" in panel.query
