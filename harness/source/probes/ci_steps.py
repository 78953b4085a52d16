"""The steps of continuous integration: every command of every pipeline, with what stands above it that decides whether it runs and may fail.

Facts of a step, as they are written: `on` (what starts the workflow), the conditions below by their own names (those of an `if` joined with
`&&`), `after_script` (its failure is not looked at), `unread` (after `set +e`, with nobody who asks for the status), `pipefail` (0 where the
shell of a pipe tells only the status of its last command).
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from harness.source.probes import triggers
from harness.source.probes.image_builders import BUILDS, built, of_action, of_orb
from harness.source.probes.triggers import Gate
from harness.source.view import View, basename

Facts = dict[str, str | float]
_GITHUB = re.compile(r"^\.(?:github|gitea|forgejo)/workflows/[^/]+\.ya?ml$")
_GITLAB = re.compile(r"^\.gitlab-ci\.ya?ml$")
_CIRCLE = re.compile(r"^\.circleci/config\.ya?ml$")
_BITBUCKET = re.compile(r"^bitbucket-pipelines\.ya?ml$")
_OTHERS = re.compile(
    r"^azure-pipelines[^/]*\.ya?ml$|^\.azure(?:-pipelines|devops)?/[^/]+\.ya?ml$|^\.travis\.ya?ml$|^\.drone\.ya?ml$|^cloudbuild[^/]*\.ya?ml$|"
    r"^\.buildkite/[^/]+\.ya?ml$|^\.woodpecker[^/]*\.ya?ml$|^\.woodpecker/[^/]+\.ya?ml$|^\.tekton/[^/]+\.ya?ml$|^\.semaphore/[^/]+\.ya?ml$"
)
_RUN_KEYS = frozenset({"run", "script", "command", "commands", "bash", "before_script", "after_script", "uses", "args", "entrypoint"})
_JOINED = frozenset({"if", "condition"})
_CONDITIONS = _JOINED | {
    "continue-on-error", "continueOnError", "allow_failure", "allowFailure", "soft_fail", "failure", "enabled", "skip", "when", "trigger",
}  # fmt: skip
_GITLAB_WORDS = frozenset({"stages", "variables", "default", "include", "workflow", "image", "services", "cache", "before_script", "after_script"})
_NO_COMMAND = re.compile(r"^\s*(?:#|echo\b|$)")
_READS_STATUS = re.compile(r"\$\?|PIPESTATUS|\bset\s+-\w*e")
MAX_STEPS, MAX_LINES, MAX_SCRIPT, MAX_DEPTH, MAX_BASES = 800, 500, 20_000, 12, 20


@dataclass(frozen=True)
class Step:
    """One command line or action. `text` is whole, `first` its first line as it stands in the file; `folder` is where it runs; `gates` are
    what a change must pass to start it."""

    path: str
    text: str
    first: str
    facts: Facts = field(default_factory=dict)
    folder: str = ""
    gates: tuple[Gate, ...] = ()


def steps(view: View) -> list[Step]:
    """All of them, made once per scan."""
    if "ci_steps" not in view.memo:
        view.memo["ci_steps"] = list(islice(_all(view), MAX_STEPS))
    found = view.memo["ci_steps"]
    assert isinstance(found, list)
    return found


def _all(view: View) -> Iterator[Step]:
    for path in view.paths:
        if _GITHUB.search(path):
            for document in _read(view, path):
                for step in _gated(_workflow(view, path, document, None, {}, 0), triggers.github(document)):
                    condition = triggers.github_condition(str(step.facts.get("if", "")), str(step.facts.get("on", "")))
                    yield replace(step, gates=(*step.gates, *condition))
        elif _GITLAB.search(path):
            yield from _gitlab(view, path)
        elif _CIRCLE.search(path):
            yield from (step for document in _read(view, path) for step in _circle(path, document))
        elif _BITBUCKET.search(path):
            yield from (step for document in _read(view, path) for step in _bitbucket(path, document))
        elif _OTHERS.search(path):
            for document in _read(view, path):
                yield from _gated(_commands(path, document, {}), _of_others(path, document))
        elif basename(path) == "Jenkinsfile":
            called = re.findall(r"^(?!\s*//).*?\b(docker\.build)\s*\(", view.text(path) or "", re.M)[:1]
            yield from (Step(path, f"{BUILDS} ({call})", call) for call in called)
            said = re.findall(r"\b(?:sh|bat)\s*+(?:\(\s*+)?(?:script:\s*+)?(\"{3}|'{3}|[\"'])(.+?)\1", view.text(path) or "", re.S)
            yield from (step for _, script in said for step in _lines(path, script, {}))


def _gated(found: Iterable[Step], gates: Iterable[Gate]) -> Iterator[Step]:
    added = tuple(gates)
    return (replace(step, gates=(*step.gates, *added)) if added else step for step in found)


def _of_others(path: str, document: Any) -> list[Gate]:
    """The gates of a whole file, where its kind has such."""
    if ".travis" in path:
        return triggers.travis(document)
    if ".drone" in path or ".woodpecker" in path:
        told = _dict(document).get("trigger", _dict(document).get("when"))
        return triggers.drone(told)
    return triggers.azure(document) if "azure" in path else []


def _read(view: View, path: str) -> list[Any]:
    """Expressions such as `${{ false }}` are left as they are. Parsed once, however often a file is called."""
    read = view.memo.setdefault("ci_files", {})
    assert isinstance(read, dict)
    if path not in read:
        read[path] = view.documents(view.text(path) or "", templates=False) or view.yaml.get(path, [])
    return list(read[path])


def _workflow(view: View, path: str, document: Any, on: str | None, above: Facts, depth: int) -> Iterator[Step]:
    """Of GitHub's kind. One that others call runs when they do, so it is read from where it is called."""
    jobs = _dict(_dict(document).get("jobs"))
    events = _events(_dict(document)) if on is None else on
    if on is None and set(events.split(", ")) == {"workflow_call"} and _is_called(view, path):
        return
    for name, job in list(jobs.items())[:200]:
        if not isinstance(job, dict):
            continue
        facts = _joined(above, {"on": events} if events else {}, _needed(jobs, str(name)), _conditions(job))
        shell = _shell(job) or _shell(document)
        if isinstance(job.get("uses"), str):
            called = _local(view, job["uses"])
            if called and depth < 2:
                yield from (step for inner in _read(view, called) for step in _workflow(view, called, inner, events, facts, depth + 1))
            else:
                yield Step(path, job["uses"], job["uses"], facts)
        yield from _github_steps(view, path, job.get("steps"), facts, shell, depth)


