"""Ways back that are a command: whether `rollout undo` names a workload that the manifests declare, and whether that one keeps what to go back to.

Names that a template, a chart or a prefix makes are only held against by their parts; where no workload is declared nothing is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from grader.schema.evidence import Sighting
from harness.source.probes.ci_steps import steps
from harness.source.probes.patches import kustomizations
from harness.source.probes.platforms import PLATFORM
from harness.source.probes.workloads import Workload, known, number, spec_of, workloads
from harness.source.sightings import sighting
from harness.source.view import View

_UNDONE = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout"})
_KIND = r"(?:deploy(?:ments?)?|sts|statefulsets?|ds|daemonsets?|rollouts?)(?:\.[a-z.]{1,30})?"
_NAME = r"([a-z0-9](?:[a-z0-9.-]{0,60}[a-z0-9])?+)(?![-\w/$<{*\[(])"
_UNDO = re.compile(
    rf"\brollouts?\s+undo\s+(?:-\S{{1,60}}\s+(?:(?!{_KIND}[/\s])[^-\s`]\S{{0,60}}\s+)?){{0,4}}"
    rf"(?:{_KIND}/{_NAME}|(?:{_KIND}[ \t]+|(?<=rollouts undo )){_NAME}(?=[ \t]*(?:[`&;|)\n]|$|-)))"
)
"""After a blank the name has to end the command: prose goes on behind `rollout undo`."""
_ANOTHER_WAY = re.compile(
    r"helm\s+rollback|\bset\s+image\b|git\s+(?:revert|checkout|reset)|argocd?\s+app\s+rollback|kubectl\s+apply|edit\s+set\s+image|helm\s+upgrade|"
    r"\bmake\s+\w*(?:roll|revert|deploy)\w*|flux\s+|terraform\s+apply",
    re.I,
)
_RECIPES = r"(?:^|/)(?:gnu)?(?:makefile|justfile)$|\.sh$"
MAX_UNDOS = 20


def undos(view: View, told: Iterable[tuple[str, int, str]]) -> Iterator[Sighting]:
    """Every `rollout undo` of a name in the (file, line, text) of what is told to people, in recipes, scripts and steps.

    `there`: whether a workload of that name is declared; `kept`: revisions that it keeps, where that is said; `another_way`: whether the same
    text brings the old version back by other means as well.
    """
    found = [w for w in workloads(view, _UNDONE) if w.document["apiVersion"] != PLATFORM]
    if not found or not all(known(workload.name) for workload in found):
        return
    run = [(path, 1, view.text(path) or "") for path in view.named(_RECIPES)] + [(step.path, 1, step.text) for step in steps(view)]
    texts = [(path, line, text) for path, line, text in (*told, *run) if "undo" in text]
    made = ((path, line, text, match) for path, line, text in texts for match in _UNDO.finditer(text))
    for (path, line, text, match), _ in zip(made, range(MAX_UNDOS), strict=False):
        name = match[1] or match[2]
        meant = [workload for workload in found if _is_named(view, workload, name)]
        limits = [number(spec_of(workload.document).get("revisionHistoryLimit")) for workload in meant]
        kept = None if None in limits else max((limit for limit in limits if limit is not None), default=None)
        facts = {"name": name, "there": float(bool(meant)), "kept": kept, "another_way": float(bool(_ANOTHER_WAY.search(text)))}
        yield sighting(match[0], path, facts, line + text[: match.start()].count("\n"))


def _is_named(view: View, workload: Workload, name: str) -> bool:
    if "renamed" not in view.memo:
        renamed = any(document.get("namePrefix") or document.get("nameSuffix") for _, document in kustomizations(view))
        view.memo["renamed"] = renamed or "Chart.yaml" in view.by_name
    return workload.name == name or (bool(view.memo["renamed"]) and (workload.name in name or name in workload.name))
