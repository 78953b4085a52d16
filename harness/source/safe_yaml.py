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
MAX_NUMBER = 300
"""Characters of a whole number: of more digits than `str` writes or a float holds, every reader would have to think."""
MAX_WRITTEN_OUT, MAX_TEXT_WRITTEN_OUT = 100_000, 1 << 20
"""Nodes, and characters of all texts, were every alias written out: whoever walks a document visits as much, and need not know of aliases."""
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


def _whole_number(loader: _Loader, node: yaml.ScalarNode) -> Any:
    if len(node.value) > MAX_NUMBER:
        raise TooMuch("a number of too many digits")
    return loader.construct_yaml_int(node)


_Loader.add_multi_constructor("!", _plain)
_Loader.add_constructor("tag:yaml.org,2002:int", _whole_number)


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
    above = ""
    for line in lines:
        action = _TEMPLATE_LINE.match(line) if line.rstrip().endswith("}}") else None  # else every blank behind `{{` is a place to begin at
        if action is None:
            kept.append(_TEMPLATE.sub(TEMPLATED, line))
            above = kept[-1] if line.strip() else above
            continue
        column = re.search(r"n?indent\s+(\d{1,2})\b", action[2])
        indent = int(column[1]) if column else len(action[1])
        if not _CONTROL.match(action[2]) and above.rstrip().endswith(":") and len(above) - len(above.lstrip(" -")) < indent:
            above = f"{' ' * indent}{TEMPLATED}: {TEMPLATED}"
            kept.append(above)
    return kept


def _check_events(text: str) -> None:
    aliases, size = 0, _Size()
    for number, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        if isinstance(event, yaml.DocumentStartEvent):
            size.anchors.clear()
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            size.begin(event.anchor)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            size.end()
        elif isinstance(event, yaml.ScalarEvent):
            size.add(event.anchor, 1, len(event.value))
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
            size.alias(event.anchor)
        if len(size.open) > MAX_DEPTH or aliases > MAX_ALIASES or number > MAX_EVENTS:
            raise TooMuch("over the limits for depth, aliases or size")


class _Size:
    """Nodes and characters of a text's documents with every alias written out: eight lists of twenty aliases each stand for 20^8 nodes."""

    def __init__(self) -> None:
        self.anchors: dict[str, tuple[int, int]] = {}
        self.open: list[tuple[str | None, int, int]] = []
        self.nodes = self.characters = 0

    def begin(self, anchor: str | None) -> None:
        self.anchors.pop(anchor or "", None)
        self.open.append((anchor, self.nodes, self.characters))
        self.nodes += 1

    def end(self) -> None:
        anchor, nodes, characters = self.open.pop()
        if anchor:
            self.anchors[anchor] = self.nodes - nodes, self.characters - characters

    def add(self, anchor: str | None, nodes: int, characters: int) -> None:
        if anchor:
            self.anchors[anchor] = nodes, characters
        self.nodes += nodes
        self.characters += characters
        if self.nodes > MAX_WRITTEN_OUT or self.characters > MAX_TEXT_WRITTEN_OUT:
            raise TooMuch("over the limits for what aliases stand for")

    def alias(self, anchor: str | None) -> None:
        """One of a node that is still open makes it a part of itself, and never ends."""
        if anchor is None or anchor not in self.anchors:
            raise TooMuch("an alias of what it stands in, or of nothing")
        self.add(None, *self.anchors[anchor])