def _github_steps(view: View, path: str, listed: Any, above: Facts, shell: str, depth: int) -> Iterator[Step]:
    for step in listed[:200] if isinstance(listed, list) else []:
        if not isinstance(step, dict):
            continue
        facts, uses = _joined(above, _conditions(step)), step.get("uses")
        action = _local(view, uses) if isinstance(uses, str) else None
        if action and depth < 2:
            runs = [_dict(_dict(inner).get("runs")).get("steps") for inner in _read(view, action)]
            yield from (found for inner in runs for found in _github_steps(view, action, inner, facts, "bash", depth + 1))
        elif isinstance(uses, str):
            told = _dict(step.get("with"))
            yield Step(path, f"{BUILDS} ({uses})" if of_action(uses) else uses, uses, facts)
            yield from (found for key in ("args", "run", "command") if isinstance(told.get(key), str) for found in _lines(path, told[key], facts))
        if isinstance(step.get("run"), str):
            used = str(step.get("shell") or shell)
            pipes = 1.0 if used == "bash" or "pipefail" in used else 0.0
            folder = str(step.get("working-directory") or "")
            yield from (replace(found, folder=folder) for found in _lines(path, step["run"], {**facts, "pipefail": pipes}))


def _gitlab(view: View, path: str) -> Iterator[Step]:
    document: dict[str, Any] = {}
    for inner in _read(view, path):
        document |= _dict(inner)
    included = document.get("include")
    for entry in included if isinstance(included, list) else [included]:
        local = entry.get("local") if isinstance(entry, dict) else entry
        if isinstance(local, str) and local.lstrip("/") in view.paths:
            for inner in _read(view, local.lstrip("/")):
                document = {**_dict(inner), **document}
    bases: dict[tuple[str, int], dict[str, Any]] = {}
    never, above = _whens(_dict(document.get("workflow"))), triggers.gitlab(_dict(document.get("workflow")))
    for name, job in list(document.items())[:300]:
        if isinstance(job, dict) and not str(name).startswith(".") and name not in _GITLAB_WORDS:
            whole = _extended(document, job, bases)
            facts = _joined(never, _conditions(whole), _whens(whole))
            for key in ("before_script", "script", "after_script"):
                extra: Facts = {"after_script": 1.0} if key == "after_script" else {}
                yield from _gated(_commands(path, {key: whole.get(key)}, {**facts, **extra}), [*above, *triggers.gitlab(whole)])


