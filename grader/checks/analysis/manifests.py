"""What the manifests declare for the container that serves, as against what any container in them declares. Pure.

The scan says of probes and resources that *some* serving container has them; a canary that is scaled to nothing, a sidecar or a job may
be the one. It also says what the container declares that the autoscaler aims at. Where it is known which one serves, that one counts.
"""

from __future__ import annotations

import re

from grader.checks.analysis.autoscaling import adds_replicas
from grader.checks.analysis.probes import holds
from grader.checks.api import Bars
from grader.schema.challenge import Challenge
from grader.schema.evidence import Probe, RepositoryEvidence, Sighting

K8S, PROBES, RESOURCES = "kubernetes_manifests", "manifest_probes", "manifest_resources"
_OF_A_FRAMEWORK = re.compile(r"actuator|^/q/|^/v[12]/(?:health|models)|^/(?:livez|readyz|healthz|ping|health|invocations)$|^/-/|^/$")
"""Routes that frameworks and model servers bring along, without a word in the program."""
_MOVING = re.compile(r"^[^@]*?(?:/|^)[^:/@]+(?::(?:latest|stable|edge|main|master|dev|develop|prod|production|nightly))?$", re.I)
LEAST_GRACE_S = 1.0
"""What a cluster gives a pod that asks for no time at all."""
SIZES = ("declared_cpu_request", "declared_memory_request", "declared_memory_limit")
_PAIRS = (("declared_cpu_request", "declared_cpu_limit"), ("declared_memory_request", "declared_memory_limit"))


def of_the_serving(repository: RepositoryEvidence) -> RepositoryEvidence:
    """The same findings, with those about probes and resources narrowed to the serving container."""
    narrowed = {id: look(repository) for id, look in ((PROBES, _probed), (RESOURCES, _sized)) if id in repository.probes}
    return RepositoryEvidence(probes={**repository.probes, **narrowed})


def well_asked(repository: RepositoryEvidence, challenge: Challenge, bars: Bars) -> RepositoryEvidence:
    """The same findings, with probes not found where those of the serving container ask what is not there, or what is not theirs, or kill at once."""
    seen = repository.probes.get(PROBES)
    asked = _of_the_main(seen) if seen is not None and holds(seen) else []
    wrong = [why for sight in asked if (why := _misasked(sight, challenge) or _hasty(sight, bars))]
    if seen is None or not wrong:
        return repository
    return RepositoryEvidence(probes={**repository.probes, PROBES: seen.model_copy(update={"found": False, "detail": "; ".join(wrong)})})


def idle(repository: RepositoryEvidence) -> list[str]:
    """Why what is declared runs nothing or is reached by nobody: no replica, a workload that no cluster takes, or a Service that leads nowhere.

    Unknown names are left alone.
    """
    seen = repository.probes.get(K8S)
    running = [sight for sight in seen.sightings if "serves" in sight.facts] if seen is not None else []
    doors = [sight for sight in seen.sightings if "selects" in sight.facts] if seen is not None else []
    said = [f"{sight.text} has no replica" for sight in running if sight.facts["serves"] and sight.facts.get("replicas") == 0]
    said += [why for sight in running if sight.facts["serves"] and (why := _refused(sight))]
    said += [f"{sight.text} waits for {sight.facts['unmade']}, which nothing makes" for sight in _all(seen) if "unmade" in sight.facts]
    for sight in running:
        if sight.facts["serves"] and (port := sight.facts.get("port_told")):
            said.append(f"{sight.text} is told to listen on PORT {port}, which is none of the ports that it declares")
    if running and not any(door.facts["selects_serving"] for door in doors):
        said += [f"{door.text} looks in its namespace {door.facts['away']}, where what serves is not" for door in doors if door.facts.get("away")][:1]
        # One that selects other pods is theirs; one that selects nothing may be meant for what is declared elsewhere.
        lost = [door for door in doors if not door.facts["selects"] and not door.facts.get("away") and door.facts.get("meant", 1)]
        said += [f"{door.text} selects no pod of what serves" for door in lost][:1]
    leading = [door for door in doors if door.facts["selects_serving"]]
    if leading and not any(door.facts.get("port_found", 1) for door in leading):
        said.append(f"{leading[0].text} leads to a port that its pods do not have")
    return said


def unfurnished(repository: RepositoryEvidence) -> list[Sighting]:
    """What the pods of what serves are left without: where it lies, and why that is told."""
    told = {
        "state": "keeps its state in {0} (DATA_DIR), where its pods mount nothing: it is lost with the container, if it can be written at all",
        "unset": "is not told {0}, for which the program has no other value",
    }
    seen = _all(repository.probes.get(K8S))
    return [
        sight.model_copy(update={"text": f"{sight.text} {words.format(sight.facts[kind])}"})
        for kind, words in told.items() for sight in seen if kind in sight.facts
    ]  # fmt: skip


