"""Which change of a repository starts a step of its continuous integration."""

from __future__ import annotations

import re

from harness.source.probes.branches import own
from harness.source.probes.ci_steps import Step
from harness.source.probes.container import LOCKS, REQUIREMENTS
from harness.source.probes.imports import graph_of
from harness.source.probes.triggers import Gate, starts
from harness.source.view import View, basename

_PROGRAM = re.compile(r"\.(?:r|jl|js|mjs|cjs|ts|go|rs|java|kt|scala|cc|cpp|cs|ex|exs|rb|php|lua|swift)$", re.I)
_NO_SERVICE = re.compile(
    r"(?:^|/)(?:docs?|examples?|\.github|__tests__)/|(?:^|/)(?:setup|conf|noxfile|tasks|fabfile)\.py$|\.(?:test|spec)\.\w+$"
)
_OF_IMAGE = re.compile(r"^(?:dockerfile|containerfile)|\.dockerfile$|^(?:pyproject\.toml|package(?:-lock)?\.json|docker-compose.*\.ya?ml)$", re.I)
MAX_FILES, MAX_HELD = 600, 20_000_000
"""Files that are asked for, and letters of patterns that are held against letters of names in one scan."""


def only_on(view: View, step: Step, *, image: bool) -> str | None:
    """What alone starts a step, where no change of the service does: None where one may, or the repository holds no code of one.

    An image may be built for a release alone: for it only the files count.
    """
    asked = view.memo.setdefault("only_on", {})
    assert isinstance(asked, dict)
    if (step.gates, image) not in asked:
        asked[step.gates, image] = _only_on(view, step.gates, image=image)
    found = asked[step.gates, image]
    assert found is None or isinstance(found, str)
    return found


def _only_on(view: View, gates: tuple[Gate, ...], *, image: bool) -> str | None:
    files = _code(view)
    if not gates or not files:
        return None
    files = [*files, *_recipes(view)] if image else files
    patterns = sum(len(p) for gate in gates for way in gate for f in (*way.branches, *way.paths) for p in f.patterns)
    room = view.memo.get("starts_room", MAX_HELD)
    assert isinstance(room, int)
    cost = patterns * sum(map(len, files))
    if cost > room:
        return None
    view.memo["starts_room"] = room - cost
    return starts(gates, None if image else own(view, gates), files)


def _code(view: View) -> list[str]:
    """The programs of a repository without its tests, and without what serves nothing but the training, where it is known what serves."""
    if "code" not in view.memo:
        graph = graph_of(view)
        apart = graph.training - graph.serving if graph.serving else set()
        programs = (path for path in view.paths if path.endswith(".py") or _PROGRAM.search(path))
        code = [path for path in programs if not (view.is_test(path) or _NO_SERVICE.search(path) or path in apart)]
        view.memo["code"] = code if len(code) <= MAX_FILES else []
    found = view.memo["code"]
    assert isinstance(found, list)
    return found


def _recipes(view: View) -> list[str]:
    """Files that say what goes into the image."""
    return [path for path in view.paths if _OF_IMAGE.search(basename(path)) or REQUIREMENTS.search(path) or LOCKS.search(path)]
