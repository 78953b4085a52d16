"""Secrets in the tree. Only where and of what kind is ever recorded, never the secret."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from grader.schema.evidence import Probe
from harness.source.view import View, basename, no_subject, probe, walk

PRIVATE_KEY = "private key"
KINDS: dict[str, re.Pattern[str]] = {
    PRIVATE_KEY: re.compile(r"-----BEGIN (?:RSA |EC |DSA |OPENSSH |PGP |ENCRYPTED )?PRIVATE KEY"),
    "AWS access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "GitHub token": re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_[A-Za-z0-9_]{50,}\b"),
    "GitLab token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}\b"),
    "Slack token": re.compile(r"\bxox[baprs]-[A-Za-z0-9-]{20,}\b|hooks\.slack\.com/services/T\w{8,}/B\w{8,}/\w{20,}"),
    "Google API key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
    "OpenAI or Anthropic key": re.compile(r"\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}\b"),
    "Hugging Face token": re.compile(r"\bhf_[A-Za-z0-9]{34,}\b"),
    "Stripe key": re.compile(r"\b[rs]k_live_[A-Za-z0-9]{20,}\b"),
    "JSON web token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}"),
}
_HINTS = (
    "passw", "pwd", "passphrase", "secret", "token", "apikey", "api_key", "api-key", "accesskey", "access_key", "access-key", "credential",
    "private key", "akia", "asia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "hooks.slack", "aiza", "sk-", "hf_",
    "k_live_", "eyj", "://",
)  # fmt: skip
"""What a line with a finding holds at least one of, in small letters: most lines need no closer look."""
_PASSWORD = r"passw(?:or)?d|passwd|pwd|passphrase"
_WORD = rf"(?:{_PASSWORD}|secret|token|api[_-]?key|access[_-]?key|secret[_-]?key|credentials?)"
_NAME = rf"(?P<name>[\w.-]{{0,60}}?{_WORD}(?:[_-]?(?:key|value|prod|production|live|\d{{1,2}}))?)\\?[\"']?"
# A run of such characters is tried once, from its beginning: from each dash in it, a line of dashes takes sixty steps for every one.
_BEHIND = rf"(?<![\w.-]){_NAME.replace('{0,60}', '{0,200}')}"
_QUOTED = r"\\?(?P<quote>[\"'])(?P<value>[^\"'\s\\]{6,160})\\?(?P=quote)"
_BARE = r"(?P<bare>[^\s\"'#,;{}\[\]()<>|`]{6,160})(?=\s|$|[,}\]\"'])"
_IN_CODE = re.compile(rf"(?i){_BEHIND}\]?\s{{0,4}}(?::\s?[\w.\[\]| ]{{1,30}}=|:=|=>|[:=]|\|\||\?\?)\s{{0,4}}{_QUOTED}")
_IN_CONFIG = re.compile(rf"(?i){_BEHIND}(?:\s{{0,4}}(?:[:=]|:-)\s{{0,4}}|\s{{1,4}}(?=\S+$))(?:{_QUOTED}|{_BARE})")
_DEFAULT = re.compile(rf"(?i)env[\w.]{{0,20}}\(\s{{0,4}}[\"']{_NAME}\s{{0,4}},\s{{0,4}}{_QUOTED}")
"""`os.environ.get("DB_PASSWORD", "hunter2hunter2")`: what stands in for a missing variable is a credential too."""
_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,30}://(?P<user>[^\s:/@\"']{0,80}):(?P<value>[^\s/@\"']{3,160})@(?P<host>[\w.-]{1,200})", re.I)

_REFERENCE = re.compile(
    r"^[$&!@%]|\$\{|\$\(|\{\{|[{}<>]|%\(|^(?:ENC\[|vault:|arn:|ref\+|secrets?[./]|op://)|secrets?/|^/|^\.{1,2}/|://|^templated$|\(|\.\.\.",
    re.I,
)
"""A value that says where the secret is, or is put together elsewhere."""
_PLACEHOLDER = re.compile(
    r"example|chang|placeholder|dummy|your|xxx|todo|sample|fake|insert|redact|replace|secretref|valuefrom|environ|getenv|not[-_ ]?(?:set|real|a[-_])|"
    r"\*{3}|(?<![a-z])(?:test\w{0,8}|dev|local|demo|mock|stub|default|foo|bar|fixme|tbd|ci|none|null)(?![a-z])",
    re.I,
)
_COMMON = re.compile(
    r"^(?:postgres\w*|p[a@]ssw[o0]rd|secret|admin|root|guest|minio(?:admin)?|grafana|redis|rabbit\w*|user|mlflow)[\d!]{0,6}$", re.I
)
"""What a container image starts with: guards nothing where the service stands on one's own machine."""
_OWN_MACHINE = re.compile(r"^(?:localhost|127\.[\d.]+|0\.0\.0\.0|host\.docker\.internal|[a-z][\w-]*)$", re.I)
_SAYS_SO = re.compile(r"pass(?:w|[\d_-]|$)|pwd|secret", re.I)
"""A value that calls itself a password was made up to be read."""
_EXAMPLE_KEY = re.compile(r"\bexamples?\b[\"']?\s*[:=]", re.I)
_EXAMPLE_BLOCK = re.compile(r"\bexamples?\b[\"']?\s*[:=][\s\[{(]*$", re.I)
EXAMPLE_LINES = 12
"""So far below `example:` a line still belongs to it: schemas show what a request looks like."""
_EXAMPLE_HOST = re.compile(r"example\.(?:com|org|net)$|\.(?:example|test|invalid)$", re.I)
_LOCALHOST = re.compile(r"^(?:localhost|127\.[\d.]+|0\.0\.0\.0|host\.docker\.internal)$", re.I)
_LOCAL_FILE = re.compile(r"(?:^|/)(?:docker-)?compose[\w.-]*\.ya?ml$|^\.(?:github|gitlab|circleci|woodpecker|gitea)|(?:^|/)\.devcontainer/", re.I)
_EXAMPLE_FILE = re.compile(r"(?i)\.(?:example|sample|template|dist)$|lock$|\.lock\.|package-lock")
_VARIABLE = re.compile(r"^[A-Z][A-Z0-9_]*(?:PASSWORD|PASSWD|PWD|PASSPHRASE)$")
_CODE_FILE = re.compile(r"\.(?:py|pyi|ipynb|[cm]?[jt]sx?|go|rs|java|kt|scala|cs|rb|php|swift|cpp|cc|c|h|jl|r|ex|exs|clj)$", re.I)
_TEST_FILE = re.compile(r"\.(?:test|spec)\.\w+$|(?:^|/)(?:__tests__|__mocks__|spec|cypress|e2e)/|_test\.go$|Tests?\.(?:java|kt|cs)$")
_PROSE_FILE = re.compile(r"(?:^|/)docs?/|postman|\.(?:md|markdown|rst|adoc|txt|html?|csv|tsv|jsonl)$", re.I)
_NAME_LIKE = re.compile(r"^[a-z]+(?:[-_.][a-z]+|[-_.]?v?\d{1,2})*$")
MIN_ENTROPY = 3.6
MIN_PASSWORD, MIN_KEY, MIN_TOKEN = 6, 8, 12
MAX_LINE = 1000
KEY_LINES = 6
MAX_HITS = 1000