def _all(seen: Probe | None) -> list[Sighting]:
    return seen.sightings if seen is not None else []


def _refused(sight: Sighting) -> str | None:
    """Why no cluster takes a workload, or makes its pods."""
    if why := sight.facts.get("halted"):
        return f"{sight.text} says {why}, so that none of its pods is made"
    if lost := sight.facts.get("volume_lost"):
        return f"{sight.text} mounts a volume {lost} that its pods do not have"
    return f"{sight.text} selects labels that its own pods do not carry" if sight.facts.get("selects_itself") == 0 else None


def cut_off(repository: RepositoryEvidence) -> str | None:
    """Why the pods of what serves are killed before they may finish what is in flight."""
    seen = repository.probes.get(K8S)
    for sight in seen.sightings if seen is not None else []:
        grace, slept = sight.facts.get("grace_s"), sight.facts.get("slept_s")
        if not sight.facts.get("serves") or not isinstance(grace, float) or grace < 0:
            continue
        left = max(grace, LEAST_GRACE_S)
        if isinstance(slept, float) and left <= slept:
            return f"{sight.text} sleeps {slept:g} s before SIGTERM and has {grace:g} s in all: nothing is left to finish what is in flight"
        hooked, drained = slept if isinstance(slept, float) else 0.0, sight.facts.get("drained_s")
        if isinstance(drained, float) and left <= hooked + drained:
            own = f"the program goes on for {drained:g} s after SIGTERM ({sight.facts.get('drained_at')})"
            return f"{sight.text} has {grace:g} s to end, its hook sleeps {hooked:g} s and {own}: it is killed before it may finish"
    return None


def raised(repository: RepositoryEvidence) -> Sighting | None:
    """What serves, where its manifest runs it as root, whatever user the image names."""
    seen = repository.probes.get(K8S)
    given = [sight for sight in (seen.sightings if seen is not None else []) if sight.facts.get("serves") and sight.facts.get("root")]
    return given[0] if given else None


def moving_image(repository: RepositoryEvidence) -> str | None:
    """The image of what serves where its tag moves, and nothing in the repository says which version runs."""
    seen = repository.probes.get(K8S)
    for sight in seen.sightings if seen is not None else []:
        image = str(sight.facts.get("image", ""))
        if sight.facts.get("serves") and image and not sight.facts.get("tag_set") and _MOVING.search(image):
            return image
    return None


def _of_the_main(seen: Probe | None) -> list[Sighting]:
    """Those of the serving container, where the scan knows it."""
    return [sight for sight in seen.sightings if sight.facts.get("serves")] if seen is not None else []


def _misasked(asked: Sighting, challenge: Challenge) -> str | None:
    contract = challenge.contract
    if asked.facts.get("liveness") == contract.ready:
        return f"the liveness probe asks {contract.ready}: a pod that is only not ready is killed"
    if asked.facts.get("readiness") == contract.health and asked.facts.get("startup") != contract.ready:
        return f"the readiness probe asks {contract.health}: whatever is alive gets requests, though it cannot predict yet, or any more"
    for kind in ("liveness", "readiness", "startup"):
        path = str(asked.facts.get(kind, ""))
        if asked.facts.get(f"{kind}_port") == 0 and (port := asked.facts.get(f"{kind}_port_number")):
            return f"the {kind} probe asks port {port}, which nothing in the pod listens on as far as the repository says"
        if asked.facts.get(f"{kind}_port") == 0:
            return f"the {kind} probe names a port that the container does not declare"
        if path and asked.facts.get(f"{kind}_route") == 0 and path not in (contract.health, contract.ready) and not _OF_A_FRAMEWORK.search(path):
            return f"the {kind} probe asks {path}, a route that nothing in the repository has"
    return None


def _hasty(asked: Sighting, bars: Bars) -> str | None:
    """Whether a probe kills a container that a moment later would answer."""
    live, start = asked.facts.get("liveness_patience_s"), asked.facts.get("startup_patience_s")
    where = f" ({asked.place.file})"
    if isinstance(live, float) and live <= bars["blip_s"]:
        return f"the liveness probe kills after {live:g} s of silence: a blip that would pass costs a restart{where}"
    if isinstance(start, float) and start < bars["start_s"]:
        return f"the startup probe kills unless its first look is answered, which may come with the start itself{where}"
    return None


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
