"""Reads a TOML file that people write (a challenge, a price table) into its schema.

Every error names file, line and, where a key is misspelt, the key that was meant.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from grader.schema.base import Model
from grader.schema.causes import UsageError

T = TypeVar("T", bound=Model)
Location = tuple[int | str, ...]


def read(path: Path, model: type[T]) -> T:
    """What the file says, as `model`. Raises UsageError: unreadable file, bad TOML, unknown, missing or wrong keys."""
    try:
        text = path.read_text("utf-8")
        data = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path.name} is not TOML: {error}") from error
    try:
        return model.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False)
        first = next((e for e in found if e["type"] == "extra_forbidden"), found[0])  # a misspelt key is also a missing one
        raise UsageError(_explain(path.name, text, first["type"], first["loc"], first["msg"], model)) from error


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """A clause for an error message: the nearest known word, else all of them."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there is {', '.join(sorted(known)) or 'none'}"


def _explain(name: str, text: str, kind: str, where: Location, message: str, model: type[Model]) -> str:
    place = f"{name} line {line_of(text, where[:-1] if kind == 'missing' else where)}"
    dotted = ".".join(str(step) for step in where)
    if kind == "extra_forbidden":
        return f"{place}: unknown key {dotted!r}; {did_you_mean(str(where[-1]), _keys_at(model, where[:-1]))}"
    if kind == "missing":
        return f"{place}: the key {dotted!r} is missing"
    return f"{place}: {dotted!r}: {message}"


def _keys_at(model: type[Model], where: Location) -> list[str]:
    """The keys that the schema knows at a location; empty where it is no table."""
    node: Any = model
    for step in where:
        if isinstance(node, type) and issubclass(node, BaseModel):
            field = node.model_fields.get(str(step))
            node = field.annotation if field else None
        else:
            node = (get_args(node) or (None,))[-1]  # list[X] and dict[str, X] both end in X
    return list(node.model_fields) if isinstance(node, type) and issubclass(node, Model) else []


def line_of(text: str, where: Location) -> int:
    """The line (from 1) of a key in TOML text, or of the nearest table around it that is written down."""
    lines = text.splitlines()
    line, depth = _header_line(lines, where)
    for step in where[depth:]:
        found = _nth_table(lines, line, step) if isinstance(step, int) else _key_line(lines, line, step)
        if found is None:
            break
        line = found
    return line + 1


def _header_line(lines: list[str], where: Location) -> tuple[int, int]:
    """Index of the longest `[a.b]` header that leads to the location, and how many steps it covers."""
    for depth in range(len(where), 0, -1):
        header = "[" + ".".join(str(step) for step in where[:depth]) + "]"
        for index, line in enumerate(lines):
            if line.split("#")[0].replace(" ", "").rstrip() == header:
                return index, depth
    return 0, 0


def _key_line(lines: list[str], start: int, key: str) -> int | None:
    pattern = re.compile(rf"(^|[\s{{,\"']){re.escape(key)}[\"']?\s*=")
    for index in range(start, len(lines)):
        if index > start and re.match(r"\s*\[[\w.\"' -]+\]\s*(#|$)", lines[index]):
            return None
        if pattern.search(lines[index]):
            return index
    return None


def _nth_table(lines: list[str], start: int, position: int) -> int | None:
    """Line of the n-th inline table `{` counted from the line of its array."""
    seen = -1
    for index in range(start, len(lines)):
        seen += lines[index].count("{")
        if seen >= position:
            return index
    return None
