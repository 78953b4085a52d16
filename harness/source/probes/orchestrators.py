"""Pipelines written in Python for Airflow, Dagster, Prefect and the like: how many steps they have, and which commands they run."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from harness.source.probes.imports import graph_of
from harness.source.probes.syntax import FUNCTIONS, call_name, dotted
from harness.source.view import View

LIBRARIES = frozenset({"airflow", "prefect", "kfp", "dagster", "metaflow", "zenml", "luigi", "kedro", "flytekit", "sagemaker"})
_SAGEMAKER_STEPS = frozenset({"ProcessingStep", "TrainingStep", "TuningStep", "TransformStep", "RegisterModel", "ModelStep", "ConditionStep"})
_COMMAND_KEYWORDS = frozenset({"command", "bash_command", "cmd", "cmds", "commands", "arguments", "args", "entrypoint", "entry_point", "code"})
"""Where operators and estimators are told what to run."""


def pipelines(view: View) -> Iterator[tuple[str, str, int]]:
    """(file, library, steps) of every pipeline; tests left out."""
    for path in _files(view):
        libraries = graph_of(view).words(path).imported
        yield from ((path, library, steps) for library, steps in _counts(view.nodes(path)).items() if library in libraries and steps)


def started(view: View) -> Iterator[tuple[str, str]]:
    """(file, what is run) of every pipeline: command lines, and `-m module` for code of the repository that its steps import."""
    graph = graph_of(view)
    for path in _files(view):
        keywords = (node for node in view.nodes(path) if isinstance(node, ast.keyword) and node.arg in _COMMAND_KEYWORDS)
        yield from ((path, text) for keyword in keywords if (text := _text(keyword.value)))
        yield from ((path, other) for other in sorted(graph.edges.get(path, set())))


def _files(view: View) -> list[str]:
    graph = graph_of(view)
    return [path for path in view.python if not view.is_test(path) and graph.words(path).imported & LIBRARIES]


def _text(value: ast.expr) -> str:
    """A literal, a list of them, or an f-string with its gaps left blank, as one line."""
    parts = (node.value for node in ast.walk(value) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return " ".join(parts)


def _counts(nodes: list[ast.AST]) -> dict[str, int]:
    """Library -> steps, were it the one in use."""
    functions = (node for node in nodes if isinstance(node, FUNCTIONS))
    decorators = [dotted(d.func if isinstance(d, ast.Call) else d).split(".")[-1] for node in functions for d in node.decorator_list]
    classes = [dotted(base).split(".")[-1] for node in nodes if isinstance(node, ast.ClassDef) for base in node.bases]
    calls = [call_name(node) for node in nodes if isinstance(node, ast.Call)]
    return {
        "airflow": decorators.count("task") + sum(name.endswith(("Operator", "Sensor")) for name in calls),
        "prefect": decorators.count("task") if "flow" in decorators else 0,
        "kfp": decorators.count("component") + decorators.count("container_component"),
        "dagster": sum(decorators.count(name) for name in ("asset", "op", "multi_asset")),
        "metaflow": decorators.count("step"),
        "zenml": decorators.count("step"),
        "luigi": sum(name in ("Task", "ExternalTask") for name in classes),
        "kedro": calls.count("node"),
        "flytekit": decorators.count("task"),
        "sagemaker": sum(name in _SAGEMAKER_STEPS for name in calls),
    }
