"""Log lines that speak of something wrong: how many there are, and how many of them say why. Counts; nothing printed is a verdict."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from grader.schema.evidence import ErrorLines
from harness.strict_json import strict_json

MAX_JSON_LINE = 16 << 10
MAX_LINES = 50_000

LEVEL_KEYS = ("level", "severity", "levelname", "log_level", "loglevel", "lvl", "log.level", "@level", "severity_text")
STATUS_KEYS = ("status", "status_code", "code", "http_status", "response_code", "http.status_code", "http.response.status_code")
MESSAGE_KEYS = ("message", "msg", "event", "text", "body")
WRONG = re.compile(r"^(?:warn|err|crit|fatal|alert|emerg|panic|severe)", re.I)
LOWEST_NUMBER = 40
"""`warn` of pino and bunyan, ERROR of Python: below it the libraries disagree."""

CAUSE_KEY = re.compile(r"error|\berr\b|exception|(?:^|[_.])exc(?:$|[_.])|reason|cause|detail|trace|stack|why|problem|violation", re.I)
NOT_CAUSE_KEY = re.compile(r"trace_?id|traceparent|error_?(?:count|rate|total)|span", re.I)
DEGRADED_KEY = re.compile(r"^degraded$|^fallback$", re.I)
"""A line that says so of an answer speaks of a failing dependency, at whatever level it was written."""

HEAD = re.compile(rb"^\W*(?:[\d:T.,/Z+\-\s]*\W*)?(?:\[?\s*)(?:warn(?:ing)?|error|critical|fatal|exception)\b", re.I)
TRACE = re.compile(rb"^\s*Traceback \(most recent call last\)|^Exception in thread|^goroutine \d+ \[|^panic: ")
TRACE_GOES_ON = re.compile(
    rb"^(?:\s+|[\w.]+(?:Error|Exception|Warning|Timeout|Interrupt|Exit|Group)\b|The above exception|During handling|Caused by)"
)
LOGGER = re.compile(r"\b[a-z_]\w*(?:\.[a-z_]\w*){1,8}(?=[\s:\]\)\-|]|$)|(?<=:)[a-z_][\w.]*(?=:)")
"""Who wrote a line (`fraud.app`, the middle of `WARNING:fraud:request failed`) is not why. A dotted name that ends in a class is one."""
STATUS_LINE = re.compile(
    r"^\s*(?:\d{3}\W*)?(?:bad request|unprocessable (?:entity|content)|internal server error|service unavailable|not found|error|failed)\W*$", re.I
)
EMPTY: tuple[object, ...] = (None, "", False, 0, [], {})
WORDS = re.compile(r"[A-Za-z]{2,}")
BARE = re.compile(
    r"(?:"
    r"get|post|put|delete|head|options|http|https|request|requests|response|failed|failure|error|errors|exception|warning|warn|"
    r"status|code|bad|unprocessable|entity|content|not|found|internal|server|service|unavailable|too|large|many|gateway|timeout|"
    r"method|allowed|unsupported|media|type|conflict|gone|predict|prediction|api|the|an|on|of|for|with|in|at|and|to|occurred|while|"
    r"handling|processing|was|something|went|wrong|unknown|invalid|host|info|degraded|answer|client|path|breaker|opened|open|closed|"
    r"circuit"
    r")$"
)
"""Words of a status line and of messages that only say that something went wrong."""
FEWEST_WORDS = 2
LONGEST_MESSAGE = 2000
"""Characters that are looked at: the patterns take the square of a word's length, and a service may print whatever it likes."""


def count(lines: Sequence[bytes], wrong_requests: int) -> ErrorLines:
    """Counts over the lines of one stretch."""
    explained = bare = prose = 0
    for document, text in _entries(lines[-MAX_LINES:]):
        if document is not None and _speaks_of_wrong(document):
            explained, bare = (explained + 1, bare) if _has_cause(document) else (explained, bare + 1)
        elif text and (TRACE.search(text) or HEAD.search(text)):
            why = bool(TRACE.search(text)) or _says_why(text.decode("utf-8", "replace"))
            prose, bare = (prose + 1, bare) if why else (prose, bare + 1)
    return ErrorLines(wrong_requests=wrong_requests, explained=explained, bare=bare, prose=prose)


def documents(lines: Sequence[bytes]) -> tuple[list[dict[str, object]], int]:
    """The lines that are JSON objects, and how many lines belong to stack traces, which tear a log of JSON lines apart."""
    marked = list(_with_traces(lines))
    found = (document(line) for inside, line in marked if not inside)
    return [line for line in found if line is not None], sum(inside for inside, _ in marked)


def has_level(line: Mapping[str, object]) -> bool:
    return any(key.lower() in LEVEL_KEYS and value not in EMPTY for key, value in line.items())


def document(line: bytes) -> dict[str, object] | None:
    """A line that is one JSON object, else None."""
    if len(line) > MAX_JSON_LINE or not line.lstrip().startswith(b"{"):
        return None
    try:
        value = strict_json(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _entries(lines: Sequence[bytes]) -> Iterator[tuple[dict[str, object] | None, bytes]]:
    """Each JSON line, each plain line, and of a stack trace its first line only."""
    for inside, line in _with_traces(lines):
        found = None if inside else document(line)
        if not inside or TRACE.search(line):
            yield found, b"" if found is not None else line


def _with_traces(lines: Sequence[bytes]) -> Iterator[tuple[bool, bytes]]:
    inside = False
    for line in lines:
        inside = bool(TRACE.search(line)) or (inside and bool(TRACE_GOES_ON.search(line)))
        yield inside, line


def _speaks_of_wrong(line: Mapping[str, object]) -> bool:
    lower = {key.lower(): value for key, value in line.items()}
    levels = [lower[key] for key in LEVEL_KEYS if key in lower]
    statuses = [_number(lower[key]) for key in STATUS_KEYS if key in lower]
    if any((isinstance(level, str) and WRONG.search(level.strip())) or (_number(level) or 0) >= LOWEST_NUMBER for level in levels):
        return True
    return any(400 <= (status or 0) < 600 for status in statuses) or any(DEGRADED_KEY.search(key) and value is True for key, value in lower.items())


def _has_cause(line: Mapping[str, object], depth: int = 0) -> bool:
    """A field that is named for it and is not empty, here or one object further in, or a message that says more than a status line."""
    for key, value in line.items():
        if isinstance(value, Mapping) and depth < 1 and _has_cause(value, depth + 1):
            return True
        if CAUSE_KEY.search(key) and not NOT_CAUSE_KEY.search(key) and key.lower() not in LEVEL_KEYS and _is_cause(value):
            return True
        if key.lower() in MESSAGE_KEYS and isinstance(value, str) and _says_why(value):
            return True
    return False


def _is_cause(value: object) -> bool:
    """Something, and more than the status in other words."""
    return value not in EMPTY and value is not True and not (isinstance(value, str) and STATUS_LINE.match(value))


def _says_why(message: str) -> bool:
    """More than a bare status: at least two words that are none of a status line, of a path or of the logger's name."""
    without_path = LOGGER.sub(" ", re.sub(r"\S*/\S*", " ", message[:LONGEST_MESSAGE]))
    return len({word for word in WORDS.findall(without_path.lower()) if not BARE.match(word)}) >= FEWEST_WORDS


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    return float(value) if isinstance(value, str) and value.strip().isdigit() and len(value) < 9 else None
