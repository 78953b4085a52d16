"""Can the repository's alert rules fire at all, and can they be silent? Evaluated in a real Prometheus on the service's own metrics."""

from __future__ import annotations

from grader.checks.analysis.quantiles import out_of_reach
from grader.checks.analysis.rules import stuck
from grader.checks.analysis.rungs import at_least
from grader.checks.analysis.statuses import never_selected
from grader.checks.analysis.watched import elsewhere
from grader.checks.api import Bars, Finding, measure, not_applicable, reached
from grader.schema.evidence import DriftEvidence, MetricsEvidence, PrometheusEvidence, Rule


def check(prometheus: PrometheusEvidence, metrics: MetricsEvidence, drift: DriftEvidence | None, bars: Bars) -> Finding:
    rules = [rule for rule in prometheus.rules if rule.kind == "alerting" and not elsewhere(rule.absent)]
    refused = [file for file in prometheus.files if file.problem]
    if prometheus.stopped:
        return reached("none", f"Prometheus was stopped while it evaluated them: {prometheus.stopped}")
    if not rules and not refused:
        return not_applicable("the repository holds no alert rules on what the service exposes; alerts by webhook are judged by what arrives")
    if not rules:
        return reached("none", f"Prometheus loads none of the rules files: {refused[0].path}: {refused[0].problem}")
    if not prometheus.scraping.scrapes or prometheus.scraping.failed == prometheus.scraping.scrapes:
        return reached("none", f"Prometheus could not scrape the service, so no rule saw a number: {prometheus.scraping.error}")
    always = stuck(prometheus, drift) if drift else set()
    never = {rule.expr: why for rule in rules if (why := out_of_reach(rule.expr, metrics) or never_selected(rule.expr, metrics))}
    dead = [rule for rule in rules if rule.absent or rule.health == "err" or rule.name in always or rule.expr in never]
    share = (len(rules) - len(dead)) / len(rules)
    level = at_least(share, (1.0, "live"), (bars["most"], "most"), (bars["some"], "some"), below="none")
    if level == "live" and refused:
        level = "most"
    alive = measure("rules that can fire", len(rules) - len(dead), "rules", n=len(rules))
    return reached(level, _seen(rules, dead, never, [file.path for file in refused]), alive)


def _seen(rules: list[Rule], dead: list[Rule], never: dict[str, str], refused: list[str]) -> str:
    seen = f"{len(rules) - len(dead)} of {len(rules)} alert rules are evaluated on series that the service exposes"
    for rule in dead[:2]:
        why = f"reads {', '.join(rule.absent[:2])}, which nobody exposes" if rule.absent else f"cannot be evaluated: {rule.error}"
        if not rule.absent and rule.health != "err":
            why = never.get(rule.expr, "fires all the time, also while every request is answered")
        seen += f"; {rule.name} {why}"
    return seen + (f"; not loaded: {', '.join(refused[:2])}" if refused else "")