def _extended(document: dict[str, Any], job: dict[str, Any], known: dict[tuple[str, int], dict[str, Any]], depth: int = 0) -> dict[str, Any]:
    """A job with what it extends. `known`: (base, depth) -> what it comes to; each of ten may extend all ten, and so do theirs."""
    told = job.get("extends")
    names = [name for name in (told if isinstance(told, list) else [told]) if isinstance(name, str)] if depth < 5 else []
    merged: dict[str, Any] = {}
    for name in list(dict.fromkeys(names))[:MAX_BASES]:
        if (name, depth) not in known:
            known[name, depth] = _extended(document, _dict(document.get(name)), known, depth + 1)
        merged |= known[name, depth]
    return {**merged, **job}


def _whens(part: dict[str, Any]) -> Facts:
    """`when` of the rules, all of them: a job runs if one of them lets it."""
    rules = part.get("rules")
    whens = [str(rule.get("when", "on_success")) for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
    return {"when": ", ".join(dict.fromkeys(whens))} if whens else {}


def _circle(path: str, document: Any) -> Iterator[Step]:
    """Jobs that no workflow names never run."""
    jobs, workflows = _dict(_dict(document).get("jobs")), _dict(_dict(document).get("workflows"))
    used = [job for flow in workflows.values() for job in _listed(_dict(flow).get("jobs"))]
    named = {key for job in used for key in ([job] if isinstance(job, str) else _dict(job))}
    for name, job in list(jobs.items())[:200]:
        unused: Facts = {"when": "never"} if workflows and str(name) not in named and _dict(document).get("version") != 1 else {}
        yield from _gated(_commands(path, job, unused), triggers.circle(used, str(name)))
    for name in filter(of_orb, sorted(map(str, named))):
        yield from _gated([Step(path, f"{BUILDS} ({name})", name)], triggers.circle(used, name))
    yield from _commands(path, {key: value for key, value in _dict(document).items() if key not in ("jobs", "workflows")}, {})


def _bitbucket(path: str, document: Any) -> Iterator[Step]:
    """What stands below `custom` is started by hand."""
    kinds = _dict(_dict(document).get("pipelines"))
    gates = triggers.bitbucket(kinds)
    for kind, pipelines in kinds.items():
        for name, inner in _dict(pipelines).items() if kind == "branches" else [("", pipelines)]:
            found = _commands(path, inner, {"trigger": "manual"} if kind == "custom" else {})
            yield from _gated(found, gates.get(f"{kind}: {name}" if name else kind, []))
    yield from _commands(path, _dict(document).get("definitions"), {})


def _commands(path: str, node: Any, above: Facts, depth: int = 0) -> Iterator[Step]:
    """Commands anywhere below `node`, each with the conditions on the way to it."""
    if depth > MAX_DEPTH:
        return
    if isinstance(node, list):
        for item in node[:MAX_LINES]:
            yield from _commands(path, item, above, depth + 1)
    elif isinstance(node, dict):
        facts = _joined(above, _conditions(node))
        yield from (Step(path, f"{BUILDS} ({name})", name, facts) for name in built(node))
        for key, value in list(node.items())[:MAX_LINES]:
            script = _script(value) if key in _RUN_KEYS else None
            yield from _lines(path, script, facts) if script is not None else _commands(path, value, facts, depth + 1)


def _script(value: Any) -> str | None:
    """A script as text: one, or a list of lines."""
    if isinstance(value, str):
        return value
    flat = list(_flat(value, 0)) if isinstance(value, list) else []
    return "\n".join(flat) if flat and len(flat) == sum(1 for _ in _flat(value, 0, every=True)) else None


def _flat(value: Any, depth: int, *, every: bool = False) -> Iterator[str]:
    if isinstance(value, list) and depth < 4:
        for item in value[:MAX_LINES]:
            yield from _flat(item, depth + 1, every=every)
    elif isinstance(value, str) or every:
        yield str(value)


def _lines(path: str, script: str, facts: Facts) -> Iterator[Step]:
    """A step per command line; lines that end in a backslash go on in the next one."""
    whole = re.sub(r"[ \t]*\\\n[ \t]*", "\0", script[:MAX_SCRIPT])
    lines = [line.strip() for line in whole.splitlines() if not _NO_COMMAND.match(line)][:MAX_LINES]
    safe = any("pipefail" in line for line in lines)
    for number, line in enumerate(lines):
        later = lines[number + 1 :]
        loose = any(re.match(r"set\s+\+\w*e", before) for before in lines[:number])
        unread = loose and later and not any(_READS_STATUS.search(after) for after in later)
        told: Facts = {**facts, **({"pipefail": 1.0} if safe else {}), **({"unread": 1.0} if unread else {})}
        yield Step(path, line.replace("\0", " "), line.split("\0")[0], told)


def _conditions(part: dict[str, Any]) -> Facts:
    return {key: _words(value) for key, value in part.items() if key in _CONDITIONS and not isinstance(value, list)}


def _joined(*parts: Facts) -> Facts:
    """Later ones replace earlier ones of the same name, conditions are added."""
    whole: Facts = {}
    for key, value in (pair for part in parts for pair in part.items()):
        whole[key] = f"{whole[key]} && {value}" if key in _JOINED and key in whole and whole[key] != value else value
    return whole


def _needed(jobs: dict[str, Any], name: str) -> Facts:
    """Conditions of the jobs that a job waits for: where one is skipped, so is the job, unless it says `always()`."""
    seen, queue, facts = {name}, [name], dict[str, str | float]()
    while queue:
        job = _dict(jobs.get(queue.pop()))
        if re.search(r"always\(\)|!\s*cancelled\(\)", str(job.get("if", ""))):
            continue
        needs = job.get("needs")
        fresh = [str(need) for need in (needs if isinstance(needs, list) else [needs]) if need and str(need) not in seen]
        seen |= set(fresh)
        queue += fresh
        for need in fresh:
            facts = _joined(facts, {key: value for key, value in _conditions(_dict(jobs.get(need))).items() if key in _JOINED})
    return facts


def _events(document: dict[Any, Any]) -> str:
    """What starts a workflow; YAML reads the bare word `on` as true."""
    value = document.get("on", document.get(True))
    return ", ".join(map(str, value)) if isinstance(value, (list, dict)) else str(value or "")


def _is_called(view: View, path: str) -> bool:
    return any(f"./{path}" in (view.text(other) or "") for other in view.paths if _GITHUB.search(other) and other != path)


def _local(view: View, uses: str) -> str | None:
    """The file of a workflow or action of this repository."""
    if not uses.startswith("./"):
        return None
    path = posixpath.normpath(uses)
    return next((file for file in (path, f"{path}/action.yml", f"{path}/action.yaml") if file in view.paths), None)


def _shell(part: Any) -> str:
    return str(_dict(_dict(_dict(part).get("defaults")).get("run")).get("shell") or "")


def _words(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower() if value is not None else ""
    return json.dumps(value, default=str)[:200] if isinstance(value, dict) else str(value)[:200]


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: Any) -> Iterable[Any]:
    return value[:500] if isinstance(value, list) else []
