"""Where a training path fixes its random numbers: a seed that is the same in every run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from harness.source.probes.syntax import call_name, words_of
from harness.source.view import View, walk

_SEEDED = re.compile(
    r"^(?:seed|manual_seed|manual_seed_all|set_seed|seed_everything|set_random_seed|default_rng|RandomState|Random|PRNGKey|SeedSequence)$"
)
_KEYWORDS = frozenset({"random_state", "seed", "random_seed", "rng", "data_seed"})
_NEW_EACH_TIME = frozenset({
    "time", "time_ns", "now", "utcnow", "today", "perf_counter", "monotonic", "urandom", "getpid", "randint", "randrange", "randbits", "random",
    "token_bytes", "uuid4", "uuid1", "SystemRandom", "getrandbits", "entropy", "timestamp",
})  # fmt: skip
"""Calls that give another number in every run."""
_SETTINGS = re.compile(
    r"(?:^|/)(?:params|config|settings|conf|hparams|hyperparams|defaults|train)[\w.-]*\.(?:ya?ml|json)$|(?:^|/)conf(?:ig)?/[^/]+\.ya?ml$", re.I
)
MAX_STEPS = 4


def seeds(view: View, path: str) -> Iterator[int]:
    """Lines that set a seed."""
    module = view.python[path]
    for node in view.nodes(path):
        if isinstance(node, ast.Call):
            given = [node.args[0]] if _SEEDED.search(call_name(node)) and node.args else []
            given += [keyword.value for keyword in node.keywords if keyword.arg in _KEYWORDS]
            if any(is_fixed(view, module, value) for value in given):
                yield node.lineno


def is_fixed(view: View, module: ast.Module, value: ast.expr, depth: int = 0) -> bool:
    """Whether an expression is the same in every run, as far as it can be told: what is not known is taken to be."""
    if isinstance(value, ast.Constant):
        return value.value is not None
    if words_of(ast.walk(value)).called & _NEW_EACH_TIME:
        return False
    name = value.id if isinstance(value, ast.Name) else value.attr if isinstance(value, ast.Attribute) else ""
    if depth < MAX_STEPS and (assigned := _assigned(view, module).get(name)):
        known = view.memo.setdefault("fixed_names", {})
        assert isinstance(known, dict)
        asked = id(module), name, depth  # once: a name may be given a hundred others, and each of them a hundred more
        if asked not in known:
            known[asked] = any(is_fixed(view, module, one, depth + 1) for one in assigned)
        return bool(known[asked])
    key = _looked_up(value) or name
    told = _settings(view, key) if key else []
    return not told or any(item is not None for item in told)


def _assigned(view: View, module: ast.Module) -> dict[str, list[ast.expr]]:
    """Name -> what it is given at the top level of a module."""
    known = view.memo.setdefault("assigned_names", {})
    assert isinstance(known, dict)
    if id(module) not in known:
        found: dict[str, list[ast.expr]] = {}
        for node in module.body:
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
                for name in _targets(node):
                    found.setdefault(name, []).append(node.value)
        known[id(module)] = found
    made = known[id(module)]
    assert isinstance(made, dict)
    return made


def _targets(node: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _looked_up(value: ast.expr) -> str:
    """The key of `params["seed"]` and of `params.get("seed")`; of `int(...)` that of what is inside."""
    if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Constant):
        return str(value.slice.value)
    if isinstance(value, ast.Call):
        if call_name(value) == "get" and len(value.args) == 1 and isinstance(value.args[0], ast.Constant):
            return str(value.args[0].value)
        if call_name(value) == "int" and len(value.args) == 1:
            return _looked_up(value.args[0]) or (value.args[0].id if isinstance(value.args[0], ast.Name) else "")
    return ""


def _settings(view: View, key: str) -> list[object]:
    """What files of settings say under a key, null included; looked through once per scan."""
    if "settings" not in view.memo:
        said: dict[str, list[object]] = {}
        for path in filter(_SETTINGS.search, view.paths):
            for name, item in walk([*view.yaml.get(path, []), view.json.get(path)]):
                if not isinstance(item, (dict, list)):
                    said.setdefault(name, []).append(item)
        view.memo["settings"] = said
    found = view.memo["settings"]
    assert isinstance(found, dict)
    return list(found.get(key, []))
