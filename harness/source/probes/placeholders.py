"""Words that stand where something was to be written: in a line of prose, and as a value in a file of facts."""

from __future__ import annotations

import re

_WORDS = r"todo|to do|tbd|tba|tbc|fixme|wip|xxx+|changeme|change[-_ ]me|replace[-_ ]me|placeholder|fill[-_ ]?me[-_ ]?in"
_EMPTY = re.compile(
    rf"^(?:{_WORDS}|n\s?/\s?a|na|nil|none(?: yet)?|null|undefined|unknown|unset|missing|not (?:applicable|available|yet|set)|"
    r"nothing(?: yet| here)?|pending|later|coming soon|empty|\.{2,}|…+|\?+|_+|-+)$",
    re.I,
)
_BEGINS = re.compile(r"^(?:todo|tbd|tba|tbc|fixme|wip)\b(?!\s+(?:list|app|item)s?\b)", re.I)
_DONE = (
    r"written|defined|determined|decided|done|documented|added|filled(?: in| out)?|completed|confirmed|announced|provided|described|specified|agreed"
)
_TO_BE = re.compile(
    rf"^(?:still |yet )?(?:to be|will be) (?:{_DONE})\b|\b(?:still|yet|is|are|needs?|remains?) to be (?:{_DONE})(?: later| soon| here)?$|"
    rf"\b(?:will|to) be (?:{_DONE}) (?:later|soon|here)$|\bnot (?:yet )?(?:{_DONE})(?: yet)?$|"
    r"\bcoming soon\b|\bwork in progress\b|\bunder construction\b|"
    r"\b(?:fill|write|add|insert|describe|put|explain|document)\b[^.]{0,60}\bhere$",
    re.I,
)
_UNFILLED = re.compile(r"^(?:\$\{[^}]*\}|\$\([^)]*\)|\{\{.*\}\}|<[^<>]{1,120}>|\[[^\[\]]{2,120}\]|%\w+%|__\w+__|@\w+@)$")
_LOREM = re.compile(r"\blorem ipsum\b|\bdolor sit amet\b", re.I)
_HINT = re.compile(
    r"to.?do|tb[dac]|fixme|wip|xxx|change|replace|placeholder|fill|n\s?/?\s?a|nil|none|null|un|miss|not|pend|later|soon|empty|here|progress|be |"
    r"lorem|dolor|\.\.|[?\u2026_<\[{$%@-]",
    re.I,
)
"""Cheap, and in every line that is a placeholder: documents are long and most lines are none."""
_MARKS = re.compile(r"^[\s>]*(?:(?:[-*+]|\d+[.)])\s+)?(?:\[[ xX]?\]\s*)?")
_LABEL = re.compile(r"^[*_]{0,2}[\w /()&'-]{1,50}?[*_]{0,2}\s*(?::|\s[-\u2013\u2014])[*_]{0,2}\s+(?=\S)")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.S)
MAX_SHORT = 16
"""Words of a line that may be nothing but a promise."""


def says_nothing(value: str) -> bool:
    """Whether a whole text is a placeholder."""
    bare = value.strip().strip("\"'`*_.,;:!()").strip()
    return not bare or bool(_EMPTY.match(bare) or _UNFILLED.match(value.strip().strip("\"'`*_")))


def uncommented(text: str) -> str:
    """Without what no reader sees; as many lines as before."""
    return _COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text)


def written(block: str) -> str:
    """A block of prose with its empty lines blanked: those that only say that something is still to come. As many lines as before."""
    if not _HINT.search(block):
        return block
    if _LOREM.search(block):
        return "\n" * block.count("\n")
    return "\n".join("" if _is_empty(line) else line for line in block.split("\n"))


def _is_empty(line: str) -> bool:
    if not _HINT.search(line) or not re.search(r"\w|\?|\.\.|…", line) or len(line) > 400 or line.lstrip().startswith(("```", "~~~")):
        return False
    if line.strip().startswith("|"):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        return len(cells) > 1 and not re.fullmatch(r"[\s|:-]+", line) and all(says_nothing(cell) for cell in cells[1:])
    bare = _MARKS.sub("", line)
    rest = _LABEL.sub("", bare)
    told = rest.strip().strip("*_`.…!,;() ").strip()
    return bool(bare.strip()) and (says_nothing(rest) or any(_is_promise(part) for part in (told, bare.strip().strip("*_`.…!,;() "))))


def _is_promise(told: str) -> bool:
    short = len(told.split()) <= MAX_SHORT
    return bool(_BEGINS.search(told)) or (short and "`" not in told and bool(_TO_BE.search(told)))
