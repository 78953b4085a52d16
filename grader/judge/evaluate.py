"""Runs every check of the rubric on a bundle. The one place that turns missing inputs, exceptions and levels into outcomes."""

from __future__ import annotations

import string
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from grader.checks.registry import CHECKS, CheckSpec
from grader.schema.base import Culprit
from grader.schema.bundle import Bundle
from grader.schema.causes import CAUSES, Failure
from grader.schema.challenge import Challenge
from grader.schema.evidence import ContractEvidence, DriftEvidence, FaultsEvidence
from grader.schema.result import Finding, Outcome
from grader.schema.rubric import FULL, AreaRubric, CheckRule, Quarantine, Rubric
from grader.scoring import Judged

CONTRACT, DRIFT, FAULTS = "contract", "drift", "faults"
MONITORING = "monitoring"


@dataclass(frozen=True)
class Evaluated:
    """One check with its rule, its finding and the outcome that follows. `credit` is None where nothing was measured.

    `own` is what the check says without the precondition: gates read it, so that "the image builds" stays true of a service that cannot predict.
    """

    id: str
    area: str
    rule: CheckRule
    finding: Finding
    outcome: Outcome
    credit: int | None
    culprit: Culprit | None
    inputs: tuple[str, ...]
    own: Finding

    @property
    def judged(self) -> Judged:
        return Judged(self.id, self.area, self.rule.weight, self.outcome, self.credit or 0, self.root_cause)

    @property
    def root_cause(self) -> str:
        """What a loss counts under: the check's own, or that of what kept it from being judged."""
        return self.finding.root_cause or self.rule.root_cause

    @property
    def title(self) -> str:
        """What the outcome says of the check, and no more than was seen: who was never tried is not told to have failed."""
        if not self.finding.judged:
            return f"Not {'counted' if self.seen else 'judged'}: {self.rule.title}"
        if self.outcome is Outcome.FAIL:
            return self.lost_title
        return self._rung_title or self.rule.title

    @property
    def seen(self) -> bool:
        """Judged on its own, whatever the precondition takes from it."""
        return self.own.level is not None and self.own.judged

    @property
    def lost_title(self) -> str:
        """What a check that earned nothing shows; of `own`, it is a gate's title."""
        return fill(self.rule.lost_title(self.own.level or self.finding.level or ""), self.rule.bars)

    @property
    def risk(self) -> str:
        """The title away from its row, where no mark says that a part was earned."""
        return f"Partly: {self.title}" if self.outcome is Outcome.PARTIAL and not self._rung_title else self.title

    @property
    def _rung_title(self) -> str:
        level = self.rule.ladder.get(self.finding.level or "")
        return fill(level.title, self.rule.bars) if level and self.outcome is Outcome.PARTIAL else ""

    def means(self, level: str) -> str:
        """The ladder's sentence for a level, with the bars filled in."""
        return fill(self.rule.ladder[level].means, self.rule.bars)


def fill(sentence: str, bars: Mapping[str, float]) -> str:
    """Replace {bar} by its number, without trailing zeros."""
    return string.Formatter().vformat(sentence, (), {name: f"{value:g}" for name, value in bars.items()})


def in_scope(rule: CheckRule, challenge: Challenge, mode: str) -> bool:
    """Does this mode exercise what the check needs?"""
    return set(rule.needs) <= challenge.modes[mode].stimuli


def evaluate(bundle: Bundle, rubric: Rubric, challenge: Challenge, mode: str) -> list[Evaluated]:
    """Every check in the mode's scope, in rubric order. One in quarantine is not asked."""
    areas = sorted(rubric.areas.items(), key=lambda item: item[1].order)
    held, tells = rubric.quarantine, _tells(rubric, bundle)
    return [
        _withheld(CHECKS[id], rule, held[id]) if id in held else one(CHECKS[id], rule, bundle, challenge, tells.get(id, ()))
        for _, area in areas
        for id, rule in _scoped(area, challenge, mode)
    ]


def _scoped(area: AreaRubric, challenge: Challenge, mode: str) -> list[tuple[str, CheckRule]]:
    return [(id, rule) for id, rule in area.checks.items() if in_scope(rule, challenge, mode)]


