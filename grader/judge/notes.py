"""What was examined and what not, in sentences for the report's run facts."""

from __future__ import annotations

from grader.schema.bundle import Bundle
from grader.schema.causes import CAUSES, Failure
from grader.schema.evidence import BootEvidence, ImageEvidence, LoadEvidence, SandboxEvidence, SourceEvidence
from grader.schema.result import Failed


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


def isolation(bundle: Bundle) -> list[str]:
    """One line per target that the isolation probe tried from inside the submission's network."""
    sandbox = bundle.evidence.get("sandbox")
    if not isinstance(sandbox, SandboxEvidence):
        return []
    return [f"{p.target}: {'REACHABLE' if p.reachable else 'unreachable'}{f' ({p.detail})' if p.detail else ''}" for p in sandbox.isolation]


def discovery(bundle: Bundle) -> list[str]:
    """What was found out about the submission, and how."""
    source, image, boot = (bundle.evidence.get(name) for name in ("source", "image", "boot"))
    lines: list[str] = []
    if isinstance(source, SourceEvidence):
        lines.append(f"{source.kind}, {source.files} files, {source.bytes / 1e6:.1f} MB")
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
    source, sandbox, load = (bundle.evidence.get(name) for name in ("source", "sandbox", "load"))
    lines: list[str] = []
    if isinstance(source, SourceEvidence) and source.uncommitted:
        lines.append("the local repository had uncommitted changes; the last commit was graded")
    if isinstance(sandbox, SandboxEvidence):
        lines += sandbox.notes
        lines.append(f"candidate on core(s) {_cores(sandbox.candidate_cores)}, load generator on {_cores(sandbox.generator_cores)}")
    if isinstance(load, LoadEvidence):
        lines += [
            f"load window {w.name} is void and counts only where it shows the best level all the same: {w.void}" for w in load.windows if w.void
        ]
        lines += [f"load window {w.name} was repeated: {w.void}" for w in load.voided]
    return lines


def _cores(cores: list[int]) -> str:
    return ", ".join(map(str, cores)) or "all"
