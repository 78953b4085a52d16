"""Which names in the manifests lead somewhere: scalers to workloads, services to pods and ports, probes to routes, kustomizations to files.

Where a template fills a name in, nothing is told about it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from posixpath import dirname, join, normpath
from typing import Any

from grader.schema.evidence import Sighting
from harness.source.probes.ci_steps import steps
from harness.source.probes.drains import drained
from harness.source.probes.leftovers import left_out
from harness.source.probes.namespaces import namespace_of, together
from harness.source.probes.patches import kustomizations
from harness.source.probes.pods import grace_s, halted, lost_volume, patience, runs_as_root, selects_itself, slept_before_term_s
from harness.source.probes.ports import may_listen, told_otherwise
from harness.source.probes.workloads import SERVING, Scaler, Workload, known, name_of, number, resources, scalers, serving, spec_of, workloads
from harness.source.safe_yaml import TEMPLATED
from harness.source.sightings import sighting
from harness.source.view import View, walk

_SETS_IMAGE = re.compile(
    r"kubectl\b(?:(?!kubectl).)*?\bset image|kustomize edit set image|\b(?:sed|yq)\b(?:(?!\b(?:sed|yq)\b).)*?image|envsubst|"
    r"--set\b(?:(?!--set\b).)*?(?:image|tag)|render(?:(?!render).)*?task-definition",
    re.I,
)
"""No repeat goes past another beginning of its own kind: a line may hold ten thousand of them."""
MAX_ROUTES = 12
_MAKES_ROUTES = re.compile(r"path|url|route|get|rule|mapping", re.I)
_NAMING = ("resources", "bases", "components", "patchesStrategicMerge", "crds", "transformers", "generators", "configurations")
_PROSE = re.compile(r"\.(?:md|rst|adoc|txt|ya?ml|tf|csv|ipynb)$", re.I)


def aims(view: View) -> Iterator[Sighting]:
    """Every scaler. `aim_found`: whether a workload of that kind and name stands in the repository; `adds`: 0 for one told never to scale up.

    `away`: the namespace of one whose aim is only in another one.
    """
    everything = workloads(view)
    for scaler in scalers(view):
        kind, top = str(scaler.document["kind"]), TEMPLATED if scaler.top is None else scaler.top
        facts: dict[str, str | float | None] = {"kind": kind, "aim": scaler.aim or None}
        facts |= {"aim_found": _aim_found(scaler, everything), "top": top}
        near = [workload for workload in everything if together(view, scaler.document, workload.document)]
        if facts["aim_found"] and not _aim_found(scaler, near):
            facts |= {"aim_found": 0.0, "away": namespace_of(view, scaler.document)}
        facts["adds"] = float(not _is_held_down(scaler))
        yield sighting(f"{kind} {name_of(scaler.document)}", scaler.path, facts)


def _aim_found(scaler: Scaler, everything: list[Workload]) -> float | None:
    names = [(workload.kind, workload.name) for workload in everything]
    if not known(scaler.aim) or not names or not all(known(name) for _, name in names):
        return None
    ref = spec_of(scaler.document).get("scaleTargetRef") or {}
    kind = ref.get("kind") if isinstance(ref, dict) else None
    return float(any(name == scaler.aim and kind in (None, found, TEMPLATED) for found, name in names))


def _is_held_down(scaler: Scaler) -> bool:
    """Whether the scaler's own behaviour forbids it to scale up."""
    rules = (value for key, value in walk(spec_of(scaler.document)) if key == "scaleUp" and isinstance(value, dict))
    return any(rule.get("selectPolicy") == "Disabled" for rule in rules)


