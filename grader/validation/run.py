"""Runs cases through the real pipeline: one `grader collect` process each, so that a case that breaks takes nothing with it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from challenges.loader import LoadedChallenge
from challenges.mutants import plant
from challenges.narrow import PART, narrow
from grader import rubric as rubrics
from grader.judge import judge
from grader.run.score import render
from grader.schema.base import Culprit
from grader.schema.bundle import Bundle
from grader.schema.result import Outcome, Result
from grader.validation.cache import Place, place
from grader.validation.cases import Case
from harness import bundle as bundles
from harness.source import clone, probes

ATTEMPTS = 2
"""A run that the host or the grader spoilt is run once more; what is spoilt then stays open."""
LONGEST_S = 3600.0
WORK = "grader-validate-"
SCANNED = "repository"
"""The one collector whose evidence depends on the files alone."""
LEFT_OUT = "upstream_missing"
"""How a stage that a narrowed mode leaves out says so. Nobody's trouble."""


@dataclass(frozen=True)
class Ran:
    """A case and what came of it. `result` is None where not even a bundle was left; `trouble` says why, or what spoilt it.

    `seconds` is what its run took, then or now, but for the wait for a slot.
    """

    case: Case
    result: Result | None
    seconds: float
    cached: bool
    trouble: str | None = None


def run_all(
    todo: Sequence[Case], challenge: LoadedChallenge, base: Path, jobs: int, ended: Callable[[Ran], None], *, fresh: bool = False
) -> list[Ran]:  # fmt: skip
    """Run what the cache does not hold, `jobs` at a time: measuring waits for a slot of the host, builds overlap it. Results in the given order.

    What it does hold is scanned and judged first: none of that may take time from a run that is measured. An interrupt ends every run
    under way in order, and nothing is begun after it.
    """
    runner = _Runner(challenge, base, fresh)
    done: dict[str, Ran] = {}
    for case in todo:
        if ran := runner.kept(case):
            done[case.key] = ran
            ended(ran)
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        waiting = {pool.submit(runner.run, case): case.key for case in todo if case.key not in done}
        try:
            for future in as_completed(waiting):
                done[waiting[future]] = future.result()
                ended(done[waiting[future]])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            runner.stop()
            raise
    return [done[case.key] for case in todo]


class _Runner:
    """Runs cases, each in a process of its own, and ends those processes when it is told to stop."""

    def __init__(self, challenge: LoadedChallenge, base: Path, fresh: bool) -> None:
        self.challenge, self.base, self.fresh = challenge, base, fresh
        self._children: set[subprocess.Popen[str]] = set()
        self._lock, self._stopped = threading.Lock(), False

    def kept(self, case: Case) -> Ran | None:
        """What the cache holds of a case, where that is a sound run."""
        ran = None if self.fresh else known(case, self.challenge, self.base)
        return ran if ran is not None and ran.trouble is None else None

    def run(self, case: Case) -> Ran:
        """Anew; a run that was spoilt once more."""
        kept = place(case, self.challenge, self.base)
        if self.fresh:
            kept.clear()
        for _ in range(ATTEMPTS):
            ran = self._collected(case, kept)
            if ran.trouble is None or self._stopped:
                break
        return ran

    def stop(self) -> None:
        """End what runs. A collection that is told to end leaves nothing behind."""
        with self._lock:
            self._stopped = True
            for child in self._children:
                child.terminate()

    def _collected(self, case: Case, kept: Place) -> Ran:
        with planted(case) as submission:
            kept.folder.mkdir(parents=True, exist_ok=True)
            said = self._said(self._command(case, submission, kept))
        if not kept.filled:
            return Ran(case, None, 0.0, False, said or "it ended without a bundle and without a word")
        return _judged(case, self.challenge, kept, cached=False)

    def _command(self, case: Case, submission: Path, kept: Place) -> list[str]:
        narrowed = [] if case.stages is None else ["--stages", ",".join(case.stages)]
        what = [str(submission), "-c", self.challenge.spec.slug, "-m", case.mode, *narrowed, "-o", str(kept.folder)]
        return [sys.executable, "-m", "grader", "collect", *what]

    def _said(self, command: Sequence[str]) -> str:
        """Run it; the last line that it said on standard error."""
        env = {**os.environ, "GRADER_CHALLENGES_ROOT": str(self.challenge.folder.parent)}
        with self._lock:
            if self._stopped:
                return "interrupted"
            child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=env)
            self._children.add(child)
        try:
            _, said = child.communicate(timeout=LONGEST_S)
        except subprocess.TimeoutExpired:
            child.terminate()
            _, said = child.communicate()
        finally:
            self._children.discard(child)
        return (said.strip().splitlines() or [""])[-1]


def known(case: Case, challenge: LoadedChallenge, base: Path) -> Ran | None:
    """What the cache holds of a case, its files scanned by today's code, judged by today's rubric; None if nothing."""
    kept = place(case, challenge, base)
    return _judged(case, challenge, kept, cached=True) if kept.filled else None


def _judged(case: Case, challenge: LoadedChallenge, kept: Place, *, cached: bool) -> Ran:
    """Today's rubric and challenge on the kept evidence; reports beside it, for whoever wants to see why."""
    spec = challenge.spec if case.stages is None else narrow(challenge.spec, case.mode, case.stages)
    bundle = bundles.read(kept.folder / "bundle")
    result = judge(rescanned(bundle, case, challenge) if cached else bundle, rubrics.load().lifted, spec, case.mode if case.stages is None else PART)
    if not cached:
        render(result, kept.folder)
    seconds = result.run.wall_s - result.run.waited_s if result.run else 0.0
    return Ran(case, result, seconds, cached, spoilt(result, case.mutant.expect.flips if case.mutant else None))


def rescanned(bundle: Bundle, case: Case, challenge: LoadedChallenge) -> Bundle:
    """The bundle as it would be if its submission's files were scanned today. One whose files were refused then has no scan to take anew."""
    if SCANNED not in bundle.evidence:
        return bundle
    with planted(case) as submission, tempfile.TemporaryDirectory(prefix=WORK) as work:
        tree = clone.obtain(str(submission), Path(work) / "tree", challenge.spec.limits)
        return replace(bundle, evidence={**bundle.evidence, SCANNED: probes.scan(tree, challenge)})


@contextmanager
def planted(case: Case) -> Iterator[Path]:
    """The case's submission, with the mutant's defect in it, for the `with` block."""
    with tempfile.TemporaryDirectory(prefix=WORK) as work:
        yield plant(case.mutant, case.submission, Path(work) / case.id) if case.mutant else case.submission


def spoilt(result: Result, wanted: Sequence[str] | None) -> str | None:
    """What of ours or of the host's went wrong, if anything did, as far as the checks in `wanted` (None: all) stand on it."""
    if result.integrity:
        return f"bundle: {result.integrity[0]}"
    ours = [failure for failure in result.failures if failure.culprit is not Culprit.CANDIDATE and failure.cause != LEFT_OUT]
    if ours:
        return f"{ours[0].stage}: {ours[0].sentence}"
    blamed = [c for c in result.checks if c.outcome == Outcome.UNKNOWN and c.culprit is Culprit.HOST and (wanted is None or c.id in wanted)]
    return f"{blamed[0].id}: {blamed[0].observed}" if blamed else None
