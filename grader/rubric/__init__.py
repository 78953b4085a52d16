"""The rubric's files, read and validated: one TOML file per area of the hiring matrix, `gates.toml` for the must-pass conditions, and
`quarantine.toml` for checks that are not relied on for now."""

from __future__ import annotations

import hashlib
import string
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from grader.schema.causes import UsageError
from grader.schema.rubric import AreaRubric, GateRule, Quarantine, Rubric

FOLDER = Path(__file__).parent
GATES, QUARANTINE = "gates.toml", "quarantine.toml"
T = TypeVar("T", bound=BaseModel)


def load(folder: Path = FOLDER) -> Rubric:
    """The whole rubric. `digest` is a sha256 over every file's name and bytes. Raises UsageError naming the file and the key at fault."""
    files = {path.name: path.read_bytes() for path in sorted(folder.glob("*.toml"))}
    matrix = {name: text for name, text in files.items() if name not in (GATES, QUARANTINE)}
    areas = {name.removesuffix(".toml"): _parse(AreaRubric, name, _toml(name, text)) for name, text in matrix.items()}
    rubric = Rubric(areas=areas, gates=_entries(GateRule, GATES, files), quarantine=_entries(Quarantine, QUARANTINE, files), digest=_digest(files))
    _refuse(problems(rubric))
    return rubric


def problems(rubric: Rubric) -> list[str]:
    """What the schema alone cannot see: ids in two areas, sentences that name no bar, gates without a check."""
    homes: dict[str, list[str]] = {}
    for area, content in rubric.areas.items():
        for id in content.checks:
            homes.setdefault(id, []).append(area)
    found = [f"check {id} stands in two areas: {', '.join(areas)}" for id, areas in homes.items() if len(areas) > 1]
    for area, content in rubric.areas.items():
        for id, rule in content.checks.items():
            told = [rule.failure_title, *(text for level in rule.ladder.values() for text in (level.means, level.title))]
            named = {name for text in told for name in placeholders(text)}
            found += [f"{area}.toml: {id}: a sentence or a title names {{{name}}}, which is no bar" for name in sorted(named - set(rule.bars))]
    found += [f"{GATES}: {id} names the unknown check {gate.check}" for id, gate in rubric.gates.items() if gate.check not in homes]
    return found + [f"{QUARANTINE}: there is no check {id}" for id in rubric.quarantine if id not in homes]


def placeholders(sentence: str) -> set[str]:
    """The names in braces of one sentence."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def _digest(files: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _toml(name: str, content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"rubric {name}: {error}") from error


def _entries(model: type[T], name: str, files: dict[str, bytes]) -> dict[str, T]:
    """A file of entries by id; a rubric may lack it."""
    return {id: _parse(model, f"{name}: {id}", entry) for id, entry in _toml(name, files.get(name, b"")).items()}


def _parse(model: type[T], name: str, content: Any) -> T:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"rubric {name}: {where}: {first['msg']}") from error


def _refuse(found: list[str]) -> None:
    if found:
        raise UsageError(f"rubric: {found[0]}" + (f" (and {len(found) - 1} more)" if len(found) > 1 else ""))
