"""A load generator that is left too little of the host: what its experiments show can help a service and never hurt it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

import grader.rubric
from challenges.simulator import Row
from grader.checks.registry import CHECKS
from grader.judge.evaluate import Evaluated, one
from grader.schema.base import Culprit
from grader.schema.bundle import Bundle
from grader.schema.result import Outcome
from harness.faults import stage
from harness.faults.base import Scene

pytestmark = [pytest.mark.engine, pytest.mark.false_blame]

HELD_S, GIVEN_S = 0.15, 0.05


@contextmanager
def starved(pid: int) -> Iterator[None]:
    """Three quarters of the time the process stands still, as on a host that is far too busy."""
    over = threading.Event()

    def starve() -> None:
        while not over.wait(GIVEN_S):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(HELD_S)
            os.kill(pid, signal.SIGCONT)

    thread = threading.Thread(target=starve)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def judged(check: str, scene: Scene, fault: str, rows: list[Row]) -> Evaluated:
    mode = scene.challenge.spec.modes["full"].model_copy(update={"faults": [fault]})
    evidence = stage.collect(scene.topology, scene.candidate, scene.generator, scene.challenge, mode, lambda _: rows, scene.seeds)
    rule = grader.rubric.load().areas["failure"].checks[check].model_copy(update={"behaviour": False})
    return one(CHECKS[check], rule, Bundle(challenge=scene.challenge.spec, evidence={"faults": evidence}), scene.challenge.spec)


@pytest.mark.parametrize(("check", "fault"), [("dependency_slow", "dependency_slow"), ("pause_recovery", "pause")])
def test_a_starved_generator_never_lowers_a_score(start: Callable[..., Scene], rows: list[Row], check: str, fault: str) -> None:
    for scene in (start(), start(DEADLINE_S="0", DRAIN="0")):
        with starved(scene.generator.pid):
            found = judged(check, scene, fault, rows)
        assert found.outcome in (Outcome.PASS, Outcome.UNKNOWN), found.finding.observed
        assert found.outcome is Outcome.PASS or found.finding.culprit is Culprit.HOST
        scene.candidate.remove()
