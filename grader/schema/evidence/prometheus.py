"""What a real Prometheus made of a candidate's metrics, alert rules and dashboards while the drift experiment ran.

All times are seconds since the run's start, on the clock of all other evidence.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from grader.schema.base import Model


class RuleFile(Model):
    """One rules file of the repository. `problem` is why Prometheus does not load it (promtool's words), or why it was not tried."""

    path: str
    alerting: int
    recording: int
    problem: str | None
    notes: list[str] = Field(default_factory=list, description="what was changed or left out before it was loaded")


class Rule(Model):
    """One rule as Prometheus loaded it, at the end of the watch."""

    file: str
    group: str
    name: str
    kind: Literal["alerting", "recording"]
    expr: str
    for_s: float
    labels: dict[str, str]
    health: str = Field(description="ok, err or unknown (not evaluated yet)")
    error: str
    selects: list[str] = Field(description="metric names in the expression")
    absent: list[str] = Field(description="`metric` that was neither seen nor declared, or `metric{label}` of which no series carries that label")
    silent: list[str] = Field(description="metrics that were declared, with no series yet")


class AlertStretch(Model):
    """A time during which Prometheus held one alert in one state."""

    name: str
    state: Literal["pending", "firing"]
    labels: dict[str, str]
    start_s: float
    end_s: float


class Replay(Model):
    """Would an alert whose `for` outlasts the drift have fired, had the drift lasted? Its raw series, replayed `stretch` times as slowly."""

    rule: str
    labels: dict[str, str]
    from_s: float
    to_s: float
    stretch: float
    fired: bool
    problem: str | None = None


class Panel(Model):
    """One query of a dashboard's panel, run over the watched time."""

    dashboard: str
    title: str
    expr: str = Field(description="as in the file")
    query: str = Field(description="as it was run, with Grafana's variables filled in")
    series: int
    points: int
    absent: list[str]
    problem: str | None = None


class Scraping(Model):
    """How Prometheus could scrape, once a second."""

    scrapes: int
    failed: int
    error: str = Field(description="what the last failed scrape said")
    median_s: float | None
    max_s: float | None
    samples: int | None = Field(description="samples of the largest scrape")


class PrometheusEvidence(Model):
    """One watch, from before the drift experiment to after it."""

    version: str
    job: str
    target_labels: dict[str, str] = Field(description="labels of a deployment that the candidate's queries ask for, put on the target")
    ready_s: float
    first_scrape_s: float | None = Field(description="from the start to the first scrape that succeeded; None when none did")
    from_s: float
    to_s: float
    scraping: Scraping
    files: list[RuleFile]
    rules: list[Rule]
    alerts: list[AlertStretch]
    replays: list[Replay]
    panels: list[Panel]
    dashboards: list[str] = Field(description="files that hold a dashboard with queries")
    lint: list[str] = Field(description="what `promtool check metrics` says about the last scrape")
    stopped: str | None = Field(default=None, description="why Prometheus was stopped early: rules or metrics that need more than the cap")
