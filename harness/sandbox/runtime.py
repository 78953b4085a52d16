"""The strongest isolation that the engine offers to a candidate's container, and how the evidence tells of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from grader.schema.causes import UsageError

ENVIRONMENT = "GRADER_RUNTIME"
SANDBOXED = ("runsc", "kata", "kata-runtime")
"""Runtimes that put a kernel of their own between a container and this host's, by the names under which they are usually registered."""

AS_THE_ENGINE = "engine"


def chosen(info: Mapping[str, Any], named: str | None = None) -> str | None:
    """The runtime for a candidate, None for the engine's default.

    The operator's choice (`named`, by default $GRADER_RUNTIME: a registered name, or `engine`), else a sandboxed one where the engine has
    one. `info` is the engine's own account. Raises UsageError for a runtime that the engine does not have.
    """
    offered = info.get("Runtimes") or {}
    named = os.environ.get(ENVIRONMENT, "") if named is None else named
    if named == AS_THE_ENGINE:
        return None
    if named:
        if named not in offered:
            raise UsageError(f"{ENVIRONMENT}={named}: the engine has {', '.join(sorted(offered)) or 'no runtimes'}; or set it to {AS_THE_ENGINE}")
        return named
    return next((name for name in SANDBOXED if name in offered), None)


def in_words(info: Mapping[str, Any], runtime: str | None) -> str:
    """For instance "runc; seccomp, apparmor, user namespaces"."""
    known = {"userns": "user namespaces", "rootless": "rootless engine"}
    options = [str(option) for option in info.get("SecurityOptions") or ()]
    names = [field.removeprefix("name=") for option in options for field in option.split(",") if field.startswith("name=")]
    used = runtime or str(info.get("DefaultRuntime") or "the engine's runtime")
    return f"{used}; {', '.join(known.get(name, name) for name in names if name != 'cgroupns') or 'no security options'}"
