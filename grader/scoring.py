"""The whole arithmetic of a score, in one file an outsider can audit. Integers only; no files, no clock, no opinions about checks.

How points come about
1. An area's points (basis points of the headline: 100 points = 10 000) are split over its applicable checks by weight, in whole
   numbers, by Webster's method. A divisor method is used because adding a row can then never raise another row's share, which is
   what makes the law below hold to the last unit.
2. A check earns credit x share, rounded down. Unknown earns 0 in `low` and everything in `high`.
3. The best module counts in each column; the others are shown beside the score.
4. One defect is not punished everywhere: what measured losses with one root cause exceed the cap by is given back, in a row of its
   own, unless a gate failed. Unmeasured losses are never given back.
Laws (tests/scoring): 0 <= low <= high <= 10 000; a better outcome never lowers the score; turning any outcome into `unknown` never
raises low; weights are scale-free; the order of checks does not matter; ledger rows sum exactly to the headline.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from grader.schema.challenge import Scoring
from grader.schema.result import Outcome
from grader.schema.rubric import FULL

BP_PER_POINT = 100
SUFFICIENT = 9_000
"""Coverage in basis points below which an area has insufficient evidence."""

UNMEASURED = frozenset({Outcome.UNKNOWN, Outcome.NEEDS_HUMAN})


@dataclass(frozen=True)
class Judged:
    """One in-scope check as scoring sees it. `credit` is 0..10 000 and ignored where the outcome is unmeasured or not applicable."""

    id: str
    area: str
    weight: int
    outcome: Outcome
    credit: int
    root_cause: str

    @property
    def measured(self) -> bool:
        return self.outcome not in UNMEASURED

    @property
    def applicable(self) -> bool:
        return self.outcome is not Outcome.NOT_APPLICABLE


@dataclass(frozen=True)
class Share:
    """A check's part of its area, in basis points of the headline (as if the area counted)."""

    max_bp: int
    low_bp: int
    high_bp: int


@dataclass(frozen=True)
class AreaScore:
    """An area on its own scale: low, high and coverage in basis points of the area."""

    points: int
    low: int
    high: int
    coverage: int
    counted_low: bool
    counted_high: bool

    @property
    def sufficient(self) -> bool:
        return self.coverage >= SUFFICIENT


@dataclass(frozen=True)
class Refund:
    """What the root-cause cap gives back."""

    root_cause: str
    low_bp: int
    high_bp: int


@dataclass(frozen=True)
class Scored:
    shares: dict[str, Share]
    areas: dict[str, AreaScore]
    refunds: list[Refund]
    low: int
    high: int
    coverage: int

    @property
    def sufficient(self) -> bool:
        """Every area that counts has enough evidence."""
        return all(a.sufficient for a in self.areas.values() if a.counted_low or a.counted_high)


def score(judged: Sequence[Judged], scoring: Scoring, *, gates_hold_low: bool, gates_hold_high: bool) -> Scored:
    """Turn judged checks into points. `gates_hold_*`: no gate failed (low: and none is inconclusive); else nothing is given back."""
    points = {**scoring.core, **dict.fromkeys(scoring.modules, scoring.module_points)}
    by_area: dict[str, list[Judged]] = defaultdict(list)
    for check in sorted(judged, key=lambda c: c.id):
        by_area[check.area].append(check)
    shares = {id: share for area, total in points.items() for id, share in _shares(by_area[area], total * BP_PER_POINT).items()}
    low = _best(judged, shares, scoring, "low_bp", refunds=gates_hold_low)
    high = _best(judged, shares, scoring, "high_bp", refunds=gates_hold_high)
    areas = {
        area: _area(by_area[area], shares, total, counted_low=area in low.areas, counted_high=area in high.areas) for area, total in points.items()
    }
    causes = sorted({*low.refunds, *high.refunds})
    refunds = [Refund(cause, low.refunds.get(cause, 0), high.refunds.get(cause, 0)) for cause in causes]
    return Scored(shares=shares, areas=areas, refunds=refunds, low=low.total, high=high.total, coverage=_coverage(areas))


