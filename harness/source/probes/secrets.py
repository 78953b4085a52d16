"""Secrets in the tree. Only where and of what kind is ever recorded, never the secret."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from grader.schema.evidence import Probe
from harness.source.probes.view import View, basename, no_subject, probe

KINDS: dict[str, re.Pattern[str]] = {
    "private key": re.compile(r"-----BEGIN (?:RSA |EC |DSA |OPENSSH |PGP |ENCRYPTED )?PRIVATE KEY"),
    "AWS access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "GitHub token": re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_[A-Za-z0-9_]{50,}\b"),
    "GitLab token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}\b"),
    "Slack token": re.compile(r"\bxox[baprs]-[A-Za-z0-9-]{20,}\b|hooks\.slack\.com/services/T\w{8,}/B\w{8,}/\w{20,}"),
    "Google API key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
    "OpenAI or Anthropic key": re.compile(r"\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}\b"),
    "Hugging Face token": re.compile(r"\bhf_[A-Za-z0-9]{34,}\b"),
    "Stripe key": re.compile(r"\b[rs]k_live_[A-Za-z0-9]{20,}\b"),
}
_ASSIGNED = re.compile(
    r"(?i)(?:secret|passw(?:or)?d|token|api_?key|access_?key)[\w-]{0,20}[\"']?\s{0,4}[:=]\s{0,4}[\"']?([A-Za-z0-9+/_=.~-]{20,120})"
)
_PLACEHOLDER = re.compile(
    r"(?i)example|change|placeholder|dummy|your|xxx|todo|sample|fake|secretref|valuefrom|environ|getenv|\$\{|<|insert|redacted"
)
_EXAMPLE_FILE = re.compile(r"(?i)\.(?:example|sample|template|dist)$|lock$|\.lock\.|package-lock")
MIN_ENTROPY = 3.6
MAX_HITS = 1000


def secrets_absent(view: View) -> Probe:
    """subject: there is any text file; found: no known kind of secret and no random-looking assigned one."""
    seen: Counter[str] = Counter()
    hits = list(islice(_hits(view, seen), MAX_HITS))
    if not seen["texts"]:
        return no_subject("no text files")
    detail = ", ".join(sorted({kind for _, _, kind in hits})) if hits else f"{seen['texts']} text files looked at"
    return probe(not hits, detail, [(path, line) for path, line, _ in hits])


def _hits(view: View, seen: Counter[str]) -> Iterator[tuple[str, int, str]]:
    """(path, line, kind), one file in memory at a time; counts what was looked at."""
    for path in view.paths:
        text = view.text(path)
        seen["texts"] += bool(text)
        if text and not _EXAMPLE_FILE.search(basename(path)):
            yield from ((path, line, kind) for line, kind in _secrets(text))


def _secrets(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        line = line[:1000]
        for kind, pattern in KINDS.items():
            if (match := pattern.search(line)) and "EXAMPLE" not in match[0]:
                yield number, kind
        assigned = _ASSIGNED.search(line)
        if assigned and not _PLACEHOLDER.search(line) and _random_looking(assigned[1]):
            yield number, "assigned secret"


def _random_looking(text: str) -> bool:
    """High entropy and a mixture of digits and letters: names and sentences are neither."""
    counts = Counter(text)
    entropy = -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())
    return entropy >= MIN_ENTROPY and any(c.isdigit() for c in text) and any(c.isalpha() for c in text) and "." not in text


PROBES = {"secrets_absent": secrets_absent}