def secrets_absent(view: View) -> Probe:
    """subject: there is any text file; found: no known kind of secret, and no literal where a password, token or key belongs."""
    seen: Counter[str] = Counter()
    hits = list(islice(_hits(view, seen), MAX_HITS))
    if not seen["texts"]:
        return no_subject("no text files")
    detail = ", ".join(sorted({kind for _, _, kind in hits})) if hits else f"{seen['texts']} text files looked at"
    return probe(not hits, detail, dict.fromkeys((path, line) for path, line, _ in hits))


def _hits(view: View, seen: Counter[str]) -> Iterator[tuple[str, int | None, str]]:
    """(path, line, kind), one file in memory at a time; counts what was looked at."""
    for path in view.paths:
        text = view.text(path)
        seen["texts"] += bool(text)
        if text and not _EXAMPLE_FILE.search(basename(path)):
            yield from ((path, line, kind) for line, kind in _secrets(view, path, text))


def _secrets(view: View, path: str, text: str) -> Iterator[tuple[int | None, str]]:
    lines = text.splitlines()
    for number, line in _suspects(text, lines):
        for kind, pattern in KINDS.items():
            if (match := pattern.search(line)) and "EXAMPLE" not in match[0] and (kind != PRIVATE_KEY or _has_body(lines, number)):
                yield number, kind
        if any(_opens_something(path, match) for match in _URL.finditer(line)) and not _is_shown(lines, number):
            yield number, "password in a URL"
        if any(_is_secret(view, path, name, value) for name, value in _assigned(path, line)) and not _is_shown(lines, number):
            yield number, "assigned secret"
    for document in view.yaml.get(path, []):
        for name, value in (*_env_pairs(document), *_secret_objects(document)):
            if _is_secret(view, path, name, value):
                yield view.line_of(path, value[:40]), "assigned secret"


def _suspects(text: str, lines: list[str]) -> Iterator[tuple[int, str]]:
    """(number, line) of the lines that hold a hint. Hints that the whole text lacks are not asked for line by line."""
    lowered = text.lower()
    hints = [hint for hint in _HINTS if hint in lowered]
    for number, line in enumerate(lines if hints else [], 1):
        line = line[:MAX_LINE]
        small = line.lower()
        if any(hint in small for hint in hints):
            yield number, line