def _tells(rubric: Rubric, bundle: Bundle) -> dict[str, Collection[str]]:
    """Check of a gate -> stages whose failure answers what it asks: whatever ends a run before the first gate, and a later one's own stages."""
    checks = [gate.check for gate in rubric.gates.values()]
    return {id: _evidence(CHECKS[id]) if n else list(bundle.failures) for n, id in enumerate(checks)}


def one(spec: CheckSpec, rule: CheckRule, bundle: Bundle, challenge: Challenge, tells: Collection[str] = ()) -> Evaluated:
    """Run one check: missing inputs first, then the precondition, then the check itself.

    A failure of the candidate's doing in one of the stages `tells` is what the check asks about; after any other it was not judged.
    """
    needed = _evidence(spec)
    required = [name for parameter, name in spec.inputs.items() if name in needed and parameter not in spec.optional]
    own = _missing(required, rule, bundle, tells) or _fair(spec, rule, bundle, challenge, needed)
    unmet = _precondition(rule, bundle)
    finding = own if unmet is None or (unmet.level is not None and _seen_lost(rule, own)) else unmet
    return _normalise(spec, rule, finding, own, tuple(needed))


def _withheld(spec: CheckSpec, rule: CheckRule, why: Quarantine) -> Evaluated:
    """A gate that stands on such a check is inconclusive: what is not relied on for a point is not relied on for a verdict."""
    finding = Finding(outcome=Outcome.UNKNOWN, observed=why.sentence, culprit=Culprit.GRADER)
    return _normalise(spec, rule, finding, finding, tuple(_evidence(spec)))


def _evidence(spec: CheckSpec) -> list[str]:
    """Collectors that a check reads."""
    return [name for name in spec.inputs.values() if name not in ("challenge", "bars")]


def _seen_lost(rule: CheckRule, own: Finding) -> bool:
    """Without a real prediction there is no more to take from it, and what was seen of it says more than that."""
    level = rule.ladder.get(own.level or "")
    return level is not None and level.credit == 0 and own.credit in (None, 0) and own.judged


def _missing(needed: list[str], rule: CheckRule, bundle: Bundle, tells: Collection[str] = ()) -> Finding | None:
    """A declared input is not there. The candidate's fault outweighs ours: what is known to be broken is not unknown."""
    failures = [bundle.failures.get(name, _absent(name)) for name in needed if name not in bundle.evidence]
    if not failures:
        return None
    failure = min(failures, key=lambda f: f.culprit is not Culprit.CANDIDATE)
    if failure.culprit is Culprit.CANDIDATE:
        judged = _first(failure, bundle) in tells
        return Finding(level=_worst(rule), observed=failure.sentence, culprit=Culprit.CANDIDATE, judged=judged, root_cause=_root_cause(failure))
    return Finding(outcome=Outcome.UNKNOWN, observed=failure.sentence, culprit=failure.culprit)


def _root_cause(failure: Failure) -> str:
    return CAUSES[failure.cause].root_cause if failure.cause in CAUSES else ""


def _first(failure: Failure, bundle: Bundle) -> str | None:
    """The stage that failed so; the later ones inherit it."""
    return next((stage for stage, found in bundle.failures.items() if (found.cause, found.detail) == (failure.cause, failure.detail)), None)


def _absent(collector: str) -> Failure:
    return Failure(cause="evidence_missing", culprit=Culprit.GRADER, detail=f"{collector}.json")


def _precondition(rule: CheckRule, bundle: Bundle) -> Finding | None:
    """Every behaviour check stands on a valid, input-dependent prediction; without it a service that answers `{}` would pass half of them."""
    if not rule.behaviour:
        return None
    contract = bundle.evidence.get(CONTRACT)
    if not isinstance(contract, ContractEvidence):
        return _missing([CONTRACT], rule, bundle)
    if contract.predictions.met:
        return None
    facts = contract.predictions
    seen = f"{facts.valid} of {facts.sent} answers valid, {facts.distinct_scores} distinct scores"
    seen += "" if facts.informed else ", which rank no better than chance"
    seen += f"; {facts.first_violation}" if facts.first_violation else ""
    observed = f"no valid, input-dependent prediction, without which this earns nothing ({seen})"
    return Finding(level=_worst(rule), observed=observed, culprit=Culprit.CANDIDATE, judged=False)


