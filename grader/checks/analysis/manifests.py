"""What the manifests declare for the container that serves, as against what any container in them declares. Pure.

The scan says of probes and resources that *some* serving container has them; a canary that is scaled to nothing, a sidecar or a job may
be the one. It also says what the container declares that the autoscaler aims at. Where it is known which one serves, that one counts.
"""

from __future__ import annotations

from grader.checks.analysis.autoscaling import adds_replicas
from grader.checks.analysis.probes import holds
from grader.schema.evidence import Probe, RepositoryEvidence

PROBES, RESOURCES = "manifest_probes", "manifest_resources"
SIZES = ("declared_cpu_request", "declared_memory_request", "declared_memory_limit")
_PAIRS = (("declared_cpu_request", "declared_cpu_limit"), ("declared_memory_request", "declared_memory_limit"))


def of_the_serving(repository: RepositoryEvidence) -> RepositoryEvidence:
    """The same findings, with those about probes and resources narrowed to the serving container."""
    narrowed = {id: look(repository) for id, look in ((PROBES, _probed), (RESOURCES, _sized)) if id in repository.probes}
    return RepositoryEvidence(probes={**repository.probes, **narrowed})


def unstartable(repository: RepositoryEvidence, least_mib: float, most_cores: float, most_gib: float) -> list[str]:
    """Why no cluster would run the serving container with what it declares: refused on arrival, killed at once, or placed nowhere."""
    found = {id: _value(repository, id) for pair in _PAIRS for id in pair}
    said = []
    for low, high in _PAIRS:
        request, limit = found[low], found[high]
        if request is not None and limit is not None and request > limit:
            said.append(f"{_words(repository, low)} is above {_words(repository, high)}")
    for id, value in found.items():
        memory = "memory" in id
        if value is not None and memory and value < least_mib:
            said.append(f"{_words(repository, id)} is less than any process needs")
        if value is not None and id in SIZES and value > (most_gib * 1024 if memory else most_cores):
            said.append(f"{_words(repository, id)} is more than a machine has")
    return said


def _probed(repository: RepositoryEvidence) -> Probe:
    """Not found where only a container beside the serving one has probes. One file may hold both: then the scan's word stands."""
    seen, home = repository.probes[PROBES], _home(repository)
    if not holds(seen) or home is None or home in {place.file for place in seen.places}:
        return seen
    return seen.model_copy(update={"found": False, "detail": f"the container that serves ({home}) has none, another one has"})


def _sized(repository: RepositoryEvidence) -> Probe:
    """Not found where only a container beside the serving one has requests and limits; found where a template fills all of them in."""
    seen = repository.probes[RESOURCES]
    sizes = [size for id in SIZES if (size := repository.probes.get(id)) is not None]
    if not holds(seen):
        templated = len(sizes) == len(SIZES) and all(holds(size) for size in sizes) and any(size.value is None for size in sizes)
        return sizes[0].model_copy(update={"detail": "filled in by a template"}) if templated else seen
    lacking = [size.detail for size in sizes if not holds(size)]
    if not lacking or not _serving_is_known(repository):
        return seen
    return seen.model_copy(update={"found": False, "detail": f"{'; '.join(lacking)}, but on another one"})


def _serving_is_known(repository: RepositoryEvidence) -> bool:
    """With one workload, or with an autoscaler that points at one of several."""
    workloads = repository.probes.get("kubernetes_manifests")
    return (workloads is not None and workloads.value == 1) or adds_replicas(repository)


def _home(repository: RepositoryEvidence) -> str | None:
    """The file of the serving container, where that is known."""
    sizes = [repository.probes.get(id) for id in SIZES]
    files = [size.places[0].file for size in sizes if size is not None and holds(size) and size.places]
    return files[0] if files and _serving_is_known(repository) else None


def _value(repository: RepositoryEvidence, id: str) -> float | None:
    found = repository.probes.get(id)
    return found.value if found is not None and holds(found) else None


def _words(repository: RepositoryEvidence, id: str) -> str:
    return repository.probes[id].detail or id.replace("_", " ")