def _has_body(lines: list[str], number: int) -> bool:
    """Whether something that could be a key stands behind its header: documents show the header alone."""
    _, _, behind = "\n".join(lines[number - 1 : number + KEY_LINES])[: 4 * MAX_LINE].partition("PRIVATE KEY")
    return bool(re.search(r"[A-Za-z0-9+/]{32,}", behind))


def _is_shown(lines: list[str], number: int) -> bool:
    """Whether a line belongs to an example: on the same line, or above it and less indented."""
    line = lines[number - 1]
    if _EXAMPLE_KEY.search(line[:MAX_LINE]):
        return True
    depth = len(line) - len(line.lstrip())
    above = lines[max(0, number - 1 - EXAMPLE_LINES) : number - 1]
    return any(_EXAMPLE_BLOCK.search(other[:MAX_LINE]) and len(other) - len(other.lstrip()) < depth for other in above)


def _assigned(path: str, line: str) -> Iterator[tuple[str, str]]:
    """(name, literal) of every assignment on a line to something that is named as a credential."""
    patterns = (_IN_CODE, _DEFAULT) if _CODE_FILE.search(path) else (_IN_CONFIG,)
    for pattern in patterns:
        for match in pattern.finditer(line):
            yield match["name"], match["value"] or match.groupdict().get("bare") or ""


def _env_pairs(document: Any) -> Iterator[tuple[str, str]]:
    """`{name: DB_PASSWORD, value: ...}` as containers are given their environment, in Kubernetes, ECS, Cloud Run and the like."""
    for _, node in walk(document):
        if isinstance(node, dict) and isinstance(node.get("name"), str) and isinstance(node.get("value"), str):
            yield from ((match["name"], node["value"]) for match in [re.search(rf"(?i)^{_NAME}$", node["name"])] if match)


def _secret_objects(document: Any) -> Iterator[tuple[str, str]]:
    """What a committed Kubernetes Secret holds: base64 hides nothing. Sealed ones are of another kind."""
    if not isinstance(document, dict) or document.get("kind") != "Secret":
        return
    for part in ("data", "stringData"):
        held = document.get(part)
        for name, value in list(held.items())[:200] if isinstance(held, dict) else []:
            text = _decoded(value) if part == "data" and isinstance(value, str) else value
            if isinstance(text, str) and re.search(rf"(?i){_WORD}", str(name)):
                yield str(name), text


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        return value


def _is_secret(view: View, path: str, name: str, value: str) -> bool:
    """A literal that could open something: no reference, no placeholder, and of several kinds of characters."""
    password = bool(re.search(_PASSWORD, name, re.I))
    if len(value) < (MIN_PASSWORD if password else MIN_KEY) or _REFERENCE.search(value) or _PLACEHOLDER.search(value):
        return False
    if _PROSE_FILE.search(path) or _TEST_FILE.search(path) or view.is_test(path):
        return _random_looking(value) and not _SAYS_SO.search(value)
    if password:
        common = bool(_COMMON.match(value))
        return (_mixed(value) and not (common and _LOCAL_FILE.search(path))) or (not common and _is_told_to_a_service(path, name, value))
    if _NAME_LIKE.match(value) or not _mixed(value):
        return False
    short = len(value) >= MIN_TOKEN and re.search(r"\d", value) and re.fullmatch(r"[\w+/=~!@#$%^&*-]+", value)
    return bool(short) or _random_looking(value)


def _is_told_to_a_service(path: str, name: str, value: str) -> bool:
    """A variable of an environment, set in what is deployed, is a password also where it is a plain word."""
    return bool(_VARIABLE.match(name)) and value.isalpha() and not (_LOCAL_FILE.search(path) or _CODE_FILE.search(path))


def _opens_something(path: str, match: re.Match[str]) -> bool:
    """A user's password in a URL; not an image's own default on one's own machine."""
    user, value, host = match["user"], match["value"], match["host"]
    if _REFERENCE.search(value) or _PLACEHOLDER.search(value) or value.startswith("[") or _EXAMPLE_HOST.search(host):
        return False
    if value.lower() in (user.lower(), "pass", "pw", "pwd", "password") or _COMMON.match(value):
        return not (_OWN_MACHINE.match(host) or _PROSE_FILE.search(path))
    near = _LOCALHOST.match(host) or (_OWN_MACHINE.match(host) and _LOCAL_FILE.search(path)) or _PROSE_FILE.search(path)
    return not (near and _SAYS_SO.search(value))


def _mixed(text: str) -> bool:
    """Letters beside digits or signs: names and sentences have only letters."""
    return any(c.isalpha() for c in text) and any(c.isdigit() or c in "!@#$%^&*+?~" for c in text)


def _random_looking(text: str) -> bool:
    """High entropy, length, and a mixture of digits and letters: names and sentences are neither."""
    counts = Counter(text)
    entropy = -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())
    return len(text) >= 20 and entropy >= MIN_ENTROPY and any(c.isdigit() for c in text) and any(c.isalpha() for c in text) and "." not in text


PROBES = {"secrets_absent": secrets_absent}
