"""Undoing in order and in full: every step is tried, none may hide the error that led here, and a second Ctrl-C still ends it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack

import requests
from docker.errors import APIError, DockerException, NotFound

from grader.schema.causes import Trouble

log = logging.getLogger(__name__)

IN_PROGRESS = 409


def quietly(what: str, step: Callable[[], object]) -> bool:
    """Run one step of a teardown. What is gone already or is being removed counts as done; anything else is logged, and False."""
    try:
        step()
    except NotFound:
        return True
    except APIError as error:
        if error.status_code == IN_PROGRESS and "in progress" in str(error):
            return True
        log.warning("teardown: %s: %s", what, error)
        return False
    except (DockerException, requests.RequestException, OSError, RuntimeError, Trouble) as error:
        log.warning("teardown: %s: %s", what, error)
        return False
    return True


def together(steps: list[Callable[[], object]]) -> None:
    """Run independent steps at once; the first error is raised after all have ended."""
    if not steps:
        return
    pool = ThreadPoolExecutor(max_workers=len(steps))
    try:
        futures = [pool.submit(step) for step in steps]
        wait(futures)
    finally:
        pool.shutdown(wait=True)  # also after a Ctrl-C: a step that goes on behind our back would create what nobody removes
    for future in futures:
        future.result()


def undo(stack: ExitStack, what: str, step: Callable[[], object]) -> None:
    """Register a quiet step on a stack of teardowns."""
    stack.callback(quietly, what, step)