def running(view: View) -> Iterator[Sighting]:
    """Every workload: its replicas, its image, its user, whether it is the one that serves, whether something else sets the tag that runs.

    `port_told`: a PORT that is none of those that it declares;
    `volume_lost`: a mount without a volume; `selects_itself`: whether its pods carry the labels that it selects;
    `grace_s`, `slept_s`, `drained_s`: the time that they have to end, how much of it a hook sleeps before SIGTERM, and the program pauses after it;
    `halted`: what keeps its pods from being made at all.
    """
    from_zero = {scaler.aim for scaler in scalers(view) if scaler.document["kind"] == "ScaledObject"}
    for workload in workloads(view, SERVING):
        main = _main(view, workload)
        inside = main or workload.containers[0]
        replicas = None if workload.name in from_zero else number(spec_of(workload.document).get("replicas"))
        image = str(inside.get("image") or "") or None
        facts = {"serves": float(main is not None), "replicas": replicas, "image": image, "tag_set": _tag_set(view, inside)}
        facts |= {"root": runs_as_root(workload, inside), "volume_lost": lost_volume(view, workload, inside)}
        facts |= {"selects_itself": selects_itself(view, workload), "grace_s": grace_s(view, workload), "slept_s": slept_before_term_s(inside)}
        facts |= _drained(view) if main is not None else {}
        facts |= {"port_told": told_otherwise(workload, inside), "halted": halted(view, workload)}
        yield sighting(f"{workload.kind} {workload.name}", workload.path, facts)


def _drained(view: View) -> dict[str, str | float | None]:
    found = drained(view)
    return {"drained_s": found[0], "drained_at": f"{found[1]}:{found[2]}"} if found else {}


def _main(view: View, workload: Workload) -> dict[str, Any] | None:
    """The container that serves, of the workload that does."""
    main = serving(view)
    return main.container if main is not None and main.workload.document is workload.document else None


def services(view: View) -> Iterator[Sighting]:
    """Every Service with a selector. `selects`: how many workloads with pods it selects; `port_found`: whether these may have a port that it names.

    `away`: the namespace of one whose labels what serves carries, in another one. `meant`: whether one that selects nothing is meant for what
    serves; one for a store that a chart from elsewhere brings is not.
    """
    pods = [(workload, _labels(workload.document)) for workload in workloads(view, SERVING)]
    if any(labels is None for _, labels in pods):
        return
    from_zero = {scaler.aim for scaler in scalers(view) if scaler.document["kind"] == "ScaledObject"}
    for path, document in resources(view):
        spec = spec_of(document)
        selector = spec.get("selector")
        if document["kind"] != "Service" or not isinstance(selector, dict) or not selector or "template" in spec:
            continue
        if TEMPLATED in selector or not all(known(str(value)) for value in selector.values()):
            continue
        alike = [workload for workload, labels in pods if labels is not None and selector.items() <= labels.items()]
        chosen = [workload for workload in alike if together(view, document, workload.document)]
        ports = [_port_found(view, port, chosen) for port in _listed(spec.get("ports"))] if chosen else []
        serves = float(any(_main(view, workload) is not None for workload in chosen))
        alive = [workload for workload in chosen if workload.name in from_zero or number(spec_of(workload.document).get("replicas", 1.0)) != 0]
        facts: dict[str, str | float | None] = {"selects": float(len(alive)), "selects_serving": serves}
        facts["port_found"] = max(ports, default=None)
        lost = any(_main(view, workload) is not None for workload in alike if workload not in chosen)
        facts["away"] = namespace_of(view, document) if lost else None
        facts["meant"] = None if alive else float(_is_meant(view, document, pods))
        yield sighting(f"Service {name_of(document)}", path, facts)


def _is_meant(view: View, service: dict[str, Any], pods: list[tuple[Workload, dict[str, Any] | None]]) -> bool:
    """By its name, by a label or by a port of what serves; or nothing else is there."""
    main = serving(view)
    if main is None or len(pods) == 1:
        return main is not None
    name, own, labels = name_of(service), main.workload.name, _labels(main.workload.document) or {}
    if own in name or name in own or any(labels.get(key) == value for key, value in spec_of(service)["selector"].items()):
        return True
    declared = {str(item.get(key)) for item in _listed(main.container.get("ports")) for key in ("name", "containerPort")} - {"None"}
    return any(str(port.get("targetPort", port.get("port"))) in declared for port in _listed(spec_of(service).get("ports")))


def _port_found(view: View, port: dict[str, Any], chosen: list[Workload]) -> float:
    """A number that no container declares may be listened on all the same: a declared port opens nothing."""
    wanted = port.get("targetPort", port.get("port"))
    inside = [container for workload in chosen for container in workload.containers]
    declared = [item for container in inside for item in _listed(container.get("ports"))]
    told = {str(item.get("name")) for item in declared} | {str(item.get("containerPort")) for item in declared}
    told |= {str(item.get("value")) for container in inside for item in _listed(container.get("env")) if "PORT" in str(item.get("name"))}
    told |= {str(number) for number in view.dockerfile.exposed_ports()} if view.dockerfile else set()
    if not declared or not known(str(wanted)) or str(wanted) in told or any(TEMPLATED in name for name in told):
        return 1.0
    return float(str(wanted).isdigit() and any(may_listen(view, one, one.containers[0], str(wanted)) is not False for one in chosen))


