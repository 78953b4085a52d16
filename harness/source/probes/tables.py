"""What a model card says of the training data, held against what is committed of it: how many rows, which version.

Told are only claims that a record answers. A number below that of all rows may be a part of them; it is held against them only beside the name of
the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from posixpath import basename
from typing import Any

from grader.schema.evidence import Sighting
from harness.source.probes.digests import compared, digest
from harness.source.sightings import sighting
from harness.source.view import View, walk

_UNIT = r"(?:rows?|records?|payments?|transactions?|examples?|samples?|observations?|data ?points?|instances?)"
_COUNT = re.compile(
    r"(?<![\w.,-])(\d{1,3}(?:[ ,.'\u2009\u202f]\d{3})+|\d{3,}|\d+(?:\.\d+)?(?=\s?[kKM]\b))\s?([kKM]\b)?"
    rf"\s+((?:[\w-]+\s+){{0,2}}?){_UNIT}\b",
    re.I,
)
_VERSION = re.compile(r"\bversion:?\s+`?v?(\d[\w.-]*\w)`?", re.I)
_TABLE = re.compile(r"[\w./-]+\.(?:csv|parquet|feather|jsonl|tsv)(?:\.gz)?\b", re.I)
_ROWS = re.compile(
    r"^(?:n_?)?(?:rows?|row_count|num_rows|records?|examples?|samples?|n)$|(?:_|^)rows$|^(?:n|num)_(?:train|samples|examples|records)\w*$", re.I
)
_DATA_RECORD = re.compile(r"data|train|manifest|dvc|lineage|metric|model", re.I)
_OTHER = re.compile(
    r"\bper\b|/\s?(?:s|sec|min|h|d)\b|second|minute|\bhour|\bday|month|year|least|most|than|fewer|up to|\bover\b|under\b|window|every|limit|each|"
    r"next|future|production|live|about|[<>≤≥~]",
    re.I,
)
"""Words around a number that make it another thing than the size of the data."""
_TRAINED = re.compile(r"train|fitted|labell?ed|data ?set|learn", re.I)
_ELSEWHERE = re.compile(r"schema|openapi|sample|example|test|fixture|contract|dashboard|grafana|package", re.I)
SCALES = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6}
_LABELLED = re.compile(
    r"^[ \t|*-]*(?:(?:number of )?(?:rows?|records|examples|samples|size)[ \t*]*[:|]"
    r"[ \t*]*(\d[\d ,.']*\d)(?:[ \t]+(?:rows|records|payments))?|"
    r"(?:data(?:set)? )?version[ \t*]*[:|][ \t*`]*v?(\d[\w.-]*\w)`?)[ \t|*]*$",
    re.I | re.M,
)
_OF_CODE = re.compile(r"(?:model|code|library|python|schema|service|package|format|api)'?s?\s*$", re.I)
MAX_TOLD = 20


def of_data(view: View, texts: list[tuple[str, str]], of_table: set[tuple[str, str]]) -> Iterator[Sighting]:
    """Claims in the (file, text) of a card. `metric`: rows, data version or data digest; `matches`: a record says the same, or the file itself.

    `of_table`: those texts that are about the data alone, where a labelled number needs no sentence.
    """
    known = _recorded(view)
    of_known = [(path, text) for path, text in texts if (path, text) in of_table and known.is_meant(text)]
    labelled = [(path, match) for path, text in of_known for match in _LABELLED.finditer(text)]
    if known.totals:
        said = [(path, match[0].strip(" |*-\n"), _plain(match[1]), 0.5) for path, match in labelled if match[1]]
        for path, words, says, step in [*said, *((path, *told) for path, text in texts for told in _counts(text, known))][:MAX_TOLD]:
            yield sighting(words, path, {"metric": "rows", "says": says, "matches": float(_matches(says, step, known.rows))})
    if known.versions:
        lines = [(path, line) for path, text in texts for line in _sentences(text) if _TABLE.search(line) and known.is_meant(line)]
        found = [(path, line, match) for path, line in lines for match in _VERSION.finditer(line)]
        stated = [(path, match[1]) for path, line, match in found if not _OF_CODE.search(line[: match.start()])]
        stated += [(path, match[2]) for path, match in labelled if match[2]]
        for path, version in stated[:MAX_TOLD]:
            same = any(version in one or one.lstrip("v") in version for one in known.versions)
            yield sighting(f"data version {version}", path, {"metric": "data version", "says": version, "matches": float(same)})
    for path, line in ((path, line) for path, text in texts for line in _sentences(text)):
        tables, digests = _TABLE.findall(line), [one for word in re.findall(r"\b[0-9a-fA-F]{32,128}\b", line) if (one := digest(word))]
        if len(tables) == len(digests) == 1 and (answer := compared(view, path, tables[0], digests[0])) is not None:
            yield sighting(f"digest {digests[0][:12]} of {tables[0]}", path, {"metric": "data digest", "matches": float(answer[1])})


@dataclass
class _Known:
    """Of committed records: `totals`, rows of whole tables; `rows`, these and of parts; `versions` of tables; `names` of the tables."""

    totals: set[float] = field(default_factory=set)
    rows: set[float] = field(default_factory=set)
    versions: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    def is_meant(self, text: str) -> bool:
        """Whether a text names no tables but those that are recorded."""
        return all(basename(table) in self.names for table in _TABLE.findall(text))


def _recorded(view: View) -> _Known:
    known = _Known()
    for path, value in [*view.json.items(), *view.yaml.items()]:
        if _ELSEWHERE.search(path) or not _DATA_RECORD.search(path):
            continue
        for key, item in walk(value):
            if not isinstance(item, dict):
                continue
            counts = {float(n) for name, n in item.items() if _ROWS.search(str(name)) and isinstance(n, int) and not isinstance(n, bool) and n >= 100}
            tables = {basename(text) for text in item.values() if isinstance(text, str) and _TABLE.fullmatch(text)}
            versions = _versions(key or basename(path), item)
            known.rows |= {float(n) for n in item.values() if isinstance(n, int) and not isinstance(n, bool)} if counts else set()
            known.versions |= versions
            known.totals |= counts if tables or re.search(r"^data(?:set)?$", key, re.I) else set()
            known.names |= tables if counts or versions else set()
    return known


def _versions(key: str, item: dict[Any, Any]) -> set[str]:
    """Of what is named for data: what it says of its version; also `data_version` anywhere."""
    of_data = bool(re.search(r"data|train|manifest", key, re.I))
    told = [(str(name), text) for name, text in item.items() if isinstance(text, (str, int)) and not isinstance(text, bool)]
    return {str(text) for name, text in told if re.search(r"data(?:set)?_?version", name, re.I) or (of_data and name.lower() == "version")}


def _counts(text: str, known: _Known) -> Iterator[tuple[str, float, float]]:
    """(words, number, half a unit of its last digit) of sentences on how many rows a table has."""
    for line in _sentences(text):
        for match in _COUNT.finditer(line):
            if _OTHER.search(f"{line[max(0, match.start() - 20) : match.start()]} {match[3]} {line[match.end() : match.end() + 15]}"):
                continue
            scale = SCALES.get(match[2] or "", 1.0)
            says = float(match[1]) * scale if match[2] and re.fullmatch(r"[\d.]+", match[1]) else _plain(match[1])
            named = _TABLE.search(line[: match.start()]) is not None
            if known.is_meant(line) and (named or (says > max(known.rows) * 1.0001 and _TRAINED.search(line))):
                yield match[0], says, scale if match[2] else 0.5


def _plain(number: str) -> float:
    """A whole number however its thousands are set apart."""
    return float(re.sub(r"[ ,.'\u2009\u202f]", "", number))


def _matches(says: float, step: float, rows: set[float]) -> bool:
    """Whether a number is recorded, or is what two recorded ones come to together or leave."""
    made = {*rows, *(one + other for one in rows for other in rows), *(one - other for one in rows for other in rows)}
    return any(abs(says - count) <= step for count in made)


def _sentences(text: str) -> list[str]:
    """Sentences, each on one line; rows of tables stand alone."""
    return [part for block in re.split(r"\n\s*\n|\n(?=\s*[-*|#])", text) for part in re.split(r"(?<=[.;])\s+(?=[A-Z`])", block.replace("\n", " "))]
