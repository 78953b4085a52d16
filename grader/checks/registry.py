"""Finds every check: `grader/checks/<area>/<id>.py` with a function `check` whose annotated parameters are its declared inputs."""

from __future__ import annotations

import importlib
import pkgutil
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType, NoneType, UnionType

import grader.checks
from grader.checks.api import Bars, Check
from grader.schema.challenge import Challenge
from grader.schema.evidence import COLLECTORS
from grader.schema.result import Finding

SHARED = "analysis"
"""The one sub-package that holds no checks: pure analysis which several checks share."""

CHALLENGE, BARS = "challenge", "bars"
_NAMES: dict[type, str] = {model: name for name, model in COLLECTORS.items()} | {Challenge: CHALLENGE}


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """One check as code. `inputs`: parameter -> collector name, or `challenge`, or `bars`; `optional` of them may be None."""

    id: str
    area: str
    function: Check
    inputs: Mapping[str, str]
    optional: frozenset[str] = frozenset()


class BadCheck(TypeError):
    """A check file breaks the rules of grader.checks.api; the message names the file and the rule."""


def declared_inputs(id: str, function: Check) -> dict[str, str]:
    """Resolve a check's parameters by annotation. Raises BadCheck for one that is no evidence model, Challenge or Bars."""
    hints = typing.get_type_hints(function)
    if hints.pop("return", None) is not Finding:
        raise BadCheck(f"{id}: check must return Finding")
    inputs = {parameter: BARS if hint == Bars else _NAMES.get(_whole(hint), "") for parameter, hint in hints.items()}
    for parameter, name in inputs.items():
        if not name:
            raise BadCheck(f"{id}: parameter {parameter} is neither an evidence model nor Challenge nor Bars")
    if not {inputs[parameter] for parameter in inputs if parameter not in optional_inputs(function)} - {CHALLENGE, BARS}:
        raise BadCheck(f"{id}: a check reads at least one evidence model")
    return inputs


def optional_inputs(function: Check) -> frozenset[str]:
    """Parameters annotated `Model | None`: evidence that can only help. Without it the check judges by the rest, or says unmeasured."""
    return frozenset(parameter for parameter, hint in typing.get_type_hints(function).items() if _whole(hint) is not hint)


def _whole(hint: typing.Any) -> typing.Any:
    """The model of a `Model | None`; anything else as it is."""
    members = typing.get_args(hint)
    if isinstance(hint, UnionType) and len(members) == 2 and NoneType in members:
        return next(member for member in members if member is not NoneType)
    return hint


def discover() -> dict[str, CheckSpec]:
    """All checks by id. Raises BadCheck for a file without a proper `check`, or an id that stands in two areas."""
    found: dict[str, CheckSpec] = {}
    for area, id, module in _modules():
        if id in found:
            raise BadCheck(f"{id}: stands in both {found[id].area} and {area}")
        function = getattr(module, "check", None)
        if not callable(function):
            raise BadCheck(f"{area}/{id}.py has no function `check`")
        found[id] = CheckSpec(id, area, function, declared_inputs(id, function), optional_inputs(function))
    return found


def _modules() -> Iterator[tuple[str, str, ModuleType]]:
    """(area, id, module) of every check file."""
    for area in pkgutil.iter_modules(grader.checks.__path__):
        if not area.ispkg or area.name == SHARED:
            continue
        package = importlib.import_module(f"grader.checks.{area.name}")
        for entry in pkgutil.iter_modules(package.__path__):
            if not entry.name.startswith("_"):
                yield area.name, entry.name, importlib.import_module(f"{package.__name__}.{entry.name}")


CHECKS: dict[str, CheckSpec] = discover()
