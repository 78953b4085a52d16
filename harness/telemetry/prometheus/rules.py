"""A candidate's alert rules: found in the repository, read within limits, made ready for a Prometheus that evaluates once a second."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from grader.schema.causes import Trouble
from harness.source import submission
from harness.source.safe_yaml import documents
from harness.source.tree import SourceTree
from harness.source.view import View
from harness.telemetry.prometheus.promql import MAX_EXPR
from harness.text import one_line

INTERVAL = "1s"
MAX_FILES, MAX_GROUPS, MAX_RULES = 10, 40, 200
MAX_VALUE = 1000
"""Characters of one label or annotation."""
_LOOKS_LIKE_RULES = re.compile(r"\bgroups['\"]?\s*:", re.M)
_COSTLY_TEMPLATE = re.compile(r"\{\{-?\s*(?:define|template|block)\b")
"""Templates that call each other can take time and memory without end, and Prometheus sets no limit to that."""
_NEWER = ("query_offset", "labels", "partial_response_strategy")
"""Keys of a group that newer versions (or Thanos) know: an older Prometheus would refuse the file, which is not the candidate's fault."""
_OURS = re.compile(r"ALERTS(?:_FOR_STATE)?|up|scrape_.*")
"""Series that Prometheus writes itself and that we read: no rule may write them."""


@dataclass(frozen=True)
class Rules:
    """One rules file as it will be loaded. `problem` says why it will not be."""

    path: str
    groups: list[dict[str, Any]] = field(default_factory=list)
    problem: str | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def rules(self) -> list[dict[str, Any]]:
        return [rule for group in self.groups for rule in group["rules"]]

    @property
    def text(self) -> str:
        """YAML of Prometheus's own format."""
        return yaml.safe_dump({"groups": self.groups}, sort_keys=False, allow_unicode=True, width=MAX_EXPR)


def find(view: View) -> list[Rules]:
    """The rules files of a repository: the one that submission.toml names, else all that look like some. Never raises."""
    paths, note = _paths(view)
    found: list[Rules] = []
    seen: set[str] = set()
    for number, path in enumerate(paths):
        rules = _read(view, path, f"f{number}", seen)
        if rules is not None:
            found.append(rules)
        if len(found) >= MAX_FILES:
            break
    return [*found, *note]


def _paths(view: View) -> tuple[list[str], list[Rules]]:
    named = _named(view.tree)
    if named is not None and named in view.tree.paths:
        return [named], []
    note = [Rules(one_line(named, 200), problem="submission.toml names this rules file, and the repository does not hold it")] if named else []
    candidates = (path for path in view.paths if path.endswith((".yml", ".yaml", ".rules")))
    return [path for path in candidates if _LOOKS_LIKE_RULES.search(view.text(path) or "")], note


def _named(tree: SourceTree) -> str | None:
    try:
        found = submission.read(tree)
    except Trouble:
        return None  # the source stage's to report
    given = found.given.get("rules_file") if found else None
    return given if isinstance(given, str) else None


def _read(view: View, path: str, prefix: str, seen: set[str]) -> Rules | None:
    """None for YAML that holds no groups of rules."""
    text = view.text(path) or ""
    parsed = documents(text, templates=False)
    if parsed is None:
        parsed = documents(text)
        if parsed is None:
            return Rules(path, problem="no YAML that can be read within the limits")
    notes: list[str] = []
    groups = [group for document in parsed for found in _grouped(document) for group in found if isinstance(group, dict)]
    groups = [group for group in groups if isinstance(group.get("rules"), list) and any(_is_rule(rule) for rule in group["rules"])]
    if not groups:
        return None
    if len(groups) > MAX_GROUPS:
        notes.append(f"only the first {MAX_GROUPS} groups are loaded")
    kept = [_group(group, f"{prefix}-{n}", seen, notes) for n, group in enumerate(groups[:MAX_GROUPS])]
    return Rules(path, [group for group in kept if group["rules"]], None, notes[:20])


def _grouped(document: object) -> Iterator[list[Any]]:
    """Every `groups:` of a document: Prometheus's own file, a Kubernetes PrometheusRule, a ConfigMap that holds files, Helm's serverFiles."""
    if not isinstance(document, dict):
        return
    places = [document, document.get("spec")]
    for name in ("data", "serverFiles"):
        inner = document.get(name)
        if isinstance(inner, dict):
            places += [value for value in inner.values() if isinstance(value, dict)]
            places += [found for value in inner.values() if isinstance(value, str) for found in documents(value, templates=False) or []]
    for place in places:
        if isinstance(place, dict) and isinstance(place.get("groups"), list):
            yield place["groups"]


def _is_rule(rule: object) -> bool:
    return isinstance(rule, dict) and ("alert" in rule or "record" in rule) and "expr" in rule


def _group(group: dict[str, Any], key: str, seen: set[str], notes: list[str]) -> dict[str, Any]:
    """The group with our interval, and a name that no other file's group has. Unknown keys stay, so that Prometheus can refuse them."""
    rules: list[dict[str, Any]] = []
    for rule in group["rules"]:
        if len(seen) >= MAX_RULES:
            notes.append(f"only the first {MAX_RULES} rules are loaded")
            break
        made = _rule(rule, notes)
        mark = repr({key: value for key, value in made.items() if key != "annotations"}) if made is not None else ""
        if made is None or mark in seen:
            continue
        seen.add(mark)
        rules.append(made)
    known = {key: value for key, value in group.items() if key not in _NEWER}
    notes += [f"the group's {key} is not applied" for key in group if key in _NEWER]
    return {**known, "name": f"{key} {one_line(str(group.get('name', '')), 100)}", "interval": INTERVAL, "rules": rules}


def _rule(rule: object, notes: list[str]) -> dict[str, Any] | None:
    """The rule with scalars as the strings that Prometheus would read; None for one that must not be loaded."""
    if not isinstance(rule, dict):
        notes.append("a rule that is no mapping is left out")
        return None
    made: dict[str, Any] = {str(key): _scalar(value) for key, value in rule.items() if key not in ("labels", "annotations")}
    name = one_line(str(made.get("alert", made.get("record", ""))), 100)
    if len(str(made.get("expr", ""))) > MAX_EXPR:
        notes.append(f"{name}: its expression is over {MAX_EXPR} characters")
        return None
    if _OURS.fullmatch(str(made.get("record", ""))):
        notes.append(f"{name}: records a series of Prometheus itself")
        return None
    for part in ("labels", "annotations"):
        given = rule.get(part)
        if not isinstance(given, dict):
            if given is not None:
                made[part] = given
            continue
        made[part] = {str(key): text for key, value in given.items() if (text := _fit(value, f"{name}.{key}", notes)) is not None}
    return made


def _fit(value: object, where: str, notes: list[str]) -> object:
    text = _scalar(value)
    if isinstance(text, str) and _COSTLY_TEMPLATE.search(text):
        notes.append(f"{one_line(where, 100)}: templates that call templates are not evaluated")
        return None
    return text[:MAX_VALUE] if isinstance(text, str) else text


def _scalar(value: object) -> object:
    """YAML's numbers and booleans as the text that Prometheus takes them for."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, (dict, list)) else "" if value is None else str(value)
