"""As much of PromQL as must be read without Prometheus: which series an expression selects.

A reader of tokens, not a parser: what Prometheus itself refuses never gets here with consequences.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAX_EXPR = 4096
MAX_SELECTORS = 40

_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
      | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)
      | (?P<duration>\d+(?:ms|[smhdwy])(?:\d+(?:ms|[smhdwy]))*)
      | (?P<number>0x[0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<name>[A-Za-z_:][A-Za-z0-9_:]*)
      | (?P<op>=~|!~|!=|==|<=|>=|.)""",
    re.X | re.S,
)
_KEYWORDS = frozenset({"and", "or", "unless", "bool", "offset", "inf", "nan", "start", "end", "atan2"})
_LABEL_LISTS = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}

Token = tuple[str, str]


@dataclass(frozen=True)
class Matcher:
    """One `label op "value"` in braces. `value` is unquoted."""

    label: str
    op: str
    value: str


@dataclass(frozen=True)
class Selector:
    """One selection of series. `range_s` is the length of its range in brackets, 0 for an instant vector; `metric` may be empty."""

    metric: str
    matchers: tuple[Matcher, ...] = field(default=())
    range_s: float = 0.0

    @property
    def text(self) -> str:
        """The selector as PromQL, without its range."""
        inner = ",".join(f"{m.label}{m.op}{quote(m.value)}" for m in self.matchers)
        return f"{self.metric}{{{inner}}}" if inner else self.metric

    @property
    def demanded(self) -> list[str]:
        """Labels that a series must carry to be selected: those whose matcher an absent label would fail."""
        return [m.label for m in self.matchers if (m.op == "=" and m.value) or (m.op == "=~" and not _matches_nothing(m.value))]


def quote(text: str) -> str:
    """`text` as a string literal of PromQL and of the exposition format."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def seconds(duration: str) -> float:
    """Length of a Prometheus duration such as 1h30m; 0 for what is none."""
    parts = re.findall(r"(\d+)(ms|[smhdwy])", duration)
    return sum(int(number) * _UNIT_S[unit] for number, unit in parts)


def selectors(expr: str) -> list[Selector]:
    """What the expression selects, in order, without repeats; at most 40."""
    tokens = [(str(m.lastgroup), m.group()) for m in _TOKEN.finditer(expr[:MAX_EXPR]) if m.lastgroup != "space"]
    found: list[Selector] = []
    at = 0
    while at < len(tokens) and len(found) < MAX_SELECTORS:
        kind, text = tokens[at]
        following = tokens[at + 1][1] if at + 1 < len(tokens) else ""
        if kind == "name" and text.lower() in _LABEL_LISTS and following == "(":
            at = _after(tokens, at + 1, ")")
        elif kind == "name" and following.lower() in ("by", "without"):  # an aggregation that names its labels first
            at += 1
        elif (kind == "name" and following != "(" and text.lower() not in _KEYWORDS) or text == "{":
            selector, at = _selector(tokens, at)
            found.append(selector)
        elif kind == "name" and text.lower() in _LABEL_LISTS | _KEYWORDS:
            at += 1
        elif text == "[":  # the range of a subquery
            at = _after(tokens, at, "]")
        else:
            at += 1
    return list(dict.fromkeys(found))


def metrics(expr: str) -> list[str]:
    """Metric names that the expression selects, in order, without repeats."""
    return list(dict.fromkeys(selector.metric for selector in selectors(expr) if selector.metric))


def _selector(tokens: list[Token], at: int) -> tuple[Selector, int]:
    """The selector that begins at `at`, and the place after it."""
    metric = tokens[at][1] if tokens[at][0] == "name" else ""
    at += bool(metric)
    matchers: list[Matcher] = []
    if at < len(tokens) and tokens[at][1] == "{":
        stop = _after(tokens, at, "}")
        matchers = _matchers(tokens[at + 1 : stop - 1])
        at = stop
    named = next((m.value for m in matchers if m.label == "__name__" and m.op == "="), "")
    range_s = 0.0
    if at < len(tokens) and tokens[at][1] == "[":
        stop = _after(tokens, at, "]")
        range_s = seconds("".join(text for _, text in tokens[at + 1 : stop - 1]).partition(":")[0])
        at = stop
    return Selector(metric or named, tuple(m for m in matchers if not (m.label == "__name__" and m.value == named)), range_s), at


def _matchers(tokens: list[Token]) -> list[Matcher]:
    triples = zip(tokens, tokens[1:], tokens[2:], strict=False)
    return [
        Matcher(label, op, _unquoted(value))
        for (kind, label), (_, op), (value_kind, value) in triples
        if kind == "name" and op in ("=", "=~", "!=", "!~") and value_kind == "string"
    ]


def _unquoted(literal: str) -> str:
    inner = literal[1:-1]
    return inner if literal[0] == "`" else re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), inner, flags=re.S)


def _matches_nothing(pattern: str) -> bool:
    """Whether a matcher's expression also takes an absent label. What Python cannot read is taken to demand one."""
    try:
        return len(pattern) > 200 or re.fullmatch(pattern, "") is not None
    except (re.error, RecursionError, OverflowError):
        return False


def _after(tokens: list[Token], at: int, closing: str) -> int:
    """The place after the next `closing` token."""
    return next((n + 1 for n in range(at, len(tokens)) if tokens[n][1] == closing), len(tokens))
