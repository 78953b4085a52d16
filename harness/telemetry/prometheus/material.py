"""What of a repository goes to Prometheus: rules, dashboards, and the names under which they expect to find the service."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from harness.source.tree import SourceTree
from harness.source.view import View
from harness.telemetry.prometheus import dashboards, rules
from harness.telemetry.prometheus.promql import selectors

DEPLOYED = ("namespace", "service", "app", "container", "environment", "env", "cluster")
"""Labels that a deployment's service discovery would put on the target."""
_PLAIN = re.compile(r"[A-Za-z0-9][\w.:/-]{0,63}")


@dataclass(frozen=True)
class Material:
    """Copied from the tree before anything is measured; all of it is a stranger's."""

    rules: list[rules.Rules] = field(default_factory=list)
    queries: list[dashboards.Query] = field(default_factory=list)
    job: str = "candidate"
    target_labels: dict[str, str] = field(default_factory=dict)


def gather(tree: SourceTree, default_job: str) -> Material:
    """Rules and dashboards of a repository. Never raises for what the repository holds."""
    view = View(tree)
    found, queries = rules.find(view), dashboards.find(view)
    expressions = [str(rule.get("expr", "")) for file in found for rule in file.rules] + [query.expr for query in queries]
    asked = _asked(expressions)
    labels = {label: value for label in DEPLOYED if (value := _commonest(asked, label))}
    return Material(found, queries, _commonest(asked, "job") or default_job, labels)


def _asked(expressions: list[str]) -> Counter[tuple[str, str]]:
    """How often queries ask for label = value, of values that are plain names."""
    asked: Counter[tuple[str, str]] = Counter()
    for matcher in (m for expr in expressions for selector in selectors(expr) for m in selector.matchers):
        first = matcher.value.split("|")[0] if matcher.op == "=~" else matcher.value
        if matcher.op in ("=", "=~") and _PLAIN.fullmatch(first):
            asked[matcher.label, first] += 1
    return asked


def _commonest(asked: Counter[tuple[str, str]], label: str) -> str | None:
    found = [(count, value) for (name, value), count in asked.items() if name == label]
    return max(found)[1] if found else None
