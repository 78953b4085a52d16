"""The strongest isolation that the engine offers to a candidate's container, and how the evidence tells of it."""

from __future__ import annotations

import os
import re
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
    named = wanted() if named is None else named
    if named == AS_THE_ENGINE:
        return None
    if named:
        if named not in offered:
            raise UsageError(f"{ENVIRONMENT}={named}: the engine has {', '.join(sorted(offered)) or 'no runtimes'}; or set it to {AS_THE_ENGINE}")
        return named
    return next((name for name in SANDBOXED if name in offered), None)


def wanted() -> str:
    """What the operator named, "" for nothing."""
    return os.environ.get(ENVIRONMENT, "")


def remapped_root(info: Mapping[str, Any]) -> tuple[int, int]:
    """Ids on this host of the containers' uid and gid 0: (0, 0), or where an engine with user namespaces has put them.

    Such an engine names the folder of its data after them, for instance /var/lib/docker/165536.165536.
    """
    options = [str(option) for option in info.get("SecurityOptions") or ()]
    found = re.search(r"/([0-9]+)\.([0-9]+)/?$", str(info.get("DockerRootDir") or ""))
    if not found or not any("name=userns" in option.split(",") for option in options):
        return 0, 0
    return int(found[1]), int(found[2])


def in_words(info: Mapping[str, Any], runtime: str | None, kept_from: str = "") -> str:
    """For instance "runc; seccomp, apparmor, user namespaces". `kept_from`: a stronger runtime that is not used, and why."""
    known = {"userns": "user namespaces", "rootless": "rootless engine"}
    options = [str(option) for option in info.get("SecurityOptions") or ()]
    names = [field.removeprefix("name=") for option in options for field in option.split(",") if field.startswith("name=")]
    used = runtime or str(info.get("DefaultRuntime") or "the engine's runtime")
    said = f"{used}; {', '.join(known.get(name, name) for name in names if name != 'cgroupns') or 'no security options'}"
    return f"{said}; not {kept_from}" if kept_from else said