def rollouts(view: View) -> Iterator[Sighting]:
    """Every workload with parameters of a rolling update. `unavailable`: share of its pods that may be gone at once, of the fewest that it has.

    `stands_still`: neither may an old pod go first nor a new one come, which no cluster takes.
    """
    bounds = {scaler.aim: spec_of(scaler.document) for scaler in scalers(view) if scaler.document["kind"] != "VerticalPodAutoscaler"}
    lows = {aim: number(spec["minReplicas"]) for aim, spec in bounds.items() if "minReplicas" in spec}
    for workload in workloads(view, SERVING):
        spec = spec_of(workload.document)
        rolling = next((part.get("rollingUpdate") for key in ("strategy", "updateStrategy") if isinstance(part := spec.get(key), dict)), None)
        if isinstance(rolling, dict):
            low = lows.get(workload.name, number(spec.get("replicas", 1.0)))
            told = rolling.get("maxUnavailable", "25%")
            serves = float(_main(view, workload) is not None)
            facts = {"serves": serves, "unavailable": _share(told, low), "replicas": low, "max_unavailable": str(told)}
            facts["stands_still"] = float(workload.kind == "Deployment" and _is_none(told) and _is_none(rolling.get("maxSurge", "25%")))
            yield sighting(f"{workload.kind} {workload.name}", workload.path, facts)


def _is_none(told: object) -> bool:
    return (isinstance(told, int) and not isinstance(told, bool) and told == 0) or told == "0%"


def _share(told: object, replicas: float | None) -> float | None:
    text = str(told).strip()
    if re.fullmatch(r"\d{1,4}%", text):
        if replicas is None or replicas < 1:
            return min(1.0, float(text[:-1]) / 100)
        return min(1.0, math.floor(float(text[:-1]) / 100 * replicas) / replicas)
    count = number(told)
    return None if count is None or replicas is None or replicas < 1 else min(1.0, count / replicas)


def asked(view: View) -> Iterator[Sighting]:
    """Every serving container with probes, and what they ask.

    `*_route`: whether a file of the program holds the path or its last part; `*_port`: whether the port that is named is declared, or anything may
    listen on its number. `*_patience_s`: the shortest silence after which the container may be killed, of a start the shortest time it may take.
    """
    for workload in workloads(view, SERVING):
        for container in workload.containers:
            facts = {key: value for kind in ("liveness", "readiness", "startup") for key, value in _asks(view, workload, container, kind).items()}
            facts |= patience(view, workload, container)
            if facts:
                yield sighting(f"{workload.kind} {workload.name}", workload.path, {"serves": float(_main(view, workload) is container), **facts})


def _asks(view: View, workload: Workload, container: dict[str, Any], kind: str) -> dict[str, str | float]:
    probe = _dict(container.get(f"{kind}Probe"))
    http = probe.get("httpGet")
    facts: dict[str, str | float] = {}
    if isinstance(http, dict) and isinstance(http.get("path"), str):
        path = http["path"].split("?")[0]
        facts[kind] = path
        if known(path) and (found := _in_source(view, path)) is not None:
            facts[f"{kind}_route"] = float(found)
    handler = http if facts else probe.get("tcpSocket")
    port = str(handler.get("port")) if isinstance(handler, dict) and not handler.get("host") else ""
    declared = _listed(container.get("ports"))
    if known(port) and not port.isdigit() and all(known(str(item.get("name", "-"))) for item in declared):
        facts[f"{kind}_port"] = float(any(str(item.get("name")) == port for item in declared))
    elif port.isdigit() and (there := may_listen(view, workload, container, port)) is not None:
        facts |= {f"{kind}_port": float(there), f"{kind}_port_number": port}
    return facts


