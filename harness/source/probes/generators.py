"""Random numbers that a training path takes from a library's common generator, without that library's own seed: another split in every run.

Only what orders or picks rows is looked at; a pause of random length, or a sample that is printed, shapes no model. Unknown names are left alone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from harness.source.probes.imports import graph_of
from harness.source.probes.seeds import is_fixed
from harness.source.probes.syntax import call_name, dotted
from harness.source.probes.uses import uses
from harness.source.view import View

_PICKS = {"random": ("shuffle", "sample", "choices"), "numpy.random": ("permutation", "shuffle", "choice")}
_SEEDS_ONE = frozenset({"manual_seed", "manual_seed_all"})
"""Names with `seed` in them that seed a third library; any other may seed them all (`seed_everything`, `set_seed`)."""
_BESIDE = frozenset({"print", "sleep", "wait", "debug", "info", "warning", "log"})


def unseeded(view: View) -> Iterator[tuple[str, int, str]]:
    """(file, line, call) of every pick in reached training code from a common generator that nothing reached seeds."""
    graph = graph_of(view)
    files = sorted(graph.training & set(view.python))
    pieces = uses(view, files, graph.training_entries).pieces
    picks: list[tuple[str, int, str]] = []
    seeded: set[str] = set()
    for path in files:
        names = _bound(view.nodes(path))
        inside = {id(node): node for piece in view.nodes(path) if id(piece) in pieces for node in ast.walk(piece)}
        calls = [node for node in inside.values() if isinstance(node, ast.Call)]
        beside = {id(inner) for call in calls if call_name(call) in _BESIDE for inner in ast.walk(call)}
        chances = {id(inner) for node in inside.values() if isinstance(node, ast.Compare) for inner in ast.walk(node)}
        for call in calls:
            library, _, name = _meant(call, names).rpartition(".")
            if name in _PICKS.get(library, ()) or (name == "random" and library in _PICKS and id(call) in chances):
                picks += [(path, call.lineno, f"{library}.{name}")] if id(call) not in beside else []
            elif library in _PICKS and name == "seed":
                seeded |= {library} if call.args and is_fixed(view, view.python[path], call.args[0]) else set()
            elif "seed" in call_name(call).lower() and call_name(call) not in _SEEDS_ONE:
                seeded |= set(_PICKS)
    yield from (pick for pick in picks if pick[2].rpartition(".")[0] not in seeded)


def _bound(nodes: list[ast.AST]) -> dict[str, str]:
    """Name -> what it was imported as; names that are bound in another way as well are left out."""
    names: dict[str, str] = {}
    others: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name.split(".")[0]: alias.name if alias.asname else alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.arg):
            others.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            others.add(node.id)
    return {name: meant for name, meant in names.items() if name not in others}


def _meant(call: ast.Call, names: dict[str, str]) -> str:
    """The whole name of what is called: `numpy.random.shuffle` for `np.random.shuffle`; empty where its first part is not imported."""
    first, _, rest = dotted(call.func).partition(".")
    return ".".join(part for part in (names[first], rest) if part) if first in names else ""
