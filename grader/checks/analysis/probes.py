"""From repository probes to a rung: the first rung all of whose probes were found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from grader.checks.api import reached, unmeasured
from grader.schema.evidence import Place, Probe, RepositoryEvidence
from grader.schema.result import Finding

Rung = tuple[str, Sequence[str]]


def climb(repository: RepositoryEvidence, rungs: Sequence[Rung], none: str) -> Finding:
    """The best rung reached, else `none`. A probe that the scan did not run makes it unmeasured; absence of a subject is not a find."""
    wanted = list(dict.fromkeys(id for _, ids in rungs for id in ids))
    missing = [id for id in wanted if id not in repository.probes]
    if missing:
        return unmeasured(f"the repository scan did not look for: {', '.join(missing)}")
    level = next((level for level, ids in rungs if all(holds(repository.probes[id]) for id in ids)), none)
    return reached(level, sentence(repository, wanted), places=places(repository.probes[id] for id in wanted))


def holds(probe: Probe) -> bool:
    """Found, on a subject that exists."""
    return probe.subject and probe.found


def sentence(repository: RepositoryEvidence, ids: Sequence[str]) -> str:
    """`found: manifests (k8s/api.yaml); not found: autoscaler, probes (no manifests)`: a reason that several share is told once."""
    found = [_named(id, repository.probes[id]) for id in ids if holds(repository.probes[id])]
    absent = groupby((id for id in ids if not holds(repository.probes[id])), key=lambda id: _because(id, repository.probes[id]))
    lost = [", ".join(map(_words, same)) + because for because, same in absent]
    parts = ["found: " + ", ".join(found)] * bool(found) + ["not found: " + ", ".join(lost)] * bool(lost)
    return "; ".join(parts)


def places(probes: Iterable[Probe]) -> list[Place]:
    """The places of what was found, without repeats."""
    return list(dict.fromkeys(place for probe in probes if holds(probe) for place in probe.places))


def _words(id: str) -> str:
    return id.replace("_", " ")


def _because(id: str, probe: Probe) -> str:
    """In brackets, unless it only says the id again."""
    return f" ({probe.detail})" if probe.detail and probe.detail != f"no {_words(id)}" else ""


def _named(id: str, probe: Probe) -> str:
    return f"{_words(id)} ({probe.places[0].file})" if probe.places else _words(id)
