"""YAML from strangers: no objects, no alias bombs, no deep nesting, no surprises."""

from __future__ import annotations

import re
from typing import Any

import yaml

MAX_BYTES = 512 << 10
MAX_EVENTS = 60_000
MAX_ALIASES = 200
MAX_DEPTH = 40
MAX_MERGED = 20_000
TEMPLATED = "templated"
"""What stands where a template's action stood, as a value and as a key."""

_TEMPLATE_LINE = re.compile(r"^(\s*)(?:-\s*)?\{\{-?\s*(.*)\}\}\s*$")
_TEMPLATE = re.compile(r"\{\{[^{}]*\}\}")
_CONTROL = re.compile(r"^(?:if|else|end|range|with|define|block|template|break|continue)\b|^/\*|^\$\w*\s*:?=")


class TooMuch(yaml.YAMLError):
    """The document is over one of the limits above."""


class _Loader(yaml.CSafeLoader):
    """`<<: [*a, *a]` nested ten deep has few aliases and billions of pairs, so merged pairs are counted too.

    Tags of other tools: a text (`!Ref Cpu`) stands for something else and is read as templated, lists and objects as they are.
    """

    merged = 0

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        super().flatten_mapping(node)
        self.merged += len(node.value)
        if self.merged > MAX_MERGED:
            raise TooMuch("too many merged keys")


def _plain(loader: _Loader, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return TEMPLATED


_Loader.add_multi_constructor("!", _plain)


def documents(text: str, *, templates: bool = True) -> list[Any] | None:
    """All documents of a YAML text (empty ones left out); None if it cannot be parsed within the limits.

    Helm's and similar `{{ … }}` templates are read with the actions replaced, so that their structure can be seen; with `templates` false
    the text is taken as it is (in alert rules such actions are the words of an alert).
    """
    if len(text) > MAX_BYTES:
        return None
    if templates and "{{" in text:
        text = "\n".join(plain_lines(text.splitlines()))
    try:
        _check_events(text)
        return [document for document in yaml.load_all(text, Loader=_Loader) if document is not None]
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError, AttributeError):
        return None  # PyYAML lets the errors of date, int and hash constructors through


def plain_lines(lines: list[str]) -> list[str]:
    """Without the actions of a template. Right below a key, a line that is one action gives the key something: it is not left empty."""
    kept: list[str] = []
    for line in lines:
        action = _TEMPLATE_LINE.match(line)
        if action is None:
            kept.append(_TEMPLATE.sub(TEMPLATED, line))
            continue
        column = re.search(r"n?indent\s+(\d{1,2})\b", action[2])
        indent = int(column[1]) if column else len(action[1])
        above = next((before for before in reversed(kept) if before.strip()), "")
        if not _CONTROL.match(action[2]) and above.rstrip().endswith(":") and len(above) - len(above.lstrip(" -")) < indent:
            kept.append(f"{' ' * indent}{TEMPLATED}: {TEMPLATED}")
    return kept


def _check_events(text: str) -> None:
    depth = aliases = 0
    for number, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            depth += 1
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
        if depth > MAX_DEPTH or aliases > MAX_ALIASES or number > MAX_EVENTS:
            raise TooMuch("over the limits for depth, aliases or size")
