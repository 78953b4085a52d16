"""Helm templates with the values of their chart filled in, as far as these stand in the repository; the rest stays known to be unknown.

No template language: `.Values.a.b` with `default`, `quote`, `toYaml` and `nindent`, the dot inside of `with`, and conditions on one value.
Of several values files the last that says something counts (`resources: {}` of a default says nothing).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import islice
from typing import Any

import yaml

from harness.source.safe_yaml import MAX_BYTES, TEMPLATED, plain_lines
from harness.source.view import View, walk

_VALUE = re.compile(
    r"^(?:\(?\s*+(?:tpl|toYaml|toJson|quote|int|int64|toString|default\s+(\"[^\"]*\"|[\w.]+))\s++)*+"
    r"((?:\$?\.Values)?\.[\w.]*|\$\.Values[\w.]*)\s*+\)?((?:\s*+\|.*)?)$"
)
_PIPE = re.compile(r"^(?:toYaml|toJson|quote|squote|int|int64|toString|trim|nindent\s+\d+|indent\s+\d+|default\s+(\"[^\"]*\"|[\w.]+))$")
_OPENS = re.compile(r"^(if|with|range|define|block)\b\s*(.*)$")
_CONDITION = re.compile(r"^(not\s+)?\(?(\$?\.Values(?:\.\w+)+)\)?$")
_VALUES_FILE = re.compile(r"(?:^|/)(?:values|env|environments|overrides)[^/]*(?:/|\.ya?ml$)")
MAX_ACTION, MAX_VALUE, MAX_NODES = 500, 20_000, 2_000
"""Characters of an action that is looked at, and of what it becomes; and nodes of that: a value may be as large as its file, in every line."""
_UNKNOWN = object()


@dataclass(frozen=True)
class _Block:
    """An open `if`, `with` or the like. `shown`: None where the condition is not known. `dot`: what the dot is in it."""

    shown: bool | None
    dot: Any


def chart_documents(view: View, path: str) -> list[Any] | None:
    """The documents of a template of a chart; None for a file that is none, or that cannot be read with its values."""
    folder = next((part for part in _above(path) if f"{part}/Chart.yaml".lstrip("/") in view.known), None)
    text = view.text(path) or ""
    if folder is None or "/templates/" not in f"/{path}" or "{{" not in text:
        return None
    return view.documents("\n".join(_filled(text, _values(view, folder))))


def _above(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[:length]) for length in range(len(parts) - 1, -1, -1)]


def _values(view: View, folder: str) -> dict[str, Any]:
    """The chart's own values, and what other values files of the repository put over them; put together once per scan."""
    made = view.memo.setdefault("chart_values", {})
    assert isinstance(made, dict)
    if folder not in made:
        made[folder] = _laid_over(view, folder)
    found = made[folder]
    assert isinstance(found, dict)
    return found


def _laid_over(view: View, folder: str) -> dict[str, Any]:
    own = [f"{folder}/values.yaml".lstrip("/"), f"{folder}/values.yml".lstrip("/")]
    other = [path for path in view.yaml if path not in own and "/templates/" not in path and _VALUES_FILE.search(path)]
    values: dict[str, Any] = {}
    for path in [*own, *other]:
        for document in view.yaml.get(path, []):
            values = _over(values, document) if isinstance(document, dict) else values
    return values


def _over(below: Any, above: Any, depth: int = 0) -> Any:
    if isinstance(below, dict) and isinstance(above, dict) and depth < 12:
        return {**below, **{key: _over(below.get(key), value, depth + 1) for key, value in above.items()}}
    return above if above not in (None, "", [], {}, False) or below is None else below


