"""From raw data to a model: is there a program that trains, something that runs it, and code shared with serving?"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import islice

from grader.schema.evidence import Probe
from harness.source.instructions import parse
from harness.source.probes.ci import commands
from harness.source.probes.imports import call_name, called, dotted, graph_of, imported, told_files, train_command
from harness.source.probes.recipes import does_something
from harness.source.probes.seeds import seeds
from harness.source.probes.view import View, basename, no_subject, probe, walk
from harness.source.submission import FILE

MAX_COMMANDS = 4000
NO_TRAINING = "no training script"
_VALIDATORS = frozenset({
    "pandera", "great_expectations", "pydantic", "jsonschema", "tensorflow_data_validation", "deepchecks", "cerberus", "marshmallow", "frictionless",
})  # fmt: skip
_CHECK_NAME = re.compile(
    r"^_?(?:validate|check|verify|assert|ensure)(?:_\w*)?$|^_?(?:\w+_)?(?:is_valid|valid|validation|errors|problems|violations|complaints|issues)$",
    re.I,
)
_SHARED_NAME = re.compile(r"feature|preproc|transform|encod|vector|prepar|imput|clean|schema|normali[sz]e|token|embed", re.I)
_TASK = r"^\s*[\w.-]+\s*=\s*(?:\{\s*(?:cmd|shell)\s*=\s*)?[\"'](?:[\w.]+:\w+|[^\"'\n]*(?:\.py\b|\s-m\s)[^\"'\n]*)[\"']"
"""A line of pyproject.toml that names an entry point, or the command of a task."""
_RUNS_NOTHING = re.compile(
    r"\s(?:--help|--version|--dry-run)(?=\s|$)|\s-h\s*$|\s-m\s+(?:py_compile|compileall|pytest|unittest|mypy|ruff|pylint|flake8|black|pydoc|ast|tokenize)\b"
)
_ONLY_READS = re.compile(
    r"^[\s@+-]*(?:\w+=\S*\s+|(?:uv|poetry|pdm|pipenv|hatch) run\s+)*(?:ruff|black|mypy|flake8|pylint|isort|bandit|pytest|cat|cp|mv|rm|ls|test|\[|"
    r"chmod|chown|head|tail|wc|grep|sed|awk|touch|git|diff|echo|printf|zip|tar|md5sum|sha\d+sum|stat|file|less|rsync|scp|COPY|ADD)(?=\s|$)"
)
_NOTEBOOK_FIT = re.compile(r"\.fit\(|\.train\(|\.backward\(|fit_transform\(")


def training_script(view: View) -> Probe:
    """A program that fits and saves a model, or what submission.toml says is run for it, in any language."""
    found = graph_of(view).training_entries or told_files(view)
    return probe(bool(found), ", ".join(found[:3]) or NO_TRAINING, found)


def training_command(view: View) -> Probe:
    """Something that is run by name (make target, pipeline stage, script, CI step, manifest) starts a training script."""
    graph = graph_of(view)
    entries = set(graph.training_entries)
    if not entries and not told_files(view):
        return no_subject(NO_TRAINING)
    hits = [(path, line) for path, line in islice(_commands(view), MAX_COMMANDS) if entries & set(graph.files_named(_that_run(line)))]
    hits += [(FILE, told) for told in [train_command(view)] if told and (told_files(view) or entries & set(graph.files_named(told)))]
    detail = hits[0][1] if hits else "nothing runs it by name"
    return probe(bool(hits), detail, [(path, view.line_of(path, re.escape(line[:60]))) for path, line in hits])


def pipeline_definition(view: View) -> Probe:
    """value: steps of the longest pipeline; two make one."""
    found = sorted(_pipelines(view), key=lambda item: -item[2])
    good = [item for item in found if item[2] >= 2]
    detail = f"{good[0][1]} with {good[0][2]} steps" if good else "no pipeline of two or more steps"
    return probe(bool(good), detail, [path for path, _, _ in good], value=float(found[0][2]) if found else 0.0)


def shared_preprocessing(view: View) -> Probe:
    """A local module that both the training and the serving entry import, and that prepares features."""
    graph = graph_of(view)
    if not graph.training_entries or not graph.serving_entries:
        return no_subject(NO_TRAINING if not graph.training_entries else "no serving entry")
    common = graph.training & graph.serving
    shared = sorted(path for path in common if _prepares(view, path))
    if shared:
        return probe(True, f"imported by training and by serving: {', '.join(shared[:3])}", shared)
    piped = sorted(path for path in graph.training if called(view.python[path]) & {"Pipeline", "make_pipeline", "ColumnTransformer"})
    return probe(bool(piped), "inside of the saved pipeline" if piped else "no module is shared", piped)


def seeds_fixed(view: View) -> Probe:
    graph = graph_of(view)
    if not graph.training_entries:
        return no_subject(NO_TRAINING)
    hits = [(path, line) for path in sorted(graph.training) for line in seeds(view, view.python[path])]
    return probe(bool(hits), "" if hits else "no seed is set in the training path", hits)


def data_validation(view: View) -> Probe:
    """The training path checks its data: a validation library in use, or a called check that can fail."""
    graph = graph_of(view)
    if not graph.training_entries:
        return no_subject(NO_TRAINING)
    hits: list[tuple[str, int | None]] = []
    calls = set().union(*(called(view.python[path]) for path in graph.training))
    for path in sorted(graph.training):
        libraries = imported(view.python[path]) & _VALIDATORS
        if libraries:
            hits.append((path, view.line_of(path, rf"\b(?:{'|'.join(sorted(libraries))})\b")))
        hits += [(path, node.lineno) for node in _checks(view.python[path]) if node.name in calls]
    return probe(bool(hits), "" if hits else "the training path does not check its data", hits)


def notebooks_only(view: View) -> Probe:
    """A red flag: found means that models are trained in notebooks and nowhere else."""
    notebooks = [path for path in view.paths if path.endswith(".ipynb") and _NOTEBOOK_FIT.search(view.text(path) or "")]
    entries = graph_of(view).training_entries
    if not notebooks and not entries:
        return no_subject(NO_TRAINING)
    return probe(bool(notebooks) and not entries, f"{len(notebooks)} notebooks, {len(entries)} scripts that train", entries or notebooks)


def _commands(view: View) -> Iterator[tuple[str, str]]:
    """(file, command line) of everything that runs commands by name."""
    for path in view.paths:
        name = basename(path).lower()
        if name in ("makefile", "justfile", "gnumakefile") or name.endswith((".mk", ".sh")):
            recipe = (line.strip() for line in (view.text(path) or "").splitlines())
            yield from ((path, line) for line in recipe if not line.startswith(("#", "echo", "@echo")))
        elif re.match(r"^(?:dockerfile|containerfile)|\.dockerfile$", name):
            yield from ((path, " ".join(i.words)) for i in parse(view.text(path) or "").instructions if i.keyword in ("RUN", "CMD", "ENTRYPOINT"))
        elif name == "mlproject":
            yield from ((path, line.strip()) for line in re.findall(r"^\s*command\s*:\s*(.*)$", view.text(path) or "", re.M))
        elif name == "pyproject.toml":
            yield from ((path, line.strip()) for line in re.findall(_TASK, view.text(path) or "", re.M))
        elif name == "package.json":
            yield from ((path, f"{key}: {value}") for key, value in walk(_scripts(view.json.get(path))) if isinstance(value, str))
    for path, lines in commands(view).items():
        yield from ((path, line) for line in lines)
    for path, found in view.yaml.items():
        for key, value in walk(found):
            if key in ("cmd", "cmds", "command", "args", "entrypoint") and isinstance(value, (str, list)):
                yield path, value if isinstance(value, str) else " ".join(map(str, value[:50]))


def _scripts(document: object) -> object:
    return document.get("scripts") if isinstance(document, dict) else None


def _that_run(line: str) -> str:
    """The commands of a line that run what they name: no help, no dry run, nothing that only reads, checks or copies a file."""
    parts = re.split(r"&&|\|\|?|;", line)
    return " ; ".join(part for part in parts if not _RUNS_NOTHING.search(part) and not _ONLY_READS.match(part))


def _pipelines(view: View) -> Iterator[tuple[str, str, int]]:
    """(file, kind, steps)."""
    for path, found in view.yaml.items():
        for document in (d for d in found if isinstance(d, dict)):
            stages = document.get("stages")
            if basename(path) == "dvc.yaml" and isinstance(stages, dict):
                yield path, "dvc", sum(isinstance(stage, dict) and _acts(stage.get("cmd") or stage.get("do")) for stage in stages.values())
            if document.get("kind") in ("Workflow", "CronWorkflow", "WorkflowTemplate"):
                yield path, "argo", sum(key in ("steps", "tasks") and isinstance(value, dict) for key, value in walk(document))
    for path, module in view.python.items():
        if not view.is_test(path):
            yield from ((path, kind, steps) for kind, steps in _python_pipeline(module))
    for path in view.paths:
        if basename(path).lower() in ("makefile", "gnumakefile"):
            yield path, "make", _make_chain(view, path)


def _acts(command: object) -> bool:
    """Whether a stage does more than say something; one that is written for many items does."""
    lines = command if isinstance(command, list) else [command]
    return any(isinstance(line, dict) or (isinstance(line, str) and does_something(line)) for line in lines)


def _python_pipeline(module: ast.Module) -> Iterator[tuple[str, int]]:
    libraries = imported(module)
    decorators = [dotted(d.func if isinstance(d, ast.Call) else d).split(".")[-1] for n in ast.walk(module)
                  if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)) for d in n.decorator_list]  # fmt: skip
    classes = [dotted(base).split(".")[-1] for n in ast.walk(module) if isinstance(n, ast.ClassDef) for base in n.bases]
    counts = {
        "airflow": decorators.count("task") + sum(name.endswith(("Operator", "Sensor")) for name in _calls(module)),
        "prefect": decorators.count("task") if "flow" in decorators else 0,
        "kfp": decorators.count("component") + decorators.count("container_component"),
        "dagster": sum(decorators.count(name) for name in ("asset", "op", "multi_asset")),
        "metaflow": decorators.count("step"),
        "zenml": decorators.count("step"),
        "luigi": sum(name in ("Task", "ExternalTask") for name in classes),
        "kedro": _calls(module).count("node"),
    }
    yield from ((library, steps) for library, steps in counts.items() if library in libraries and steps)


def _calls(module: ast.Module) -> list[str]:
    return [call_name(node) for node in ast.walk(module) if isinstance(node, ast.Call)]


def _make_chain(view: View, path: str) -> int:
    """Length of the chain of targets with recipes that leads to the training; 0 where make does not train."""
    needs: dict[str, list[str]] = {}
    recipes: dict[str, str] = {}
    target = ""
    for line in (view.text(path) or "").replace("\\\n", " ").splitlines()[:3000]:
        rule = re.match(r"^([\w./%$(){}-]+)(?:\s+[\w./%-]+)*\s*::?(?!=)\s*([^=#;|]*)", line)
        if line.startswith("\t") and target:
            recipes[target] = recipes.get(target, "") + line + "\n"
        elif rule and not line.startswith((".PHONY", "\t")):
            target = rule[1]
            needs[target] = needs.get(target, []) + rule[2].split()
    graph = graph_of(view)
    entries = set(graph.training_entries)
    running = {name: "\n".join(map(_that_run, recipe.splitlines())) for name, recipe in recipes.items()}
    training = [name for name, recipe in running.items() if entries & set(graph.files_named(recipe))]
    around = {name for trains in training for name in [*_closure(trains, needs), *(t for t in recipes if trains in _closure(t, needs))]}
    return len({name for name in around & set(recipes) if any(map(does_something, recipes[name].splitlines()))})


def _closure(start: str, needs: dict[str, list[str]]) -> set[str]:
    seen, queue = {start}, [start]
    while queue:
        fresh = set(needs.get(queue.pop(), [])) - seen
        seen |= fresh
        queue += fresh
    return seen


def _prepares(view: View, path: str) -> bool:
    """Whether a module has a function or class of substance that prepares features, by its own name or the module's."""
    defined = [n for n in ast.walk(view.python[path]) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and len(n.body) >= 1]
    names = [node.name for node in defined if not all(isinstance(s, (ast.Pass, ast.Expr)) for s in node.body)]
    return bool(names) and any(_SHARED_NAME.search(name) for name in [basename(path), *names])


def _collects(node: ast.AST) -> bool:
    """Adds to a list of complaints or yields one."""
    return isinstance(node, (ast.Yield, ast.ListComp, ast.GeneratorExp)) or (isinstance(node, ast.Call) and call_name(node) in ("append", "extend"))


def _checks(module: ast.Module) -> Iterator[ast.FunctionDef]:
    """Functions that are named as checks and can complain: they raise, assert, or collect what is wrong."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and _CHECK_NAME.search(node.name):
            inside = list(ast.walk(node))
            if len([n for n in inside if isinstance(n, ast.Compare)]) >= 2 and any(_collects(n) for n in inside):
                yield node
                continue
            raising = any(isinstance(n, ast.If) and any(isinstance(inner, ast.Raise) for inner in ast.walk(n)) for n in inside)
            if raising or any(isinstance(n, ast.Assert) and not isinstance(n.test, ast.Constant) for n in inside):
                yield node


PROBES = {
    "training_script": training_script,
    "training_command": training_command,
    "pipeline_definition": pipeline_definition,
    "shared_preprocessing": shared_preprocessing,
    "seeds_fixed": seeds_fixed,
    "data_validation": data_validation,
    "notebooks_only": notebooks_only,
}
