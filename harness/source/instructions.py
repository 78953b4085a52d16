"""Reads a Dockerfile into instructions and stages. Tolerant: what cannot be understood is kept as text.

Only variables that expand without bound are refused (harness/source/variables.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from grader.schema.evidence import BaseImage
from harness.source.heredocs import Heredocs
from harness.source.variables import Filling, unresolved

_DIRECTIVE = re.compile(r"^#\s*(syntax|escape|check)\s*=\s*(\S.*?)\s*$", re.I)
_FLAG = re.compile(r"--([a-z][a-z-]*)(?:=(\S*))?(?:\s+|$)")
_ASSIGNMENT = re.compile(r"(?<!\w)([A-Za-z_]\w*+)=(\"[^\"]*\"|'[^']*'|\S*)")
_PORT = re.compile(r"[0-9]{1,9}")
"""Not `isdigit`, which holds for a superscript too, and for more digits than `int` reads."""
_MAY_BE_ONE = re.compile(r"\s*[fcro]", re.I)
MAX_INSTRUCTIONS = 2000
MAX_JOINED = 100
"""Lines that `found_anywhere` joins from any one on: flags stand in the first few, and each line of a long step may be the first."""

Pin = Literal["digest", "version", "floating", "stage"]


@dataclass(frozen=True)
class Instruction:
    """One instruction: `keyword` in capitals, `value` without flags, `line` where it starts (1-based). ONBUILD has its trigger as the value."""

    keyword: str
    value: str
    line: int
    flags: Mapping[str, str] = field(default_factory=dict)
    heredoc: bool = False
    told: str = ""
    """Flags and value, as they are written."""

    @property
    def exec_form(self) -> list[str] | None:
        """The words of `["a", "b"]`, or None for shell form."""
        return _json_words(self.value)

    @property
    def words(self) -> list[str]:
        return self.exec_form or self.value.split()


@dataclass
class Stage:
    """From one FROM to the next. `base` has its ARGs filled in; `known` is false where one had no default."""

    name: str
    base: str
    line: int
    known: bool = True
    written: str = ""
    """The base with its variables as they stand."""
    instructions: list[Instruction] = field(default_factory=list)


@dataclass
class Dockerfile:
    syntax: str | None
    instructions: list[Instruction]
    stages: list[Stage]
    arguments: dict[str, str]

    def effective(self) -> list[Instruction]:
        """Instructions of the last stage and of the stages it is built from, in the order in which they apply."""
        chain: list[Instruction] = []
        index: int | None = len(self.stages) - 1 if self.stages else None
        while index is not None:
            chain = self.stages[index].instructions + chain
            index = self._stage_index(self.stages[index].base, index)
        return chain

    def last(self, keyword: str) -> Instruction | None:
        return next((i for i in reversed(self.effective()) if i.keyword == keyword), None)

    def base_images(self) -> list[BaseImage]:
        """Every FROM in order, with how firmly it is pinned."""
        return [BaseImage(reference=stage.base[:300], pin=self._pin(index, stage)) for index, stage in enumerate(self.stages)]

    def copied_images(self) -> list[BaseImage]:
        """Every other image that COPY or a mount takes files out of; stages and their numbers are none."""
        names = {stage.name for stage in self.stages if stage.name}
        taken = [i.flags.get("from", "") for i in self.instructions if i.keyword == "COPY"]
        taken += [found for i in self.instructions if i.keyword == "RUN" for found in re.findall(r"\bfrom=([^,\s]+)", i.flags.get("mount", ""))]
        filling = Filling(self.arguments)
        images = [(filling.fill(raw), not unresolved(raw, self.arguments)) for raw in dict.fromkeys(taken) if raw]
        others = [(name, known) for name, known in images if name.lower() not in names and not name.isdigit()]
        return [BaseImage(reference=name[:300], pin=_firmness(name, known), copied=True) for name, known in others if name]

    def exposed_ports(self) -> list[int]:
        ports: list[int] = []
        filling = Filling(self.variables())
        for instruction in self.effective():
            if instruction.keyword == "EXPOSE":
                values = (filling.fill(word) for word in instruction.value.split())
                told = [v.split("/")[0] for v in values if not v.endswith("/udp")]
                ports += [int(port) for port in told if _PORT.fullmatch(port) and 0 < int(port) < 65536]
        return list(dict.fromkeys(ports))

    def healthcheck(self) -> bool:
        found = self.last("HEALTHCHECK")
        return found is not None and found.value.upper().split()[:1] != ["NONE"] and bool(found.value)

    def shell_form(self) -> bool:
        """Whether PID 1 is a shell: the entry point, or without one the command, is in shell form and does not `exec` away."""
        chosen = self.last("ENTRYPOINT") or self.last("CMD")
        return chosen is not None and chosen.exec_form is None and not re.match(r"^\s*exec\s", chosen.value)

    def variables(self) -> dict[str, str]:
        """ARG defaults and ENV values that hold in the last stage; good enough for COPY and EXPOSE."""
        filling = Filling(self.arguments)
        for instruction in self.instructions:
            if instruction.keyword in ("ARG", "ENV"):
                filling.known |= _assignments(instruction.value, filling)
        return filling.known

    def buildkit_reasons(self) -> list[str]:
        """What in this file the classic builder cannot do; empty when it can."""
        reasons = ["heredoc"] if any(i.heredoc for i in self.instructions) else []
        wanted = {"RUN": {"mount", "network", "security"}, "COPY": {"link", "chmod", "parents", "exclude"}, "ADD": {"link", "chmod", "checksum"}}
        for instruction in self.instructions:
            reasons += [f"{instruction.keyword} --{flag}" for flag in instruction.flags if flag in wanted.get(instruction.keyword, ())]
        return list(dict.fromkeys(reasons))

    def _stage_index(self, base: str, before: int) -> int | None:
        name = base.lower()
        return next((n for n in reversed(range(before)) if self.stages[n].name == name), None)

    def _pin(self, index: int, stage: Stage) -> Pin:
        if stage.base == "scratch" or self._stage_index(stage.base, index) is not None:
            return "stage"
        return _firmness(stage.base, stage.known)


def _firmness(reference: str, known: bool) -> Pin:
    """How firmly a reference names one image; not `known` are those with a variable that has no default."""
    if "@sha256:" in reference:
        return "digest"
    _, colon, tag = reference.rpartition("/")[2].partition(":")
    return "version" if known and colon and tag != "latest" and re.search(r"\d", tag) else "floating"


def parse(text: str) -> Dockerfile:
    """Parse the text of a Dockerfile; a file without FROM has no stages. Raises Trouble(build_failed) as `Filling` does, and for nothing else."""
    syntax, instructions = _read(text)
    filling = Filling({})
    stages: list[Stage] = []
    for instruction in instructions:
        if instruction.keyword == "ARG" and not stages:
            filling.known |= _assignments(instruction.value, filling)
        elif instruction.keyword == "FROM":
            words = instruction.value.split()
            name = words[2].lower() if len(words) >= 3 and words[1].lower() == "as" else ""
            raw = words[0].strip("\"'") if words else ""
            stages.append(Stage(name, filling.fill(raw), instruction.line, not unresolved(raw, filling.known), raw))
        elif stages:
            stages[-1].instructions.append(instruction)
    return Dockerfile(syntax, instructions, stages, filling.known)


def instructions_of(text: str) -> list[Instruction]:
    """The instructions alone, with their variables as they stand. Never raises."""
    return _read(text)[1]


def _read(text: str) -> tuple[str | None, list[Instruction]]:
    lines = text.split("\n")  # as the engine does it: splitlines() also splits at a form feed, which it takes for a blank
    syntax, escape, start = _directives(lines)
    return syntax, _instructions(lines, escape, start)


def _directives(lines: list[str]) -> tuple[str | None, str, int]:
    syntax, escape = None, "\\"
    for number, line in enumerate(lines):
        match = _DIRECTIVE.match(line.removeprefix("\ufeff"))
        if match is None:
            return syntax, escape, number
        if match[1].lower() == "syntax":
            syntax = match[2]
        elif match[1].lower() == "escape" and match[2] == "`":
            escape = "`"
    return syntax, escape, len(lines)


def _instructions(lines: list[str], escape: str, start: int) -> list[Instruction]:
    found: list[Instruction] = []
    heredocs = Heredocs(lines)
    number = start
    while number < len(lines) and len(found) < MAX_INSTRUCTIONS:
        first = number
        if not lines[number].strip() or lines[number].lstrip().startswith("#"):
            number += 1
            continue
        pieces, number = _gathered(lines, number, escape)
        keyword, rest = _split_keyword(_joined(pieces))
        after = heredocs.after(number, rest) if keyword in ("RUN", "COPY", "ADD") else None
        number = after or number
        flags, value = _flags(rest)
        found.append(Instruction(keyword, value, first + 1, flags, heredoc=after is not None, told=rest))
    return found


def found_anywhere(text: str) -> Iterator[Instruction]:
    """Every FROM, COPY, RUN and ONBUILD that begins in any line at all: what one engine takes for the text of a heredoc or for the end of an
    instruction, another carries out. To look for what must not be there, not for what is."""
    lines = text.split("\n")
    for escape in ("\\", "`"):
        for number, line in enumerate(lines):
            if _MAY_BE_ONE.match(line):
                keyword, rest = _split_keyword(_joined(_gathered(lines, number, escape, MAX_JOINED)[0]))
                if keyword in ("FROM", "COPY", "RUN", "ONBUILD"):
                    yield Instruction(keyword, rest, number + 1, told=rest)


def _gathered(lines: list[str], number: int, escape: str, most: int = 1 << 30) -> tuple[list[str], int]:
    """The lines of the instruction that begins in line `number`, and the number of the line after it."""
    pieces: list[str] = []
    while number < len(lines) and len(pieces) < most:
        line = lines[number].rstrip()
        number += 1
        if pieces and (not line or line.lstrip().startswith("#")):
            continue  # comments and (deprecated) blank lines inside of a continuation
        pieces.append(line.removesuffix(escape))
        if not line.endswith(escape):
            break
    return pieces, number


def _joined(pieces: list[str]) -> str:
    """Lines of one instruction as the engine joins them, where a word may go on in the next line; blanks at a joint become one."""
    parts = [pieces[0].strip()]
    blank = pieces[0] != pieces[0].rstrip()
    for piece in pieces[1:]:
        if text := piece.strip():
            parts += [" " if blank or piece[0].isspace() else "", text]
            blank = False
        blank = blank or piece != piece.rstrip()
    return "".join(parts).strip()


def _split_keyword(text: str) -> tuple[str, str]:
    """(keyword in capitals, the rest)."""
    words = text.split(None, 1)
    return (words[0].upper() if words else ""), (words[1] if len(words) > 1 else "")


def trigger_of(text: str) -> Instruction:
    """What stands behind ONBUILD, as the instruction that it becomes in a build on top."""
    keyword, rest = _split_keyword(text.strip())
    flags, value = _flags(rest)
    return Instruction(keyword, value, 0, flags, told=rest)


def _flags(rest: str) -> tuple[dict[str, str], str]:
    flags: dict[str, str] = {}
    place = 0  # not a shorter text after each flag: there may be fifty thousand
    while (match := _FLAG.match(rest, place)) is not None:
        flags[match[1]] = match[2] or ""
        place = match.end()
    return flags, rest[place:]


def _json_words(value: str) -> list[str] | None:
    if not value.lstrip().startswith("["):
        return None
    try:
        words = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return words if isinstance(words, list) and all(isinstance(word, str) for word in words) else None


def _assignments(value: str, filling: Filling) -> dict[str, str]:
    """`A=1 B="x y"` or the old `A value`; a bare `ARG A` gives nothing."""
    pairs = _ASSIGNMENT.findall(value)
    if pairs:
        return {name: filling.fill(text.strip("\"'")) for name, text in pairs}
    name, blank, rest = value.partition(" ")
    return {name: filling.fill(rest.strip())} if blank and re.fullmatch(r"[A-Za-z_]\w*", name) else {}
