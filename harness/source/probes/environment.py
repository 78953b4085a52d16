"""Are the environments pinned: that of the image, and the one that trains, where it is another? Do their lock files agree?"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from grader.schema.evidence import Probe
from harness.source.probes.container import (
    LOCKS,
    REQUIREMENTS,
    installed,
    installed_from,
    is_pinned,
    package_name,
    pins_of_image,
    requirements_of,
)
from harness.source.probes.imports import graph_of
from harness.source.probes.locks import fixed_otherwise, imported_by, left_floating, tested_otherwise
from harness.source.probes.steps import NO_TRAINING
from harness.source.safe_toml import parsed
from harness.source.sightings import capped
from harness.source.view import View, basename, no_subject, probe

_TOOLS = re.compile(
    r"^(?:jupyter\w*(?:-\w+)*|ipykernel|ipython|ipywidgets|notebook|nbconvert|nbstripout|pytest(?:-\w+)*|coverage|ruff|black|isort|flake8|mypy|pylint|"
    r"pre-commit|nox|tox|pip|setuptools|wheel|pip-tools|uv|poetry)$"
)
"""What a model does not depend on."""
_OTHER_PURPOSE = re.compile(r"(?:^|[._-])(?:dev|develop\w*|tests?|docs?|lint|notebooks?)(?:[._-]|$)", re.I)
_TRAINING = re.compile(r"(?:^|[/._-])(?:train(?:ing|er)?|modell?ing|pipelines?|ml|research|offline|retrain(?:ing)?)(?:[/._-]|$)", re.I)
_CONDA = re.compile(r"^(?:environment|conda|env)[\w.-]*\.ya?ml$", re.I)
_TOOL_LOCKS = re.compile(r"^(?:poetry|uv|pdm|Pipfile|pixi|conda)[\w.-]*\.lock$|^conda-lock|^pylock")
_EXACT = re.compile(r"^(?:={2,3}\s*)?\d[\w.]*$")
"""As Poetry writes one version and no range."""
MAX_FILES = 50
_CONDA_PIN = re.compile(r"^[\w.\-:]+\s*==?\s*\d+(?:\.\w+)+(?:=\S+)?$")


def dependencies_pinned(view: View) -> Probe:
    """value: share of the dependencies installed into the image whose version is fixed. sightings: what a lock file leaves out (`missing`), and
    packages of what serves that the lock of the tests, or of the training that imports them as well, fixes otherwise (`here`, `there`)."""
    found = pins_of_image(view)
    graph, files = graph_of(view), installed_from(view)
    serving, training = (imported_by(view, part) for part in (graph.serving, graph.training))
    seen = [
        *left_floating(view, files, installed(view)[0], in_image=True),
        *tested_otherwise(view, files, serving),
        *fixed_otherwise(view, files, _locks_of_training(view), serving & training),
    ]
    return found.model_copy(update={"sightings": capped(seen)}) if found.subject else found


def _locks_of_training(view: View) -> list[str]:
    """Requirement files that are declared for the training alone."""
    return [path for path, _ in islice(_declared(view), MAX_FILES) if REQUIREMENTS.search(path)] if graph_of(view).training_entries else []


def training_dependencies_pinned(view: View) -> Probe:
    """value: share of the dependencies declared for training alone whose version is fixed. No subject where training declares none of its own.
    sightings: as those of `dependencies_pinned`, of what trains."""
    if not graph_of(view).training_entries:
        return no_subject(NO_TRAINING)
    wanted: dict[str, bool] = {}
    where: list[str] = []
    for path, declared in islice(_declared(view), MAX_FILES):
        if declared:
            wanted |= declared
            where.append(path)
    if not wanted:
        return no_subject("training declares no dependencies of its own")
    loose = [name for name, pinned in wanted.items() if not pinned]
    detail = f"{len(wanted) - len(loose)} of {len(wanted)} of the training's dependencies pinned"
    detail += f"; not pinned: {', '.join(loose[:8])}" if loose else ""
    own = _locks_of_training(view)
    folders = {posixpath.dirname(path) for path in own}  # what is locked beside it may be installed with it
    beside = islice((path for path in view.paths if REQUIREMENTS.search(path) and posixpath.dirname(path) in folders), MAX_FILES)
    names = {name for path in beside if not _OTHER_PURPOSE.search(basename(path)) for name in requirements_of(view, path)}
    seen = [
        *left_floating(view, own, names, in_image=False),
        *tested_otherwise(view, own, imported_by(view, graph_of(view).training)),
    ]
    return probe(not loose, detail, where, value=round(1 - len(loose) / len(wanted), 4), sightings=seen)


def _declared(view: View) -> Iterator[tuple[str, dict[str, bool]]]:
    """(file, dependency -> pinned) of everything that is declared for training; files that a lock beside them resolves are left out."""
    in_image = installed_from(view)
    for path in view.paths:
        name = basename(path)
        if REQUIREMENTS.search(path) and _is_of_training(view, path) and path not in in_image:
            if path.endswith(".lock") or not _has_lock(view, path):
                yield path, _without_tools(requirements_of(view, path).items())
        elif _CONDA.search(name) and path in view.yaml and (posixpath.dirname(path) == "" or _is_of_training(view, path)):
            yield path, _without_tools((pair for document in view.yaml[path] for pair in _conda(document)), locked=_locked(view, path))
        elif name == "pyproject.toml":
            yield path, _without_tools(_groups(view.text(path) or ""), locked=_locked(view, path))


def _is_of_training(view: View, path: str) -> bool:
    """Its name says so, or its folder: by its own name, or as the place of what trains. A folder that also serves says nothing."""
    name, folder = basename(path), posixpath.dirname(path)
    if "constraints" in path or _OTHER_PURPOSE.search(name):
        return False
    if _TRAINING.search(name):
        return True
    graph, inside = graph_of(view), folder + "/"
    meant = _TRAINING.search(basename(folder)) or any(entry.startswith(inside) for entry in graph.training_entries)
    return bool(folder and meant) and not any(entry.startswith(inside) for entry in graph.serving_entries)


def _without_tools(declared: Iterable[tuple[str, bool]], *, locked: bool = False) -> dict[str, bool]:
    return {name: pinned or locked for name, pinned in declared if not _TOOLS.search(name)}


def _has_lock(view: View, path: str) -> bool:
    """A sibling of the same name that is a lock: `requirements-train.txt` beside `requirements-train.lock`."""
    stem = posixpath.splitext(path)[0]
    return any(other != path and posixpath.splitext(other)[0] == stem and LOCKS.search(other) for other in view.paths)


def _locked(view: View, path: str) -> bool:
    """A tool's lock file in the same folder, or one above it, fixes every group."""
    folders = {posixpath.dirname(path), ""}
    return any(_TOOL_LOCKS.search(basename(other)) and posixpath.dirname(other) in folders for other in view.paths)


