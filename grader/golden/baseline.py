"""All golden bundles of a challenge against their verdicts: what moved, what cannot be read any more, and how each is mended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import grader.rubric
from grader.golden import expected
from grader.golden.archive import GOLDEN, RECORDED, SUFFIX, cases, golden, pack, unpacked
from grader.golden.movement import moved, table
from grader.run import score as scoring
from grader.run.layout import write
from grader.schema.causes import UsageError
from grader.schema.result import Result
from grader.schema.rubric import Rubric


@dataclass(frozen=True)
class Difference:
    """One bundle that does not say what its golden verdict says. `mend` is a command."""

    name: str
    says: str
    mend: str

    def __str__(self) -> str:
        return f"{self.says}\n  if that is as it should be: {self.mend}"


def verdict_file(challenge: Path, name: str) -> Path:
    return challenge / GOLDEN / f"{name}.txt"


def golden_verdict(challenge: Path, name: str) -> expected.Verdict | None:
    """What is written down of a bundle; None where nothing is yet."""
    path = verdict_file(challenge, name)
    return expected.parse(path.read_text("utf-8")) if path.is_file() else None


def rescored(source: Path, rubric: Rubric) -> Result:
    """Today's result of a golden bundle. UsageError where it is damaged, or of a schema that this version does not read."""
    with unpacked(source) as out:
        result = scoring.judged(out, rubric)
    if result.integrity:
        raise UsageError(result.integrity[0])
    return result


def compared(challenge: Path, names: Sequence[str] = ()) -> list[Difference]:
    """Score golden bundles again, all or these, and say which differ. Takes about a tenth of a second each."""
    rubric = grader.rubric.load()
    return [found for name, source in _chosen(challenge, names).items() for found in _difference(challenge, name, source, rubric)]


def _difference(challenge: Path, name: str, source: Path, rubric: Rubric) -> Iterator[Difference]:
    known = golden_verdict(challenge, name)
    try:
        result = rescored(source, rubric)
    except UsageError as error:
        yield Difference(name, f"{name}: cannot be read any more: {error}", anew(challenge, name, known.mode if known else "quick"))
        return
    if known is None:
        yield Difference(name, f"{name}: no golden verdict yet", baseline_command(challenge))
    elif rows := moved(known, result):
        yield Difference(name, table(name, rows), baseline_command(challenge))


def written(challenge: Path, names: Sequence[str] = ()) -> list[Path]:
    """Make today's verdicts the golden ones, of all bundles or these; verdicts without a bundle go. Raises what `rescored` does."""
    rubric, paths = grader.rubric.load(), []
    for name, source in _chosen(challenge, names).items():
        result = rescored(source, rubric)
        paths.append(verdict_file(challenge, name))
        write(paths[-1], expected.dump(expected.verdict(result), challenge.name))
    for path in (challenge / GOLDEN).glob("*.txt"):
        if path.stem not in golden(challenge):
            path.unlink()
    return paths


def packed(challenge: Path, folder: Path, names: Sequence[str] = ()) -> list[Path]:
    """Pack the output folders in a folder, all or these, as golden bundles, each with today's verdict. Returns the archives."""
    found = cases(folder)
    unknown = [name for name in names if name not in found]
    if unknown:
        raise UsageError(f"{folder} holds no output folder {unknown[0]}; there is {', '.join(found)}")
    chosen = [name for name in found if not names or name in names]
    archives = [pack(found[name], challenge / GOLDEN / f"{name}{SUFFIX}") for name in chosen]
    written(challenge, chosen)
    return archives


def _chosen(challenge: Path, names: Sequence[str]) -> dict[str, Path]:
    every = golden(challenge)
    unknown = [name for name in names if name not in every]
    if unknown:
        raise UsageError(f"{challenge.name} has no golden bundle {unknown[0]}; there is {', '.join(every) or 'none'}")
    return {name: source for name, source in every.items() if not names or name in names}


def baseline_command(challenge: Path) -> str:
    """What makes today's verdicts golden, once somebody has read what moved."""
    return f"grader challenge golden {challenge.name} --write"


def anew(challenge: Path, name: str, mode: str) -> str:
    """How a bundle that cannot be read any more is recorded again."""
    if (challenge / RECORDED / name).is_dir():
        return "make record"
    repack = f"grader challenge golden {challenge.name} --only {name} --pack"
    if (challenge / "mutants" / name).is_dir():
        return f"grader challenge validate {challenge.name} --only {name}, then {repack} ~/.cache/grader/validation/{challenge.name}"
    origin = f"challenges/{challenge.name}/submissions/{name.partition('.')[0]}"  # the cache of validations names oracle.full so
    return f"grader grade {origin} -c {challenge.name} -m {mode} -o out/golden/{name} && {repack} out/golden"
