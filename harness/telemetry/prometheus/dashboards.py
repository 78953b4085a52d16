"""A candidate's Grafana dashboards: the queries of their panels, with Grafana's variables filled in as PromQL can be run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.source.view import View
from harness.telemetry.prometheus.promql import MAX_EXPR, seconds
from harness.text import one_line

MAX_DASHBOARDS, MAX_QUERIES, MAX_DEPTH, MAX_NODES = 12, 120, 12, 4000
MAX_VARIABLES = 40
_LOOKS_LIKE_DASHBOARD = re.compile(r"\"(?:panels|rows)\"\s*:", re.M)
_FOREIGN = re.compile(r"^(?!prometheus$|mixed$|datasource$)[a-z][\w-]*$", re.I)
"""Type of a data source that is certainly another product's: its queries are no PromQL."""
_VARIABLE = re.compile(r"\$\{(\w+)(?::[^}]*)?\}|\$(\w+)|\[\[(\w+)(?::[^\]]*)?\]\]")
_MATCHER = re.compile(r"([\w.]+)\s*(=~|!~|!=|=)\s*(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')")
_ALL = ("$__all", "All", "")
RATE_INTERVAL, INTERVAL_S = "15s", 5


@dataclass(frozen=True)
class Query:
    """One query of a panel. `expr` is as in the file; `filled` is made per watch, since some variables are its length."""

    dashboard: str
    title: str
    expr: str
    variables: Mapping[str, str | None]

    def filled(self, range_s: float) -> str:
        """The query with every variable replaced: a known value, and for an unknown one a matcher that takes any."""
        values = dict(self.variables) | _built_in(range_s)

        def any_value(matcher: re.Match[str]) -> str:
            """A matcher on a value that only a running Grafana could choose selects every series."""
            unknown = any(values.get(_name(found)) is None for found in _VARIABLE.finditer(matcher[3]))
            return f'{matcher[1]}=~".*"' if unknown else matcher[0]

        matched = _MATCHER.sub(any_value, self.expr)
        return _VARIABLE.sub(lambda found: values.get(_name(found)) or found[0], matched)


def find(view: View) -> list[Query]:
    """The queries of every dashboard in the repository, in the files' order. Never raises."""
    found: list[Query] = []
    shown: set[str] = set()
    for path, document in _documents(view):
        for query in _queries(one_line(path, 200), document):
            shown.add(path)
            found.append(query)
            if len(found) >= MAX_QUERIES:
                return found
        if len(shown) >= MAX_DASHBOARDS:
            break
    return found


def _documents(view: View) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, dashboard) of JSON files, and of JSON inside of ConfigMaps and Grafana's own Kubernetes objects."""
    for path, document in view.json.items():
        yield from ((path, dashboard) for dashboard in _unwrapped(document))
    for path, documents in view.yaml.items():
        for text in (text for document in documents for text in _embedded(document)):
            try:
                yield from ((path, dashboard) for dashboard in _unwrapped(json.loads(text)))
            except (ValueError, RecursionError):
                continue


def _embedded(document: object) -> Iterator[str]:
    places = [document.get("data"), document.get("spec")] if isinstance(document, dict) else []
    for value in (value for place in places if isinstance(place, dict) for value in place.values()):
        if isinstance(value, str) and _LOOKS_LIKE_DASHBOARD.search(value):
            yield value


def _unwrapped(document: object) -> Iterator[dict[str, Any]]:
    """The dashboard itself, or the one that Grafana's API wraps in `dashboard`."""
    if not isinstance(document, dict):
        return
    for place in (document, document.get("dashboard"), document.get("spec")):
        if isinstance(place, dict) and (isinstance(place.get("panels"), list) or isinstance(place.get("rows"), list)):
            yield place


def _queries(path: str, dashboard: dict[str, Any]) -> Iterator[Query]:
    variables = _variables(dashboard)
    for panel in _panels(dashboard):
        targets = panel.get("targets")
        for target in targets if isinstance(targets, list) else []:
            if isinstance(target, dict) and not _is_foreign(target) and not (_is_foreign(panel) and "datasource" not in target):
                expr = target.get("expr")
                if isinstance(expr, str) and expr.strip() and not target.get("hide"):
                    yield Query(path, one_line(str(panel.get("title", "")), 120), expr.strip()[:MAX_EXPR], variables)


def _panels(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every panel, those inside of rows (new and old style) too, breadth first and bounded."""
    queue: list[tuple[object, int]] = [(dashboard, 0)]
    for number, (place, depth) in enumerate(queue):
        if number >= MAX_NODES or not isinstance(place, dict) or depth > MAX_DEPTH:
            continue
        if depth:
            yield place
        for name in ("panels", "rows"):
            inner = place.get(name)
            queue += [(item, depth + 1) for item in inner[:500]] if isinstance(inner, list) else []


def _is_foreign(place: dict[str, Any]) -> bool:
    source = place.get("datasource")
    kind = source.get("type") if isinstance(source, dict) else None
    return isinstance(kind, str) and bool(_FOREIGN.match(kind))


def _variables(dashboard: dict[str, Any]) -> dict[str, str | None]:
    """name -> value; None where only a running Grafana would know one."""
    templating = dashboard.get("templating")
    listed = templating.get("list") if isinstance(templating, dict) else None
    entries = [entry for entry in listed[:MAX_VARIABLES] if isinstance(entry, dict)] if isinstance(listed, list) else []
    return {str(entry.get("name")): _value(entry) for entry in entries}


def _value(entry: dict[str, Any]) -> str | None:
    kind, query = entry.get("type"), entry.get("query")
    current = entry.get("current")
    chosen = current.get("value") if isinstance(current, dict) else None
    chosen = chosen[0] if isinstance(chosen, list) and chosen else chosen
    options = [part.strip().partition(" : ")[2] or part.strip() for part in query.split(",")] if isinstance(query, str) else []
    if kind == "interval":
        lengths = [text for text in [str(chosen), *options] if seconds(text)]
        return lengths[0] if lengths else RATE_INTERVAL
    if kind in ("custom", "constant", "textbox"):
        known = [text for text in [chosen, *options] if isinstance(text, str) and text not in _ALL]
        return one_line(known[0], 200) if known and chosen != "$__all" else None
    return None  # a query's values, ad-hoc filters: what Grafana would fetch; a data source: never inside of a query


def _built_in(range_s: float) -> dict[str, str]:
    whole = max(1, round(range_s))
    return {
        "__rate_interval": RATE_INTERVAL, "__interval": f"{INTERVAL_S}s", "__interval_ms": str(INTERVAL_S * 1000), "__range": f"{whole}s",
        "__range_s": str(whole), "__range_ms": str(whole * 1000), "__auto_interval_interval": RATE_INTERVAL, "interval": RATE_INTERVAL,
    }  # fmt: skip


def _name(found: re.Match[str]) -> str:
    return found[1] or found[2] or found[3]
