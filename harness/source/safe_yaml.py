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
_TEMPLATE_LINE = re.compile(r"^\s*(?:-\s*)?\{\{.*\}\}\s*$", re.M)
_TEMPLATE = re.compile(r"\{\{[^{}]*\}\}")


class TooMuch(yaml.YAMLError):
    """The document is over one of the limits above."""


class _Loader(yaml.CSafeLoader):
    """`<<: [*a, *a]` nested ten deep has few aliases and billions of pairs, so merged pairs are counted too.

    Tags of other tools (`!Ref` of CloudFormation, `!reference` of GitLab) are read as the plain value behind them.
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
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


_Loader.add_multi_constructor("!", _plain)


def documents(text: str, *, templates: bool = True) -> list[Any] | None:
    """All documents of a YAML text (empty ones left out); None if it cannot be parsed within the limits.

    Helm's and similar `{{ … }}` templates are read with the actions replaced, so that their structure can be seen; with `templates` false
    the text is taken as it is (in alert rules such actions are the words of an alert).
    """
    if len(text) > MAX_BYTES:
        return None
    if templates and "{{" in text:
        text = _TEMPLATE.sub("templated", _TEMPLATE_LINE.sub("", text))
    try:
        _check_events(text)
        return [document for document in yaml.load_all(text, Loader=_Loader) if document is not None]
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError, AttributeError):
        return None  # PyYAML lets the errors of date, int and hash constructors through


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