def _conda(document: Any) -> Iterator[tuple[str, bool]]:
    listed = document.get("dependencies") if isinstance(document, dict) else None
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, str) and not re.match(r"(?:python|pip)\b", item):
            yield package_name(re.split(r"::", item)[-1]), bool(_CONDA_PIN.match(item.strip()))
        elif isinstance(item, dict):
            lines = item.get("pip")
            wanted = [str(line) for line in lines if not str(line).startswith("-")] if isinstance(lines, list) else []
            yield from ((package_name(line), is_pinned(line)) for line in wanted)


def _groups(text: str) -> Iterator[tuple[str, bool]]:
    """Extras, dependency groups and Poetry's groups that are named for training."""
    try:
        document = parsed(text)
    except (RecursionError, ValueError):
        return
    project, tool = document.get("project"), document.get("tool")
    project = project if isinstance(project, dict) else {}
    for groups in (project.get("optional-dependencies"), document.get("dependency-groups")):
        for name, lines in (groups if isinstance(groups, dict) else {}).items():
            if _TRAINING.search(str(name)) and isinstance(lines, list):
                base = project.get("dependencies")
                everything = [*lines, *(base if isinstance(base, list) else [])]
                yield from ((package_name(line), is_pinned(line)) for line in everything if isinstance(line, str))
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    for name, group in ((poetry.get("group") if isinstance(poetry, dict) else None) or {}).items():
        listed = group.get("dependencies") if _TRAINING.search(str(name)) and isinstance(group, dict) else None
        for package, told in (listed if isinstance(listed, dict) else {}).items():
            version = told.get("version") if isinstance(told, dict) else told
            if package != "python":
                yield package_name(package), bool(_EXACT.match(str(version)))


PROBES = {"dependencies_pinned": dependencies_pinned, "training_dependencies_pinned": training_dependencies_pinned}