def _in_source(view: View, path: str) -> bool | None:
    """Of the first few paths whether they are there, made once for each: every file is looked through."""
    routes = view.memo.setdefault("routes", {})
    assert isinstance(routes, dict)
    if path not in routes and len(routes) < MAX_ROUTES:
        routes[path] = _is_route(view, path)
    return routes.get(path)


def _is_route(view: View, path: str) -> bool:
    """The path or, of a router with a prefix, its last part: behind a slash, or as the first argument of something that makes a route."""
    name = path.rstrip("/").rsplit("/", 1)[-1]
    asked = view.memo.setdefault("in_source", {})
    assert isinstance(asked, dict)
    if name not in asked:
        bare = re.escape(name)
        last = re.compile(rf"/{bare}(?![\w-])|(?<!\w)(?P<maker>\w++)\(\s*+r?[\"'^]+{bare}(?![\w-])", re.I)
        texts = (text for file in view.paths if not _PROSE.search(file) and (text := view.text(file)))
        holding = (text for text in texts if name.lower() in text.lower())  # most files do not hold the word at all
        asked[name] = any(match["maker"] is None or _MAKES_ROUTES.search(match["maker"]) for text in holding for match in last.finditer(text))
    return bool(asked[name])


def assemblies(view: View) -> Iterator[Sighting]:
    """Every kustomization. `missing`: files that it names and the repository does not hold; `left_out`: such beside it as nothing names."""
    paths = set(view.tree.paths) | set(view.tree.symlinks)
    folders = {folder for path in paths for folder in _above(path)}
    for path, document in kustomizations(view):
        named = [entry for key in _NAMING for entry in _texts(document.get(key))]
        patches = [patch for key in ("patches", "patchesJson6902") for patch in _listed(document.get(key))]
        named += [patch["path"] for patch in patches if isinstance(patch.get("path"), str)]
        named += [entry.rpartition("=")[2] for part in _listed(document.get("configMapGenerator")) for entry in _texts(part.get("files"))]
        local = [entry for entry in named if not re.search(r"://|^git@|^[\w.-]+\.(?:com|org|io|dev)/|\?ref=|\n|\{\{", entry)]
        places = [(entry, normpath(join(dirname(path), entry))) for entry in local]
        missing = [entry for entry, place in places if place not in paths and place not in folders]
        facts = {"names": float(len(local)), "missing": ", ".join(missing) or None, "left_out": ", ".join(left_out(view, path)) or None}
        yield sighting("kustomization", path, facts)


def _tag_set(view: View, container: dict[str, Any]) -> float:
    """Whether something else than the manifest says which version of the image runs."""
    image = str(container.get("image"))
    if "@sha256:" in image or not known(image) or container.get("imagePullPolicy") in ("Never", "IfNotPresent"):
        return 1.0
    bare = image.partition("@")[0].rpartition(":")[0] if ":" in image.rpartition("/")[2] else image
    for _, document in kustomizations(view):
        if any(item.get("name") == bare and (item.get("newTag") or item.get("digest")) for item in _listed(document.get("images"))):
            return 1.0
    if "sets_image" not in view.memo:
        view.memo["sets_image"] = _sets_image(view)
    return float(bool(view.memo["sets_image"]))


def _sets_image(view: View) -> bool:
    """Whether a recipe, a script or a step does; asked once per scan."""
    texts = (view.text(path) or "" for path in view.named(r"(?:^|/)(?:makefile|justfile|skaffold\.ya?ml|tiltfile)$|\.sh$"))
    return any("skaffold" in text.lower() or _SETS_IMAGE.search(text) for text in texts) or any(_SETS_IMAGE.search(s.text) for s in steps(view))


def _labels(document: dict[str, Any]) -> dict[str, Any] | None:
    """Of a workload's pods; None where a template fills some in."""
    metadata = document.get("metadata") if document["kind"] == "Pod" else _dict(spec_of(document).get("template")).get("metadata")
    labels = _dict(_dict(metadata).get("labels"))
    return None if TEMPLATED in labels or not all(known(str(value)) for value in labels.values()) else labels


def _above(path: str) -> list[str]:
    """All folders that a file lies in; the root is `.`."""
    parts = path.split("/")[:-1]
    return [".", *("/".join(parts[:length]) for length in range(1, len(parts) + 1))]


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)][:100] if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)][:200] if isinstance(value, list) else []
