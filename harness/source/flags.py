"""Flags of a Dockerfile's instruction as the engine takes them apart: quotes and backslashes vanish wherever in a word they stand."""

from __future__ import annotations

from dataclasses import dataclass

from harness.source.instructions import Instruction, trigger_of

ODD = frozenset("\"'\\`$")
"""Characters with which an engine may read something else than what is written."""


@dataclass(frozen=True)
class Flag:
    """`--name=value` without its quotes; `plain` says that it was written as it is read."""

    name: str
    value: str
    plain: bool

    def options(self) -> list[tuple[str, str]]:
        """(key in small letters, value) of every part of a value like `type=cache,target=/c`."""
        pairs = (part.partition("=") for part in self.value.split(","))
        return [(key.strip().lower(), value.strip()) for key, _, value in pairs]


def flags_of(told: str) -> list[Flag]:
    """Every flag at the start of `told`, the same one as often as it is given."""
    found: list[Flag] = []
    place = _next_word(told, 0)
    while told.startswith("--", place):
        word, end = _word(told, place)
        if word == "--":
            break
        name, _, value = word.removeprefix("--").partition("=")
        found.append(Flag(name.lower(), value, not ODD & set(told[place:end])))
        place = _next_word(told, end)
    return found


def _next_word(text: str, place: int) -> int:
    while place < len(text) and text[place].isspace():
        place += 1
    return place


def _word(text: str, start: int) -> tuple[str, int]:
    """A word without its quotes, and where it ends."""
    kept: list[str] = []
    quote, place = "", start
    while place < len(text) and (quote or not text[place].isspace()):
        letter = text[place]
        if letter == "\\":
            place += 1
            kept.append(text[place : place + 1])
        elif quote:
            quote, letter = ("", "") if letter == quote else (quote, letter)
            kept.append(letter)
        elif letter in "\"'":
            quote = letter
        else:
            kept.append(letter)
        place += 1
    return "".join(kept), min(place, len(text))


def mounts(instruction: Instruction) -> list[Flag]:
    """Every `--mount` of a RUN, or of the RUN behind ONBUILD."""
    instruction = _unwrapped(instruction)
    return [flag for flag in flags_of(instruction.told) if flag.name == "mount"] if instruction.keyword == "RUN" else []


def is_cache(mount: Flag) -> bool:
    """Whether it may be a cache mount: a type that a variable gives may be any."""
    unquoted = [(key.strip("\"' "), value.strip("\"' ").lower()) for key, value in mount.options()]
    return any(key == "type" and (value == "cache" or "$" in value) for key, value in unquoted) or "$" in "".join(key for key, _ in unquoted)


def copied_from(instruction: Instruction) -> list[str]:
    """The stages and images that a COPY or RUN, or the one behind ONBUILD, takes files out of."""
    instruction = _unwrapped(instruction)
    if instruction.keyword == "COPY":
        named = [flag.value for flag in flags_of(instruction.told) if flag.name == "from"]
    else:
        named = [value.strip("\"' ") for mount in mounts(instruction) for key, value in mount.options() if key.strip("\"' ") == "from"]
    return [name for name in named if name]


def base_of(instruction: Instruction) -> str:
    """What a FROM names, with its variables as they stand; empty for any other instruction."""
    if instruction.keyword != "FROM":
        return ""
    told, place = instruction.told, 0
    while place < len(told):
        word, place = _word(told, place)
        if not word.startswith("--"):
            return word
        place = _next_word(told, place)
    return ""


def _unwrapped(instruction: Instruction) -> Instruction:
    return trigger_of(instruction.told) if instruction.keyword == "ONBUILD" else instruction
