"""Disruption budgets of what serves: how many pods may be taken away at once when a node is emptied, at the fewest that there are.

A budget that lets none go stops every node upgrade and every shrinking cluster until a person deletes it or the pods. Numbers of replicas that
are left to somebody else are not guessed: of them only a budget that lets none go of any number is told.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from grader.schema.evidence import Sighting
from harness.source.probes.namespaces import together
from harness.source.probes.pods import as_written, labels_added
from harness.source.probes.workloads import Workload, known, name_of, number, resources, serving, spec_of, workloads
from harness.source.safe_yaml import TEMPLATED
from harness.source.sightings import sighting
from harness.source.view import View

BUDGET = "PodDisruptionBudget"
_SCALED = frozenset({"Deployment", "StatefulSet", "Rollout", "ReplicaSet"})
MAX_NAME = 60
"""Characters of a workload's name that are kept."""
_PERCENT = re.compile(r"\s*(\d{1,4})%\s*")


def budgets(view: View) -> Iterator[Sighting]:
    """Every budget over the pods of what serves. `evictable`: how many of the fewest that there are may go, 0 where none may go of any number.

    `fewest`: that number, where it is known; `told`: what the budget asks for.
    """
    main = serving(view)
    if main is None or main.workload.kind not in _SCALED:
        return
    for path, document in resources(view):
        if document["kind"] != BUDGET or not as_written(view, path, document) or not _guards(view, document, main.workload):
            continue
        guarded = [workload for workload in workloads(view) if _guards(view, document, workload)]
        fewest = _sum([_fewest(view, workload) for workload in guarded])
        part, told = _told(document)
        facts: dict[str, str | float | None] = {"evictable": _evictable(part, told, fewest), "fewest": fewest, "told": f"{part} {told}"}
        yield sighting(f"{BUDGET} {name_of(document)}", path, facts, view.line_of(path, part) if part else None)


def _told(document: dict[str, Any]) -> tuple[str, object]:
    """The part of a budget that counts, and its value; none where a cluster would refuse both or neither."""
    spec = spec_of(document)
    parts = [(part, spec[part]) for part in ("minAvailable", "maxUnavailable") if spec.get(part) is not None]
    return parts[0] if len(parts) == 1 else ("", None)


def _evictable(part: str, told: object, fewest: float | None) -> float | None:
    """Kubernetes rounds both percentages up. A number as text is none of its numbers."""
    percent = _PERCENT.fullmatch(told) if isinstance(told, str) else None
    whole = float(told) if isinstance(told, int) and not isinstance(told, bool) and 0 <= told < 1_000_000 else None
    if percent is None and whole is None:
        return None
    share = float(percent[1]) / 100 if percent else None
    if (part == "maxUnavailable" and 0.0 in (share, whole)) or (part == "minAvailable" and share is not None and share >= 1):
        return 0.0
    if not fewest:
        return None  # not known, or none that could be taken away
    count = math.ceil(round(share * fewest, 9)) if share is not None else whole or 0.0
    return max(0.0, fewest - count) if part == "minAvailable" else min(fewest, count)


def _guards(view: View, budget: dict[str, Any], workload: Workload) -> bool:
    """Whether a budget is over a workload's pods, as far as both name their labels."""
    selector = spec_of(budget).get("selector")
    template = spec_of(workload.document).get("template")
    metadata = template.get("metadata") if isinstance(template, dict) else None
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    if not isinstance(selector, dict) or not isinstance(labels, dict) or TEMPLATED in selector or TEMPLATED in labels:
        return False
    wanted, more = selector.get("matchLabels") or {}, selector.get("matchExpressions") or []
    if not isinstance(wanted, dict) or not isinstance(more, list) or not (wanted or more) or set(wanted) & labels_added(view):
        return False
    alike = all(isinstance(value, str) and known(value) and labels.get(key) == value for key, value in wanted.items())
    return alike and all(_fits(rule, labels) for rule in more) and together(view, budget, workload.document)


def _fits(rule: object, labels: dict[str, Any]) -> bool:
    """An expression of a selector; an unknown one fits nothing."""
    if not isinstance(rule, dict):
        return False
    key, values = str(rule.get("key")), rule.get("values")
    there, listed = key in labels, values if isinstance(values, list) else []
    within = labels.get(key) in listed
    return {"In": there and within, "NotIn": not within, "Exists": there, "DoesNotExist": not there}.get(str(rule.get("operator")), False)


def _fewest(view: View, workload: Workload) -> float | None:
    """The fewest pods of a workload, where the repository decides: a number of replicas that is left out may be set by hand."""
    if workload.kind not in _SCALED:
        return None
    scaled = [document for _, document in resources(view) if document["kind"] in ("HorizontalPodAutoscaler", "ScaledObject")]
    aims = [(document, spec_of(document).get("scaleTargetRef")) for document in scaled]
    named = [(document, str(aim.get("name", ""))[:MAX_NAME]) for document, aim in aims if isinstance(aim, dict)]
    if any(not known(name) for _, name in named):
        return None
    own = [document for document, name in named if name == workload.name]
    if any(document["kind"] == "ScaledObject" for document in own):
        return None  # down to none, and then there is nothing to guard
    lows = [number(spec_of(document).get("minReplicas", 1)) for document in own]
    # of several environments the largest counts: some of them is the one that serves
    return max((low for low in lows if low is not None), default=None) if own else number(spec_of(workload.document).get("replicas"))


def _sum(numbers: list[float | None]) -> float | None:
    known_ones = [value for value in numbers if value is not None]
    return sum(known_ones) if len(known_ones) == len(numbers) else None
