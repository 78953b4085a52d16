"""Whether the tag of a base image names a release, or a line that moves on by itself. Pure; the registry is not asked."""

from __future__ import annotations

import re

MOVING = frozenset({"latest", "stable", "edge", "current", "mainline", "nightly", "lts", "rolling", "main", "master", "develop", "snapshot"})
"""Tags that are moved along with every release, whatever stands behind them (`latest-py3`, `lts-alpine3.20`)."""
_SYSTEM = re.compile(r"^(?:alpine|debian|ubuntu|fedora|ubi|centos|rocky|alma)[\d.]+$")
"""The system below the image: its version says nothing about what lies on it."""
_BUILD = re.compile(r"\d{8}|\d{4}-\d{2}-\d{2}|\b(?=[a-f]*\d)[0-9a-f]{7,40}\b")
"""A date, or the name of a commit: one build."""
FEW = 10
"""Below, a number that stands alone is a major version whose minor ones break (`python:3`); from here on it is a release line of its own
(`debian:12`, `node:22`, `temurin:21`)."""
_MAJOR_IS_THE_LINE = re.compile(r"linux|^ubi\d*|centos|temurin|corretto|openjdk|(?:^|-)j[dr]k")
"""Images whose majors live side by side for years also below ten (`almalinux:9`, `temurin:8`); `alpine` is none of them."""


def moves(reference: str) -> str | None:
    """Why a tag moves, though it may hold a digit; None where it names a release or one build. For references without a digest."""
    parts = re.split(r"[-_]", tag_of(reference).lower())
    if _BUILD.search(tag_of(reference).lower()):
        return None
    if parts[0] in MOVING:
        return f"`{parts[0]}` is moved along"
    if all(_SYSTEM.match(part) or not re.search(r"\d", part) for part in parts):
        return "only the system below it has a version"
    return None


def major_only(reference: str) -> bool:
    """Whether all that a tag names is a major version, as `python:3-slim` does."""
    if _MAJOR_IS_THE_LINE.search(reference.rpartition("/")[2].partition(":")[0].lower()):
        return False
    numbers = [re.findall(r"\d+", part) for part in re.split(r"[-_]", tag_of(reference).lower()) if not _SYSTEM.match(part)]
    told = [number for number in numbers if number]
    return bool(told) and all(len(number) == 1 and int(number[0]) < FEW for number in told)


def tag_of(reference: str) -> str:
    """What stands behind the colon of the last part; a registry's port is no tag."""
    return reference.partition("@")[0].rpartition("/")[2].partition(":")[2]
