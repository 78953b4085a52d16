"""What a whole grading costs beyond what it measures: its wall time by stage, as shares of the measured windows.

Reads the run facts of a finished grading (`--graded DIR`), or grades the bundled reference once in quick mode.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from pydantic import ValidationError

from benchmarks.bench import ROOT, Bench
from benchmarks.report import Cell, Column, Findings, Table
from grader.run.exits import Exit
from grader.schema.causes import UsageError
from grader.schema.evidence.manifest import RunFacts

SUBMISSION, CHALLENGE = "challenges/fraud-scoring/submissions/oracle", "fraud-scoring"
OUT = "out/bench-graded"
PLACES = ("result.json", "bundle/manifest.json", "manifest.json")
"""Where run facts stand: in an output folder, or in a bundle's own."""

DEADLINE_S = 1800.0

COLUMNS = (Column("stage"), Column("seconds", 1), Column("of them measured", 1), Column("of all measured windows", 1, " %"))


def run(bench: Bench) -> Findings:
    if bench.graded is None:
        bench.say("grading: the bundled reference, quick mode")
        with bench.locked():
            if why := _grade(ROOT / OUT):
                return Findings(missing={"grading": why})
    return findings(run_facts(bench.graded or ROOT / OUT))


def findings(facts: RunFacts) -> Findings:
    """Waiting for another grading's slot is nobody's cost and is left out."""
    wall, owed = facts.wall_s - facts.waited_s, facts.measured_s + facts.build_s
    rows = [_row(stage.name, stage.seconds, stage.measured_s, facts.measured_s) for stage in facts.stages]
    rows.append(_row("the build's share", facts.build_s, 0.0, facts.measured_s))
    rows.append(_row("whole run, without waiting for a slot", wall, facts.measured_s, facts.measured_s))
    result = Findings([Table("A grading's wall time by stage (stages before the first window overlap)", COLUMNS, rows)])
    result.notes.append(f"without its build a grading takes {facts.overhead:.2f}x its measured windows")
    result.notes += [f"stage {stage.name} failed: {stage.failure.sentence}" for stage in facts.stages if stage.failure]
    if facts.measured_s:
        result.values["grading.wall"] = wall / owed
    else:
        result.missing["grading"] = "nothing was measured in that grading"
    return result


def run_facts(folder: Path) -> RunFacts:
    """Of an output folder or a bundle. Raises UsageError where there are none."""
    path = next((folder / place for place in PLACES if (folder / place).is_file()), None)
    if path is None:
        raise UsageError(f"{folder} is no output folder of a grading: it holds none of {', '.join(PLACES)}")
    try:
        return RunFacts.model_validate(json.loads(path.read_text(encoding="utf-8"))["run"])
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise UsageError(f"{path} holds no run facts: {type(error).__name__}") from None


def _grade(out: Path) -> str:
    """Grade the reference; what went wrong where it could not be done, else nothing."""
    command = [sys.executable, "-m", "grader", "grade", SUBMISSION, "--challenge", CHALLENGE, "--mode", "quick", "-o", str(out)]
    try:
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=DEADLINE_S)
    except subprocess.TimeoutExpired:
        return f"the grading did not end within {DEADLINE_S:.0f} s"
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return f"no grading: {said[-1] if said else done.returncode}" if done.returncode in (Exit.USAGE, Exit.TROUBLE) else ""


def _row(name: str, seconds: float, measured: float, windows: float) -> list[Cell]:
    return [name, seconds, measured or None, seconds / windows * 100 if windows else None]