def _filled(text: str, values: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    blocks: list[_Block] = []
    room = MAX_BYTES  # more than that nobody parses
    for line in text.splitlines()[:5000]:
        whole = _whole(line)
        control = whole is not None and _control(whole, blocks, values)
        if control or any(block.shown is False for block in blocks):
            continue
        dot = blocks[-1].dot if blocks else values
        made = [_replaced(line, dot, values)] if whole is None else _own_line(line, whole, dot, values)
        lines += made
        room -= sum(map(len, made))
        if room < 0:
            break
    return plain_lines(lines)


def _whole(line: str) -> str | None:
    """The action that a line is."""
    bare = line.strip()
    return _bare(bare[2:-2]) if len(bare) >= 4 and bare.startswith("{{") and bare.endswith("}}") else None


def _replaced(line: str, dot: Any, values: dict[str, Any]) -> str:
    """A line with each of its actions replaced by what it becomes. Not by a pattern: it would look for each end anew from every beginning."""
    pieces: list[str] = []
    place = 0
    while (start := line.find("{{", place)) >= 0 and (end := line.find("}}", start + 2)) >= 0:
        pieces += [line[place:start], _inline(_bare(line[start + 2 : end]), dot, values)]
        place = end + 2
    return "".join([*pieces, line[place:]])


def _bare(action: str) -> str:
    return action.removeprefix("-").removesuffix("-").strip()


def _control(action: str, blocks: list[_Block], values: dict[str, Any]) -> bool:
    """Whether an action steers; opens and closes blocks."""
    opened = _OPENS.match(action)
    if opened:
        dot = blocks[-1].dot if blocks else values
        shown = _truth(opened[2], values) if opened[1] in ("if", "with") else None
        inner = _UNKNOWN if opened[1] in ("range", "define", "block") else dot
        if opened[1] == "with":
            inner = _look(opened[2].strip("() "), dot, values)
        blocks.append(_Block(False if opened[1] == "define" else shown, inner))
        return True
    if action.startswith("else"):
        if blocks:
            before = blocks.pop()
            condition = _OPENS.match(action[4:].strip())
            shown = False if before.shown else _truth(condition[2], values) if condition else None if before.shown is None else True
            blocks.append(_Block(shown, blocks[-1].dot if blocks else values))
        return True
    if action == "end":
        del blocks[-1:]
        return True
    return action.startswith(("/*", "$")) and not action.startswith("$.Values")


def _truth(condition: str, values: dict[str, Any]) -> bool | None:
    """Of a condition on one value that is set; None for any other."""
    match = _CONDITION.match(condition.strip())
    value = _look(match[2], _UNKNOWN, values) if match else _UNKNOWN
    return None if value is _UNKNOWN or match is None else bool(value) != bool(match[1])


def _own_line(line: str, action: str, dot: Any, values: dict[str, Any]) -> list[str]:
    value = _evaluate(action, dot, values)
    if value is _UNKNOWN:
        return [line]
    column = re.search(r"n?indent\s+(\d+)", action)
    pad = " " * min(int(column[1]), 80) if column else line[: len(line) - len(line.lstrip())]
    if not isinstance(value, (dict, list)):
        return [pad + _scalar(value)]
    return [pad + part for part in yaml.dump(value, Dumper=yaml.CSafeDumper, width=1000, allow_unicode=True)[:MAX_VALUE].splitlines()]


def _inline(action: str, dot: Any, values: dict[str, Any]) -> str:
    value = _evaluate(action, dot, values)
    if value is _UNKNOWN:
        return TEMPLATED
    return json.dumps(value, default=str)[:MAX_VALUE] if isinstance(value, (dict, list)) else _scalar(value)


def _scalar(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _evaluate(action: str, dot: Any, values: dict[str, Any]) -> Any:
    match = _VALUE.match(action) if len(action) <= MAX_ACTION else None
    if match is None:
        return _UNKNOWN
    pipes = [pipe.strip() for pipe in match[3].split("|") if pipe.strip()]
    told = [_PIPE.match(pipe) for pipe in pipes]
    if not all(told):
        return _UNKNOWN
    value = _look(match[2], dot, values)
    default = match[1] or next((pipe[1] for pipe in told if pipe is not None and pipe[1]), None)
    if value in (None, "", 0, False) or value is _UNKNOWN:
        return default.strip('"') if default and not default.startswith(".") else value
    return value if sum(1 for _ in islice(walk(value), MAX_NODES + 1)) <= MAX_NODES else _UNKNOWN


def _look(path: str, dot: Any, values: dict[str, Any]) -> Any:
    """The value at `.Values.a.b`, or below the dot; unknown where nothing sets it."""
    rooted = re.match(r"^\$?\.Values\.?", path)
    found: Any = values if rooted else dot
    for name in [part for part in (path[rooted.end() :] if rooted else path.lstrip(".")).split(".") if part]:
        found = found.get(name, _UNKNOWN) if isinstance(found, dict) else _UNKNOWN
    return found
