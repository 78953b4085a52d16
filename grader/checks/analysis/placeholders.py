"""Words that stand where something was to be filled in. Pure."""

from __future__ import annotations

import re

EMPTY = frozenset({
    "", "-", "?", "...", "0", "0.0.0", "0.0.0-dev", "{}", "[]", "dev", "latest", "local", "model", "n/a", "na", "nil", "none", "null", "unknown",
    "undefined", "unset", "missing", "todo", "tbd", "tba", "fixme", "changeme", "change-me", "replace-me", "placeholder", "xxx", "x.y.z", "version",
})  # fmt: skip
"""Texts that tell nothing, in lower case."""
_UNFILLED = re.compile(r"^(?:\$\{[^}]*\}|\$\([^)]*\)|\$\w+|\{\{.*\}\}|<[^<>]*>|%\w+%|__\w+__|@\w+@)$")
"""A variable that nobody filled in, as a whole: `${GIT_COMMIT}`, `{{ .Values.tag }}`, `<version>`."""


def says_nothing(text: str) -> bool:
    """Whether a text is empty, a placeholder, or a template's variable as it stood in the file."""
    bare = text.strip().strip("\"'").strip().lower()
    return bare in EMPTY or bool(_UNFILLED.match(bare))
