"""What keeps a host from grading. A worker that cannot work takes no work, so that the queue stays whole and others may have it."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable
from typing import cast

from grader.jobs.model import UnavailableError
from grader.jobs.settings import JobSettings
from grader.jobs.store import Store
from grader.schema.causes import Trouble
from harness.sandbox.engine import connect

LEAST_FREE = 2 << 30
"""Bytes on the disk of the data folder below which no image would build."""
ENGINE_S = 5.0


def engine_trouble() -> str:
    """Why the container engine of this host cannot be used, or ""."""
    try:
        connect(ENGINE_S).close()
    except Trouble as trouble:
        return str(trouble)
    return ""


def trouble(settings: JobSettings, store: Store) -> str:
    """The first thing that is missing, as a sentence, or ""."""
    free = shutil.disk_usage(settings.folder).free
    if free < LEAST_FREE:
        return f"The disk of {settings.folder} is full ({free >> 20} MiB are free): free some space."
    try:
        store.answers()
    except UnavailableError as error:
        return str(error)
    return _probe(settings.probe)()


def _probe(reference: str) -> Callable[[], str]:
    module, _, name = reference.partition(":")
    return cast("Callable[[], str]", getattr(importlib.import_module(module), name))
