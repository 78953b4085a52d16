"""ADD of an address: the engine itself fetches it, over the host's own network, where no rule of a build's network holds.

The text is read with more suspicion than instructions.py reads it: any line may begin an instruction, in a heredoc and behind a continuation
too, since a file that two parsers read differently could hide one. No variable is filled in, since the environment of a base image overrides
every default in the Dockerfile: a source may hold one only behind a part that makes it a path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice

from grader.schema.causes import Trouble
from harness.text import one_line

MOST_LINES = 32
"""Of one instruction; a longer ADD is refused unread, so that reading stays linear."""

_ADD = re.compile(r"\s*(?:ONBUILD\s+)?ADD\s+(?:--\S+\s+)*(.*)", re.I | re.S)
_ADDRESS = re.compile(r"[a-z0-9.+-]*://|[\w.+-]+@[^/:]*:", re.I)
"""With any scheme, or as git writes it for ssh: user@host:path."""
_NOT_OF_THE_WORD = str.maketrans("", "", "\"'\\`[,")
"""Quotes, escapes and brackets, which the engine takes out of words before it looks at them."""


def is_address(source: str) -> bool:
    """Whether the engine would fetch this source rather than look for it in the context."""
    return _ADDRESS.match(source.translate(_NOT_OF_THE_WORD)) is not None


def refuse_remote_adds(where: str, text: str) -> None:
    """Raises Trouble(remote_add) for a Dockerfile, or triggers of an image, with an ADD whose source is or may become an address."""
    named = [f"{one_line(source, 120)} (line {line})" for line, source in islice(remote_adds(text), 5)]
    if named:
        raise Trouble("remote_add", f"{where}: ADD {', '.join(named)}")


def remote_adds(text: str) -> Iterator[tuple[int, str]]:
    """(line, source) of every ADD, ONBUILD or not, that is or may become an address."""
    lines = text.split("\n")
    starts = (number for number, line in enumerate(lines) if line.lstrip()[:1].upper() in ("A", "O"))
    return ((number + 1, source) for number in starts for source in _remote_sources(lines, number))


def _remote_sources(lines: list[str], start: int) -> Iterator[str]:
    instruction, whole = _instruction(lines, start)
    if (found := _ADD.match(instruction)) is None:
        return
    if not whole:
        yield f"over more than {MOST_LINES} lines"
    for reading in (_json_words(found[1]), found[1].split()):
        yield from (word for word in reading[:-1] if is_address(word) or _may_become_one(word))


def _instruction(lines: list[str], start: int) -> tuple[str, bool]:
    """The instruction that would begin at a line, put together as the engine does it, and whether that is all of it."""
    pieces: list[str] = []
    for line in lines[start : start + MOST_LINES]:
        kept = line.rstrip()
        if pieces and (not kept or kept.lstrip().startswith("#")):
            continue
        goes_on = kept.endswith(("\\", "`"))
        pieces.append(kept[:-1] if goes_on else kept)
        if not goes_on:
            return "".join(pieces), True
    return "".join(pieces), start + MOST_LINES >= len(lines)


def _json_words(value: str) -> list[str]:
    """Of `["a", "b"]`, whatever comes after it: the engine's decoder stops there as well."""
    try:
        words, _ = json.JSONDecoder().raw_decode(value)
    except (ValueError, RecursionError):
        return []
    return [word for word in words if isinstance(word, str)] if isinstance(words, list) else []


def _may_become_one(word: str) -> bool:
    """Whether a variable stands where it could complete an address: nothing before it says that this is a path."""
    literal, variable, _ = word.translate(_NOT_OF_THE_WORD).partition("$")
    return bool(variable) and ("/" not in literal or ":" in literal or "@" in literal)
