"""One validation: run what is not known yet, hold it against the oracle, say what is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from challenges.loader import LoadedChallenge
from grader import __version__
from grader import rubric as rubrics
from grader.schema.causes import Trouble
from grader.schema.result import Result
from grader.schema.validation import MutantVerdict, ReferenceScore, Validation
from grader.validation import kill
from grader.validation.cache import measuring_digest, scanning_digest
from grader.validation.cases import BARS, Case, cases, chosen
from grader.validation.missing import missing
from grader.validation.run import Ran, known, run_all

FULL = 10_000


@dataclass(frozen=True)
class Wanted:
    """What to validate. No `only`: everything. `full` runs every stage of the widest mode for every case, `fresh` ignores what is cached."""

    challenge: LoadedChallenge
    cache: Path
    only: Sequence[str] = ()
    jobs: int = 1
    full: bool = False
    fresh: bool = False
    promises: Sequence[str] = ()


def validate(wanted: Wanted, ended: Callable[[Ran, MutantVerdict | ReferenceScore | None], None]) -> Validation:
    """Run and judge. `ended` hears of every case in the order in which they end. Raises Trouble where the oracle itself gave no result."""
    challenge, rubric = wanted.challenge, rubrics.load().lifted
    everything = cases(challenge, full=wanted.full)
    todo = chosen(everything, wanted.only)
    reference = _oracle(todo[0], wanted, ended)
    oracle = reference.result if reference else None

    def said(ran: Ran) -> None:
        ended(ran, _verdict(ran, oracle))

    def _verdict(ran: Ran, oracle: Result | None) -> MutantVerdict | ReferenceScore | None:
        if ran.case.mutant is None:
            return score_of(ran)
        if ran.result is None or ran.trouble:
            return kill.unknown(ran.case, ran.trouble or "no result", ran.seconds)
        return kill.verdict(ran.case, ran.result, oracle, challenge.spec, rubric, ran.seconds)

    rest = run_all(todo[1:], challenge, wanted.cache, wanted.jobs, said, fresh=wanted.fresh)
    verdicts = [_verdict(ran, oracle) for ran in rest]
    return Validation(
        challenge=challenge.spec.slug,
        challenge_digest=challenge.spec.digest,
        rubric_digest=rubric.digest,
        grader_version=__version__,
        measuring_digest=measuring_digest(),
        scanning_digest=scanning_digest(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        host=oracle.host if oracle else None,
        references=[score for score in (score_of(reference) if reference else None, *verdicts) if isinstance(score, ReferenceScore)],
        mutants=[verdict for verdict in verdicts if isinstance(verdict, MutantVerdict)],
        missing=missing(everything, challenge.spec, rubric, wanted.promises),
        seconds=round((reference.seconds if reference else 0.0) + sum(ran.seconds for ran in rest), 1),
    )


def _oracle(case: Case, wanted: Wanted, ended: Callable[[Ran, MutantVerdict | ReferenceScore | None], None]) -> Ran | None:
    """The oracle comes first: everything else is held against it. Who asks for single mutants does not wait for it: full credit stands in."""
    if wanted.only and case.id not in wanted.only:
        return known(case, wanted.challenge, wanted.cache)
    (ran,) = run_all([case], wanted.challenge, wanted.cache, 1, lambda _: None, fresh=wanted.fresh and not wanted.only)
    ended(ran, score_of(ran))
    if ran.result is None:
        raise Trouble("internal_error", f"the oracle gave no result: {ran.trouble}")
    return ran


def score_of(ran: Ran) -> ReferenceScore | None:
    """A reference's score against its bar; None where there is no result."""
    if ran.result is None:
        return None
    result, bar = ran.result, BARS[ran.case.kind]
    return ReferenceScore(
        id=ran.case.id, kind=ran.case.kind, mode=ran.case.mode, low=result.score.low, high=result.score.high, status=result.status,
        gates_failed=[gate.id for gate in result.gates if gate.outcome == "fail"],
        lost={check.id: check.observed for check in result.checks if check.outcome in kill.MEASURED and check.credit_low < FULL},
        bar=bar.says, met=bar.met(result.score), seconds=ran.seconds,
    )  # fmt: skip