@dataclass(frozen=True)
class _Column:
    """One end of the interval: which areas count, what is given back, and the sum."""

    areas: frozenset[str]
    refunds: dict[str, int]
    total: int


def _best(judged: Sequence[Judged], shares: Mapping[str, Share], scoring: Scoring, column: str, *, refunds: bool) -> _Column:
    """The column with the module that makes it largest, the cap's refunds included: chosen without them, losing evidence of one module
    could switch to another with larger refunds and raise low. The first module wins a tie."""
    options = (frozenset({*scoring.core, module}) for module in scoring.modules or [""])
    return max((_column(judged, shares, scoring, column, areas, refunds=refunds) for areas in options), key=lambda c: c.total)


def _column(judged: Sequence[Judged], shares: Mapping[str, Share], scoring: Scoring, column: str, areas: frozenset[str], *, refunds: bool) -> _Column:
    counted = [c for c in judged if c.area in areas]
    given_back = _refunds(counted, shares, round(scoring.cause_cap_points * BP_PER_POINT)) if refunds else {}
    return _Column(areas, given_back, sum(getattr(shares[c.id], column) for c in counted) + sum(given_back.values()))


def _refunds(counted: Sequence[Judged], shares: Mapping[str, Share], cap: int) -> dict[str, int]:
    """Root cause -> what its measured losses exceed the cap by."""
    lost: dict[str, int] = defaultdict(int)
    for check in counted:
        if check.measured and check.root_cause:
            lost[check.root_cause] += shares[check.id].max_bp - shares[check.id].low_bp
    return {cause: loss - cap for cause, loss in lost.items() if loss > cap}


def split(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Split `total` whole units by weight (Webster / Sainte-Lague). Ties go to the id that sorts first. Sums exactly to total."""
    whole = sum(weights.values())
    if not whole:
        return {}
    seats = {id: total * weight // whole for id, weight in weights.items()}
    seats = {id: max(0, n - len(weights)) for id, n in seats.items()}  # well below the quota: the divisor method decides the rest
    heap = [(-Fraction(weights[id], 2 * n + 1), id) for id, n in seats.items()]
    heapq.heapify(heap)
    for _ in range(total - sum(seats.values())):
        _, id = heapq.heappop(heap)
        seats[id] += 1
        heapq.heappush(heap, (-Fraction(weights[id], 2 * seats[id] + 1), id))
    return seats


def _shares(checks: Iterable[Judged], total: int) -> dict[str, Share]:
    checks = list(checks)
    maxima = split(total, {c.id: c.weight for c in checks if c.applicable})
    return {c.id: _share(c, maxima.get(c.id, 0)) for c in checks}


def _share(check: Judged, max_bp: int) -> Share:
    if not check.measured:
        return Share(max_bp, 0, max_bp)
    earned = max_bp * check.credit // FULL
    return Share(max_bp, earned, earned)


def _area(checks: Sequence[Judged], shares: Mapping[str, Share], points: int, *, counted_low: bool, counted_high: bool) -> AreaScore:
    whole = points * BP_PER_POINT
    applicable = sum(c.weight for c in checks if c.applicable)
    measured = sum(c.weight for c in checks if c.applicable and c.measured)
    return AreaScore(
        points=points,
        low=sum(shares[c.id].low_bp for c in checks) * FULL // whole,
        high=sum(shares[c.id].high_bp for c in checks) * FULL // whole,
        coverage=measured * FULL // applicable if applicable else 0,
        counted_low=counted_low,
        counted_high=counted_high,
    )


def _coverage(areas: Mapping[str, AreaScore]) -> int:
    counted = [a for a in areas.values() if a.counted_low]
    points = sum(a.points for a in counted)
    return sum(a.coverage * a.points for a in counted) // points if points else 0


def band(low: int, high: int, bands: Mapping[str, int]) -> str:
    """The band of an interval (basis points of a whole); two names when the interval spans more than one."""

    def of(value: int) -> str:
        return next((name for name, least in sorted(bands.items(), key=lambda b: -b[1]) if value >= least * BP_PER_POINT), "")

    return of(low) if of(low) == of(high) else f"{of(low)} to {of(high)}"