def _fair(spec: CheckSpec, rule: CheckRule, bundle: Bundle, challenge: Challenge, needed: list[str]) -> Finding:
    """What an experiment shows that we could not do as it should be done can only help: a full pass stands, anything less is unknown."""
    finding = _run(spec, rule, bundle, challenge)
    if finding.level is None or _full(rule, finding):
        return finding
    return _disturbed(spec, rule, bundle, challenge, needed) or _unheard(spec, bundle, needed) or finding


def _unheard(spec: CheckSpec, bundle: Bundle, needed: list[str]) -> Finding | None:
    """Alert rules that no Prometheus evaluated may have named every drift."""
    drift = bundle.evidence.get(DRIFT)
    if spec.area != MONITORING or DRIFT not in needed or not isinstance(drift, DriftEvidence) or drift.rules_unheard is None:
        return None
    return Finding(outcome=Outcome.UNKNOWN, observed=f"the alert rules were not evaluated: {drift.rules_unheard}", culprit=Culprit.HOST)


def _disturbed(spec: CheckSpec, rule: CheckRule, bundle: Bundle, challenge: Challenge, needed: list[str]) -> Finding | None:
    """Late requests and a busy host make a service look worse under a fault, never better. A check over all faults goes by the others."""
    faults = bundle.evidence.get(FAULTS)
    if FAULTS not in needed or not isinstance(faults, FaultsEvidence):
        return None
    named = {need.partition(":")[2] for need in rule.needs} - {""}
    spoilt = [record for record in faults.faults if record.disturbed and (record.id in named or "fault" in rule.needs)]
    if not spoilt:
        return None
    calm = FaultsEvidence(faults=[record for record in faults.faults if not record.disturbed])
    if "fault" in rule.needs and calm.faults:
        return _run(spec, rule, replace(bundle, evidence=bundle.evidence | {FAULTS: calm}), challenge)
    why = f"{spoilt[0].id} was disturbed in {spoilt[0].attempts} attempts: {spoilt[0].disturbed}"
    return Finding(outcome=Outcome.UNKNOWN, observed=why, culprit=Culprit.HOST)


def _full(rule: CheckRule, finding: Finding) -> bool:
    level = rule.ladder.get(finding.level or "")
    return (finding.credit if finding.credit is not None else level.credit if level else 0) == FULL


def _run(spec: CheckSpec, rule: CheckRule, bundle: Bundle, challenge: Challenge) -> Finding:
    given: dict[str, Any] = {"challenge": challenge, "bars": rule.bars}
    arguments = {parameter: given.get(name, bundle.evidence.get(name)) for parameter, name in spec.inputs.items()}
    try:
        return spec.function(**arguments)
    except Exception as error:  # noqa: BLE001 - a defect of one check must not lose the others; it is named and never costs the candidate
        return Finding(outcome=Outcome.UNKNOWN, observed=f"the check broke: {type(error).__name__}: {error}", culprit=Culprit.GRADER)


def _normalise(spec: CheckSpec, rule: CheckRule, finding: Finding, own: Finding, inputs: tuple[str, ...]) -> Evaluated:
    """Level -> credit -> outcome. A level that the ladder does not have is our defect and becomes unknown."""
    if finding.level is not None and finding.level not in rule.ladder:
        finding = Finding(outcome=Outcome.UNKNOWN, observed=f"the check named a level that its ladder lacks: {finding.level}", culprit=Culprit.GRADER)
    if finding.level is None:
        outcome = finding.outcome or Outcome.UNKNOWN
        return Evaluated(spec.id, spec.area, rule, finding, outcome, None, finding.culprit or Culprit.GRADER, inputs, own)
    credit = rule.ladder[finding.level].credit if finding.credit is None else max(0, min(FULL, finding.credit))
    outcome = Outcome.PASS if credit == FULL else Outcome.FAIL if credit == 0 else Outcome.PARTIAL
    culprit = None if outcome is Outcome.PASS else Culprit.CANDIDATE
    return Evaluated(spec.id, spec.area, rule, finding, outcome, credit, culprit, inputs, own)


def _worst(rule: CheckRule) -> str:
    return list(rule.ladder)[-1]
