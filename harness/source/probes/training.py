"""From raw data to a model: is there a program that trains, something that runs it, and a chain of steps?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from grader.schema.evidence import Probe, Sighting
from harness.source.probes.gates import gates
from harness.source.probes.generators import unseeded
from harness.source.probes.imports import fits, graph_of
from harness.source.probes.leaks import blind
from harness.source.probes.orchestrators import pipelines
from harness.source.probes.orders import unordered
from harness.source.probes.recipes import MAX_FILES, add_rules, closure, does_something
from harness.source.probes.seeds import seeds
from harness.source.probes.stages import lacking
from harness.source.probes.steps import NO_TRAINING, quiet, started_by_name, that_runs, told_programs
from harness.source.probes.uses import uses
from harness.source.sightings import sighting
from harness.source.submission import FILE
from harness.source.view import MAX_PLACES, View, basename, no_subject, probe, walk

MAX_ASKED = 200
"""Files of which it is asked how far running them gets: each time all code behind one is followed."""
MAX_BARS = 20
_DECLARES = frozenset({"dvc.yaml", "Makefile", "makefile", "GNUmakefile", "justfile", "MLproject", "Taskfile.yml", "submission.toml"})
_NOTEBOOK_FIT = re.compile(r"\.fit\(|\.train\(|\.backward\(|fit_transform\(")


def training_script(view: View) -> Probe:
    """A program that fits and saves a model, or what submission.toml says is run for it, in any language."""
    found = graph_of(view).training_entries or told_programs(view)
    return probe(bool(found), ", ".join(found[:3]) or NO_TRAINING, found)


def training_command(view: View) -> Probe:
    """Something that is run by name (make target, pipeline stage, script, CI step, manifest) starts a training script."""
    graph = graph_of(view)
    entries = set(graph.training_entries)
    if not entries and not told_programs(view):
        return no_subject(NO_TRAINING)
    hits = [(path, line) for path, line, files in started_by_name(view) if entries & files or any(_runs_training(view, file) for file in files)]
    hits += [(FILE, view.train_command)] if told_programs(view) else []
    detail = hits[0][1] if hits else "nothing runs it by name"
    return probe(bool(hits), detail, [(path, view.line_of(path, line[:60])) for path, line in hits[:MAX_PLACES]])


def _runs_training(view: View, path: str) -> bool:
    """Whether running a file gets as far as a fit in the files of the training; one that serves or tests is not meant."""
    known = view.memo.setdefault("runs_training", {})
    assert isinstance(known, dict)
    if path not in known:
        graph = graph_of(view)
        files = graph.reach([path])
        leads = bool(files & set(graph.training_entries) and quiet(view, [path]))
        known[path] = leads and len(known) < MAX_ASKED and fits(uses(view, files, [path]).names)
    return bool(known[path])


def pipeline_definition(view: View) -> Probe:
    """value: steps of the longest pipeline; two make one.

    sightings: bars that the model is held against; `heeded`: something may come of one that is missed. A step that is `blind` judges a model by
    rows that it was fitted on. `runs_gate`: command lines that run such bars, `ignored` where make is told not to mind. `lacks`: what a stage of
    DVC runs or reads and does not depend on.
    """
    found = sorted(_pipelines(view), key=lambda item: -item[2])
    good = [item for item in found if item[2] >= 2]
    detail = f"{good[0][1]} with {good[0][2]} steps" if good else "no pipeline of two or more steps"
    places = [path for path, _, _ in good]
    return probe(bool(good), detail, places, value=float(found[0][2]) if found else 0.0, sightings=_judged(view) if good else ())


def _judged(view: View) -> Iterator[Sighting]:
    if (leak := blind(view)) is not None:
        yield sighting(leak.said, leak.path, {"blind": 1}, leak.line)
    yield from lacking(view)
    bars = gates(view)
    yield from (sighting(gate.text, gate.path, {"heeded": float(gate.heeded)}, gate.line) for gate in bars[:MAX_BARS])
    files = {gate.path for gate in bars if gate.heeded}
    for path, line, started in started_by_name(view) if files else []:
        if files & graph_of(view).reach(sorted(started)) and (basename(path) in _DECLARES or path.endswith((".sh", ".mk"))):
            yield sighting(line, path, {"runs_gate": 1, "ignored": float(bool(re.match(r"[@+]*-", line)))}, view.line_of(path, line[:60]))


def seeds_fixed(view: View) -> Probe:
    """A seed is set in the training path, and no row is picked there by a common generator that is not seeded, or in the order of a set."""
    graph = graph_of(view)
    if not graph.training_entries:
        return no_subject(NO_TRAINING)
    hits = [(path, line) for path in sorted(graph.training) for line in seeds(view, path)]
    if hits and (loose := list(unseeded(view))):
        path, line, call = loose[0]
        return probe(False, f"{call} in line {line} of {path} is not seeded, whatever else is", [(path, line) for path, line, _ in loose])
    if hits and (salted := list(unordered(view))):
        path, line, call = salted[0]
        detail = f"{call} in line {line} of {path} is given the order of a set, another one in every run whatever the seed"
        return probe(False, detail, [(path, line) for path, line, _ in salted])
    return probe(bool(hits), "" if hits else "no seed is set in the training path", hits)


def notebooks_only(view: View) -> Probe:
    """A red flag: found means that models are trained in notebooks and nowhere else."""
    notebooks = [path for path in view.paths if path.endswith(".ipynb") and _NOTEBOOK_FIT.search(view.text(path) or "")]
    entries = graph_of(view).training_entries
    if not notebooks and not entries:
        return no_subject(NO_TRAINING)
    return probe(bool(notebooks) and not entries, f"{len(notebooks)} notebooks, {len(entries)} scripts that train", entries or notebooks)


def _pipelines(view: View) -> Iterator[tuple[str, str, int]]:
    """(file, kind, steps)."""
    for path, found in view.yaml.items():
        for document in (d for d in found if isinstance(d, dict)):
            stages = document.get("stages")
            if basename(path) == "dvc.yaml" and isinstance(stages, dict):
                yield path, "dvc", sum(_works(stage) for stage in stages.values())
            if document.get("kind") in ("Workflow", "CronWorkflow", "WorkflowTemplate"):
                yield path, "argo", sum(key in ("steps", "tasks") and isinstance(value, dict) for key, value in walk(document))
    yield from pipelines(view)
    made = 0
    for path in view.paths:
        if basename(path).lower() in ("makefile", "gnumakefile") and (made := made + 1) <= MAX_FILES:
            yield path, "make", _make_chain(view, path)


def _works(stage: object) -> bool:
    """Whether a stage of DVC has a command that does something; of a `foreach` stage it stands below `do`."""
    if not isinstance(stage, dict):
        return False
    command = stage.get("cmd")
    lines = command if isinstance(command, list) else [command] if command else []
    return any(does_something(str(line)) for line in lines) or _works(stage.get("do"))


def _make_chain(view: View, path: str) -> int:
    """Length of the chain of targets with recipes that leads to the training; 0 where make does not train."""
    needs: dict[str, list[str]] = {}
    recipes: dict[str, list[str]] = {}
    add_rules(view.text(path) or "", needs, recipes)
    graph = graph_of(view)
    entries = set(graph.training_entries)
    working = {target for target, lines in recipes.items() if any(map(does_something, lines))}
    running = {target: "\n".join(map(that_runs, lines)) for target, lines in recipes.items()}
    training = [target for target, recipe in running.items() if entries & set(graph.files_named(recipe))]
    needed_by: dict[str, list[str]] = {}
    for target, names in needs.items():
        for name in names:
            needed_by.setdefault(name, []).append(target)
    return len((closure(training, needs) | closure(training, needed_by)) & working)


PROBES = {
    "training_script": training_script,
    "training_command": training_command,
    "pipeline_definition": pipeline_definition,
    "seeds_fixed": seeds_fixed,
    "notebooks_only": notebooks_only,
}
