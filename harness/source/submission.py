"""`submission.toml`: what a candidate says about the repository that cannot be guessed. Precedence: this, then the challenge, then discovery."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any

from grader.schema.causes import Trouble
from harness.source.preflight import check_name
from harness.source.safe_toml import parsed
from harness.source.tree import SourceTree
from harness.text import one_line

FILE = "submission.toml"
# key -> type that TOML must give; paths are relative to the repository's root
KEYS: dict[str, type] = {
    "dockerfile": str,
    "context": str,
    "port": int,
    "protocol": str,
    "routes": dict,
    "request": dict,
    "rules_file": str,
    "train_command": str,
    "audit_log": str,
}


@dataclass(frozen=True)
class Submission:
    """The parts that the source stage uses, and everything that was given."""

    dockerfile: str | None
    context: str | None
    given: dict[str, Any]


def read(tree: SourceTree) -> Submission | None:
    """The manifest, or None without one. Raises Trouble(submission_manifest_invalid) that names the line."""
    if FILE not in tree.paths:
        return None
    text = tree.text(FILE, 64 << 10)
    if text is None:
        raise Trouble("submission_manifest_invalid", f"{FILE} is not a text file")
    try:
        given = parsed(text)
    except (RecursionError, ValueError) as error:
        said = str(error).replace("at end of document", f"at line {len(text.splitlines()) or 1}, the end of the file")
        raise Trouble("submission_manifest_invalid", f"{FILE}: {one_line(said, 200)}") from None
    for key, value in given.items():
        _check(text, key, value)
    submission = Submission(given.get("dockerfile"), given.get("context"), given)
    _check_paths(text, tree, submission)
    return submission


def _check(text: str, key: str, value: object) -> None:
    if key not in KEYS:
        near = difflib.get_close_matches(key, KEYS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; known keys: {', '.join(KEYS)}"
        raise _invalid(text, key, f"unknown key {one_line(key, 40)!r}{hint}")
    if type(value) is not KEYS[key]:
        wanted = {str: "a string", int: "a whole number", dict: "a table"}[KEYS[key]]
        raise _invalid(text, key, f"{key} must be {wanted}")
    if key == "port" and not 0 < int(str(value)) < 65536:
        raise _invalid(text, key, "port must be between 1 and 65535")


def _check_paths(text: str, tree: SourceTree, submission: Submission) -> None:
    if submission.dockerfile is not None:
        if not _inside(submission.dockerfile):
            raise _invalid(text, "dockerfile", f"{one_line(submission.dockerfile, 80)!r} is not a path inside of the repository")
        if tree.text(submission.dockerfile) is None:
            raise _invalid(text, "dockerfile", f"the repository holds no file {one_line(submission.dockerfile, 80)!r}")
    if submission.context not in (None, "."):
        context = str(submission.context).rstrip("/")
        if not _inside(context):
            raise _invalid(text, "context", f"{one_line(context, 80)!r} is not a path inside of the repository")
        if not any(path.startswith(context + "/") for path in tree.paths):
            raise _invalid(text, "context", f"the repository holds no folder {one_line(context, 80)!r}")


def _inside(path: str) -> bool:
    try:
        check_name(path)
    except Trouble:
        return False
    return True


def _invalid(text: str, key: str, what: str) -> Trouble:
    pattern = re.compile(rf"^\s*\[*\s*[\"']?{re.escape(key)}\b")
    line = next((number for number, content in enumerate(text.splitlines(), 1) if pattern.match(content)), None)
    return Trouble("submission_manifest_invalid", f"{FILE}{f' line {line}' if line else ''}: {what}")
