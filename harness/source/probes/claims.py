"""What a model card and a record beside an artifact say of the model, held against what is committed of it.

Told are only claims that something committed could answer: metrics whose name some record measures, records in the folder of an artifact that
names itself. A number that the card demands, or that belongs to a part of the data, is no claim by itself: see the checks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import basename, dirname
from typing import Any

from grader.schema.evidence import Sighting
from harness.source.probes.digests import compared, digest
from harness.source.probes.figures import apart
from harness.source.sightings import sighting
from harness.source.view import View

METRICS = {"auc": re.compile(r"\bAUC\b|\bAUROC\b", re.I), "brier": re.compile(r"\bbrier\b", re.I)}
_DERIVED = re.compile(
    r"skill|delta|change|differen|gain|improve|target|gate|minimum|maximum|\bmin\b|\bmax\b|threshold|required?|must|least|most|above|below|over\b|"
    r"under\b|than|baseline|random|chance|interval|\bCI\b|std|error|[<>≤≥±+]|Δ",
    re.I,
)
_NUMBER = re.compile(r"(?<![\d.,-])(\d{0,2}\.\d{2,6}|\d{1,2}(?:\.\d{1,4})?(?=\s?%))(?!\d|\.\d)(\s?%)?")
_UNREAD = re.compile(r"\.(?:csv|tsv|ipynb|html?|txt|toml|jsonl|ini|md5|log)$|(?:^|/)mlruns/", re.I)
"""Where a metric may stand in a form that is not looked up by name."""
_RECORD_DIGEST = re.compile(r"^(?:model|artifact)_?(?:file_)?(?:sha\d*|digest|hash|checksum|md5)$", re.I)
_OWN_DIGEST = re.compile(r"^(?:sha\d*|digest|hash|checksum|md5)$", re.I)
_VERSION = re.compile(r"^(?:model_|artifact_)?version$", re.I)
_OF_NO_MODEL = re.compile(r"(?:^|/)(?:contract|samples?|examples?|tests?|fixtures?)/|schema|openapi|sample|example|dashboard|grafana", re.I)
_DECIDED = re.compile(r"^(?:params|config|settings)\b|gate|threshold|target|limit|require|criteria|bars?$|(?:^|_)(?:min|max)(?:imum)?(?:_|$)", re.I)
MAX_CLAIMS, MAX_NODES = 20, 20_000


def claims(view: View, texts: list[tuple[str, str]]) -> Iterator[Sighting]:
    """Numbers for a metric in the (file, text) of a card. `matches`: whether they are a committed value of it, rounded or cut off."""
    for name, pattern in METRICS.items():
        values, unread = _committed(view, name)
        if not values or unread:
            continue
        told = [(path, number) for path, text in texts for number in _told(text, pattern)]
        for path, (words, says, step) in told[:MAX_CLAIMS]:
            matches = any(abs(says - value) <= step * 1.000001 for value in values)
            yield sighting(f"{name} {words}", path, {"metric": name, "says": says, "matches": float(matches)})


def records(view: View) -> Iterator[Sighting]:
    """Records of a model's version and digest in a folder (`file`) with artifacts that name their own. `matches`: one of the two is one of theirs.

    `apart`: a figure of the record that every artifact of its version or digest tells otherwise of itself.
    """
    for path, value in view.json.items():
        version, found = _identity(value, _RECORD_DIGEST)
        here = [(other, inside) for other, inside in view.json.items() if other != path and dirname(other) == dirname(path)]
        beside = [(other, *_identity(inside, _OWN_DIGEST)) for other, inside in here]
        artifacts = [(other, own, itself) for other, own, itself in beside if own and itself]
        if version and found and artifacts:
            same = any(version in own or own in version or found == itself for _, own, itself in artifacts)
            same = same or any((answer := compared(view, path, basename(other), found)) and answer[1] for other, _, _ in artifacts)
            of_it = [other for other, own, itself in artifacts if own == version or itself == found]
            told = [apart(value, view.json[other]) for other in of_it]
            facts: dict[str, str | float | None] = {"file": dirname(path) or ".", "matches": float(same)}
            facts["apart"] = told[0] if told and all(told) else None
            yield sighting(f"{version} {found}", path, facts)


def _identity(value: Any, key: re.Pattern[str]) -> tuple[str, str]:
    """(version, digest) that an object names at its top; empty where it does not."""
    texts = [(str(name), item) for name, item in list(value.items())[:200] if isinstance(item, str)] if isinstance(value, dict) else []
    versions = [item for name, item in texts if _VERSION.search(name)]
    digests = [found for name, item in texts if key.search(name) and (found := digest(item))]
    return (versions[0] if len(versions) == 1 else ""), (digests[0] if len(digests) == 1 else "")


def _committed(view: View, metric: str) -> tuple[list[float], bool]:
    """Every number under a name of the metric, none where not one was measured; and whether one may stand in a file that is read otherwise."""
    parsed = [(path, value) for held in (view.json, view.yaml) for path, value in held.items() if not _OF_NO_MODEL.search(path)]
    found = [pair for path, value in parsed for pair in _numbers(value, metric, bool(_DECIDED.search(basename(path))))]
    unread = (path for path in view.paths if _UNREAD.search(path))
    values = [number for number, _ in found] if any(measured for _, measured in found) else []
    return values, bool(values) and any(metric in (view.text(path) or "").lower() for path in unread)


def _numbers(value: Any, metric: str, decided: bool) -> Iterator[tuple[float, bool]]:
    """(number below a name of the metric, whether it was measured and not decided). So many nodes at most: aliases of YAML can multiply."""
    stack: list[tuple[Any, bool, bool]] = [(value, decided, False)]
    for _ in range(MAX_NODES):
        if not stack:
            return
        item, told, about = stack.pop()
        if isinstance(item, dict):
            named = [(str(key).lower(), inner) for key, inner in list(item.items())[:500]]
            stack += [(inner, told or bool(_DECIDED.search(name)), about or metric in name) for name, inner in named]
        elif isinstance(item, list):
            stack += [(inner, told, about) for inner in item[:500]]
        elif about and isinstance(item, (int, float)) and not isinstance(item, bool):
            yield float(item), not told


def _told(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[str, float, float]]:
    """(words, value, unit of the last digit) of what a text says of a metric, in a table or in a phrase."""
    header: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.lstrip().startswith("|") else []
        if not cells:
            header = []
            yield from _phrases(line, pattern)
        elif not header:
            header = cells
        elif not _DERIVED.search(cells[0]):
            own = bool(pattern.search(cells[0]))
            for title, cell in zip(header[1:], cells[1:], strict=False):
                if (own or pattern.search(title)) and not _DERIVED.search(title) and not _DERIVED.search(cell):
                    yield from map(_read, _NUMBER.finditer(cell))


def _phrases(line: str, pattern: re.Pattern[str]) -> Iterator[tuple[str, float, float]]:
    """A number soon behind the metric's name, with nothing between that makes it another's."""
    for match in pattern.finditer(line):
        number = _NUMBER.search(line, match.end(), match.end() + 40)
        between = line[match.end() : number.start()] if number else ""
        if number and not _DERIVED.search(between) and not re.search(r"[;|]|\.\s", between):
            yield _read(number)


def _read(number: re.Match[str]) -> tuple[str, float, float]:
    share = 100.0 if number[2] else 1.0
    return number[0], float(number[1]) / share, 10.0 ** -len(number[1].partition(".")[2]) / share
