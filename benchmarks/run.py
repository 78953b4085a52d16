"""The whole benchmark: runs the parts, prints a table of each, and says which bars were held, in one JSON file and, on demand, in the README.

Exit code 0: every bar of the parts that ran is held; 1: one is missed; 3: none is missed, but one could not be decided.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

from benchmarks import peers, report
from benchmarks.aim import Parser
from benchmarks.bars import Verdict, exit_code, judged
from benchmarks.bench import ROOT, Bench
from benchmarks.parts import capacity, efficiency, grading, lag, truth
from benchmarks.report import Findings
from grader.schema.causes import Trouble, UsageError
from harness.host import fingerprint

PARTS: dict[str, Callable[[Bench], Findings]] = {
    "truth": truth.run,
    "lag": lag.run,
    "efficiency": efficiency.run,
    "capacity": capacity.run,
    "grading": grading.run,
}
OUT = "out/bench/bench.json"
README = ROOT / "README.md"


def main(arguments: Sequence[str]) -> int:
    asked = parser().parse_args(arguments)
    names = _chosen(asked.only)
    bench = Bench(_say, _positive(asked.seconds), asked.lock, asked.graded, _searches(asked.searches))
    if asked.readme and (asked.only is not None or asked.seconds is not None):
        raise UsageError("--readme: the README shows whole runs only, without --only and --seconds")
    out = _folder_of(Path(asked.out))
    if asked.graded is not None:
        grading.run_facts(asked.graded)  # a folder without them is a usage error, better told now than at the end
    if asked.install:
        peers.install(_say)
    begun = datetime.now(UTC).isoformat(timespec="seconds")
    parts = {name: _part(name, bench) for name in names}
    verdicts = judged({name: findings.figures for name, findings in parts.items()})
    print(report.verdict_table(verdicts).text())
    for verdict in verdicts:
        if verdict.status != "held":
            print(f"{verdict.status.upper()}: {verdict.sentence}")
    _write(out, begun, parts, verdicts)
    text = report.markdown([table for findings in parts.values() for table in findings.brief], verdicts, about(asked.seconds))
    out.with_suffix(".md").write_text(text + "\n", encoding="utf-8")
    print(f"figures in {asked.out}, as Markdown in {Path(asked.out).with_suffix('.md')}")
    if asked.readme:
        report.rewrite(README, text)
        print("README.md rewritten between its markers")
    return exit_code(verdicts)


def parser() -> Parser:
    epilog = "`python -m benchmarks aim HOST:PORT` points the engine at any server instead; see its --help"
    plain = argparse.RawDescriptionHelpFormatter
    made = Parser(prog="python -m benchmarks", description=__doc__, epilog=epilog, allow_abbrev=False, formatter_class=plain)
    made.add_argument("--only", metavar="PARTS", help=f"of {','.join(PARTS)}; all by default")
    made.add_argument("--seconds", metavar="S", help="at most so long per measurement; truth takes whole periods of 10 s")
    made.add_argument("--searches", default="6", metavar="N", help="capacity searches, 6 by default")
    made.add_argument("--graded", type=Path, metavar="DIR", help="output folder of a finished grading, instead of grading the reference")
    made.add_argument("-o", "--out", default=OUT, metavar="FILE", help=f"JSON file, {OUT} by default; the Markdown goes beside it")
    made.add_argument("--readme", action="store_true", help="rewrite the README's tables; needs all parts at full length")
    made.add_argument("--install", action="store_true", help="first install hey and wrk from Debian packages, as root")
    made.add_argument("--lock", type=Path, metavar="FILE", help="hold this file's lock around every measurement, on a shared machine")
    return made


def about(seconds: str | None) -> str:
    host = fingerprint("")
    short = f", shortened to {seconds} s per measurement" if seconds else ""
    return f"Measured by `make bench` on {host.cores} cores, Linux {host.kernel.split('-')[0]}, Python {host.python}{short}."


def _part(name: str, bench: Bench) -> Findings:
    """Run one part and print it. What breaks it is its reason for having no figures; the other parts go on."""
    try:
        findings = PARTS[name](bench)
    except Trouble as trouble:
        if trouble.cause == "interrupted":
            raise
        findings = Findings(missing={name: str(trouble)}, notes=[str(trouble)])
    for table in findings.tables:
        print(f"\n{table.text()}")
    for note in findings.notes:
        print(f"  note: {note}")
    print(flush=True)
    return findings


def _write(out: Path, begun: str, parts: Mapping[str, Findings], verdicts: Sequence[Verdict]) -> None:
    record = {
        "schema_version": 1,
        "begun": begun,
        "host": fingerprint("").model_dump(mode="json"),
        "bars": [_bar(verdict) for verdict in verdicts],
        "parts": {name: findings.record() for name, findings in parts.items()},
    }
    out.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _bar(verdict: Verdict) -> dict[str, object]:
    bar = {key: value for key, value in asdict(verdict.bar).items() if key != "unit"}
    figures = {"measured": verdict.measured, "of_limit": verdict.of_limit}
    finite = {key: value if value is not None and isfinite(value) else None for key, value in figures.items()}
    return {**bar, **finite, "status": verdict.status, "why": verdict.why or verdict.excuse}


def _chosen(only: str | None) -> list[str]:
    names = [name.strip() for name in only.split(",")] if only is not None else list(PARTS)
    if unknown := [name for name in names if name not in PARTS]:
        raise UsageError(f"--only: no part is called {unknown[0]!r}; choose from {', '.join(PARTS)}")
    return [name for name in PARTS if name in names]


def _positive(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        raise UsageError(f"--seconds {text!r}: not a number") from None
    if not 1 <= value <= 3600:
        raise UsageError(f"--seconds {text!r}: it must be from 1 to 3600")
    return value


def _searches(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 2 <= int(text) <= 100:
        raise UsageError(f"--searches {text!r}: it must be a whole number from 2 to 100")
    return int(text)


def _folder_of(path: Path) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a"):
            return path
    except OSError as error:
        raise UsageError(f"-o {str(path)!r}: {error.strerror}") from None


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
