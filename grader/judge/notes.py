"""What was examined and what not, in sentences for the report's run facts."""

from __future__ import annotations

from collections.abc import Sequence

from grader.judge.control import CALM, MOVED, moved, readings
from grader.judge.evaluate import Evaluated
from grader.judge.found import found
from grader.judge.say import figure, percent
from grader.judge.timeline import named, stressed
from grader.schema.bundle import Bundle
from grader.schema.causes import CAUSES, Failure
from grader.schema.evidence import BootEvidence, ImageEvidence, LoadEvidence, LoadWindow, SandboxEvidence, SourceEvidence, StressEvidence
from grader.schema.result import Failed, Quarantined
from grader.schema.rubric import Rubric
from grader.schema.spoken import several


def failures(bundle: Bundle) -> list[Failed]:
    """Each distinct failure once, under the first stage that had it; what merely followed from it is not repeated."""
    seen: dict[tuple[str, str], Failed] = {}
    for stage, failure in bundle.failures.items():
        seen.setdefault((failure.cause, failure.detail), _failed(stage, failure, bundle))
    return list(seen.values())


def _failed(stage: str, failure: Failure, bundle: Bundle) -> Failed:
    partial = bundle.evidence.get(stage)
    tail = partial.log_tail if isinstance(partial, BootEvidence | ImageEvidence) else ""
    mend = CAUSES[failure.cause].mend if failure.cause in CAUSES else ""
    return Failed(stage=stage, culprit=failure.culprit, cause=failure.cause, sentence=failure.sentence, mend=mend, log_tail=tail)


def quarantined(evaluated: Sequence[Evaluated], rubric: Rubric) -> list[Quarantined]:
    """Checks in scope that were not asked."""
    held = [(check, rubric.quarantine[check.id]) for check in evaluated if check.id in rubric.quarantine]
    return [Quarantined(id=c.id, title=c.rule.title, since=str(why.since), reason=why.reason, flips=why.flips) for c, why in held]


def isolation(bundle: Bundle) -> list[str]:
    """One line per target that the isolation probe tried from inside the submission's network, and what kept the container in."""
    sandbox = bundle.evidence.get("sandbox")
    if not isinstance(sandbox, SandboxEvidence):
        return []
    lines = [f"{p.target}: {'REACHABLE' if p.reachable else 'unreachable'}{f'; {p.detail}' if p.detail else ''}" for p in sandbox.isolation]
    return [*lines, *([f"runtime: {kept}"] if (kept := sandbox.flags.get("runtime")) else [])]


def discovery(bundle: Bundle) -> list[str]:
    """What was found out about the submission, and how."""
    source, image, boot = (bundle.evidence.get(name) for name in ("source", "image", "boot"))
    lines: list[str] = []
    if isinstance(source, SourceEvidence):
        lines.append(f"{source.kind}, {several(source.files, 'file')}, {source.bytes / 1e6:.1f} MB")
        if source.dockerfile:
            lines.append(f"built {source.dockerfile.path} in context {source.dockerfile.context}: {source.dockerfile.why}")
    if isinstance(image, ImageEvidence):
        cached = " from cache" if image.cached else ""
        lines.append(f"image of {image.size_bytes / 1e6:.0f} MB built by {image.builder} in {image.seconds:.0f} s{cached}")
        lines.append(f"build network: {image.network}")
    if isinstance(boot, BootEvidence):
        lines.append(f"listening on {', '.join(map(str, boot.listening_ports)) or 'nothing'}; asked for {boot.port}")
    return lines


def notes(bundle: Bundle) -> list[str]:
    """Things a reader must know to read the numbers."""
    source, sandbox = found(bundle, SourceEvidence), found(bundle, SandboxEvidence)
    load, stress = found(bundle, LoadEvidence), found(bundle, StressEvidence)
    lines: list[str] = []
    if source and source.uncommitted:
        lines.append("the local repository had uncommitted changes; the last commit was graded")
    if sandbox:
        lines += sandbox.notes
        lines.append(f"candidate on {_cores(sandbox.candidate_cores)}, load generator on {_cores(sandbox.generator_cores)}")
    anew = bundle.manifest.run.fresh_starts if bundle.manifest else []
    lines += [f"the service was started anew before the stage {name}: it had ended, or did not answer any more" for name in anew]
    return [*lines, *_void(load, stress), *_search(stress), *_control(load, stress)]


def _void(load: LoadEvidence | None, stress: StressEvidence | None) -> list[str]:
    """Windows that may not be used as they are, and what was repeated."""
    sent = [*(load.windows if load else []), *(stressed(stress) if stress else [])]
    voided: list[LoadWindow] = [*(load.voided if load else []), *(stress.voided if stress else [])]
    return [
        *(f"{names} void, used only where the best level is reached all the same: {why}" for names, why in _by_reason(sent, "is", "are")),
        *(f"{names} repeated: {why}" for names, why in _by_reason(voided, "was", "were")),
    ]


def _by_reason(windows: Sequence[LoadWindow], one: str, many: str) -> list[tuple[str, str]]:
    """(windows and verb, reason) for each distinct reason: what spoils a stretch of load spoils all of its windows."""
    grouped: dict[str, list[str]] = {}
    for w in windows:
        if w.void:
            grouped.setdefault(w.void, []).append(named(w))
    return [(f"load window{'s' * (len(names) > 1)} {', '.join(names)} {many if len(names) > 1 else one}", why) for why, names in grouped.items()]


BOUNDS = {
    "service": "the capacity search ended although no rate above the published one failed",
    "generator": "the capacity search ended where the generator could not send more: the truth is no lower",
    "highest_rate": "the capacity search tried no rate beyond {highest} requests/s: the truth is no lower",
}
"""What a search without a failed rate stopped at."""


def _search(stress: StressEvidence | None) -> list[str]:
    """What keeps the capacity from being the whole truth."""
    capacity = stress.capacity if stress else None
    if capacity is None:
        return []
    if capacity.void:
        return [f"the capacity search is void: {capacity.void}"]
    spoilt = [t for t in capacity.trials if t.void]
    lines = [f"trial of the capacity search at {figure(t.rate_rps)} requests/s is void: {t.void}" for t in spoilt]
    if capacity.failed_rps is None and capacity.rate_rps is not None:
        lines.append(BOUNDS[capacity.limited_by].format(highest=figure(capacity.highest_rps)))
    return lines


def _control(load: LoadEvidence | None, stress: StressEvidence | None) -> list[str]:
    """A fixed service whose figures moved tells of a machine that did not stay the same."""
    shares = moved(readings(load, stress))
    told = [f"{name} by {percent(share)}" for name in CALM if (share := shares[name]) is not None and share > MOVED]
    return [f"the control service moved between its readings, so the machine did too: {', '.join(told)}"] if told else []


def _cores(cores: list[int]) -> str:
    return f"core{'s' * (len(cores) > 1)} {', '.join(map(str, cores))}" if cores else "all cores"
