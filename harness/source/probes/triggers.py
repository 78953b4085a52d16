"""Which changes start a step of continuous integration: the branches and files that its pipeline is told to run for.

A gate is a list of ways, any of which lets a change through; a step stands behind all its gates. What cannot be read lets everything through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.source.probes.globs import Filter

_NO_CHANGE = frozenset({
    "issues", "issue_comment", "label", "milestone", "watch", "star", "fork", "gollum", "discussion", "discussion_comment", "page_build", "public",
    "project", "project_card", "project_column", "branch_protection_rule", "member", "delete",
})  # fmt: skip
"""Of GitHub: what happens in a repository without any change of what it holds."""
_BY_HAND = frozenset({"workflow_dispatch", "repository_dispatch", "workflow_call", "release"})
_CONJUNCT = re.compile(r"\s*&&\s*")
_GITHUB_REF = re.compile(r"^github\.(?:ref|ref_name|base_ref)\s*==\s*'(?:refs/(heads|tags)/)?([^']+)'$")
_GITHUB_EVENT = re.compile(r"^github\.event_name\s*==\s*'(\w+)'$")
_GITHUB_TAG = re.compile(r"^startsWith\(\s*github\.ref\s*,\s*'refs/tags/[^']*'\s*\)$|^github\.ref_type\s*==\s*'tag'$", re.I)
_GITLAB_BRANCH = re.compile(
    r"^\$\{?CI_(?:COMMIT_BRANCH|COMMIT_REF_NAME|COMMIT_REF_SLUG|BUILD_REF_NAME|MERGE_REQUEST_TARGET_BRANCH_NAME)\}?\s*(==|=~)\s*(\"[^\"]*\"|'[^']*'|/.*/)$"
)
_GITLAB_SOURCE = re.compile(r"^\$\{?CI_PIPELINE_SOURCE\}?\s*==\s*[\"'](?:web|api|trigger|chat|webide)[\"']$")
_GITLAB_TAG = re.compile(r"^\$\{?CI_COMMIT_TAG\}?$")
_GITLAB_WORDS = frozenset({"tags", "web", "api", "triggers", "chat"})
"""Words of `only` that stand for what no change of a branch is; the others stand for changes."""
_GITLAB_CHANGES = frozenset({
    "branches", "merge_requests", "external", "external_pull_requests", "pipelines", "pushes", "schedules",
})  # fmt: skip
MAX_WAYS = 60
_NOTHING = (Filter(("/^$/",)),)
"""No file at all: a way that is closed whatever changes."""


@dataclass(frozen=True)
class Way:
    """One thing that starts a pipeline, `said` as it is shown. Without a filter, every branch or file does; `closed`: no branch's change does."""

    said: str
    branches: tuple[Filter, ...] = ()
    paths: tuple[Filter, ...] = ()
    closed: bool = False


Gate = tuple[Way, ...]


def starts(gates: Sequence[Gate], branches: Sequence[str] | None, files: Sequence[str]) -> str | None:
    """What alone starts a step, where no change of any of the files, on any of the branches, does; None where one may. Without `branches`,
    all of them would do."""
    for gate in gates:
        if gate and not any(_lets(way, branches, files) for way in gate):
            return "; ".join(dict.fromkeys(way.said for way in gate))
    return None


def _lets(way: Way, branches: Sequence[str] | None, files: Sequence[str]) -> bool:
    on_branch = branches is None or (not way.closed and any(all(f.passes(name) for f in way.branches) for name in branches))
    return on_branch and (not way.paths or any(all(f.passes(name) for f in way.paths) for name in files))


def github(document: Any) -> list[Gate]:
    """Of a workflow's `on`. Events that somebody starts by hand are no ways: a workflow that has no others has no gate, and is told otherwise."""
    told = document.get("on", document.get(True)) if isinstance(document, dict) else None
    events = dict.fromkeys(map(str, told)) if isinstance(told, list) else told if isinstance(told, dict) else {str(told or ""): None}
    ways = [way for name, event in list(events.items())[:MAX_WAYS] if name not in _BY_HAND for way in _github_event(str(name), event)]
    if not ways and "release" in events:
        ways = [Way("release", closed=True)]
    return [tuple(ways)] if ways else []


def _github_event(name: str, told: Any) -> Iterator[Way]:
    if name in _NO_CHANGE:
        yield Way(name, closed=True)
    elif name in ("push", "pull_request", "pull_request_target") and isinstance(told, dict):
        kept = [key for key in ("branches", "branches-ignore", "tags", "tags-ignore", "paths", "paths-ignore") if _texts(told.get(key))]
        parts = [f"{key}: {', '.join(_texts(told[key])[:4])}" for key in kept]
        branches = tuple(Filter(_texts(told[key]), ignore=key.endswith("ignore")) for key in kept if key.startswith("branches"))
        paths = tuple(Filter(_files(told[key]), ignore=key.endswith("ignore")) for key in kept if key.startswith("paths"))
        tags_alone = name == "push" and not branches and any(key.startswith("tags") for key in kept)
        yield Way(f"{name} ({'; '.join(parts)})" if parts else name, branches, paths, tags_alone)
    else:
        yield Way(name)


def github_condition(condition: str, events: str) -> list[Gate]:
    """Of an `if`: each part of it that names a branch, a tag or an event that never comes is a gate of its own."""
    bare = re.sub(r"\$\{\{|\}\}", " ", condition).strip()
    if "||" in bare:
        return []
    known = {event for event in events.split(", ") if event}
    found: list[Gate] = []
    for part in _CONJUNCT.split(bare):
        part = part.strip().strip("()").strip() if not part.strip().startswith("startsWith") else part.strip()
        said = f"if: {part}"
        if (event := _GITHUB_EVENT.match(part)) and known and event[1] not in known:
            found.append((Way(said, paths=_NOTHING),))
        elif _GITHUB_TAG.match(part):
            found.append((Way(said, closed=True),))
        elif ref := _GITHUB_REF.match(part):
            found.append((Way(said, (Filter((ref[2],)),), closed=ref[1] == "tags"),))
    return found


def gitlab(job: dict[str, Any]) -> list[Gate]:
    """Of `rules`, else of `only` and `except`, of a job or of `workflow`."""
    rules = job.get("rules")
    if isinstance(rules, list):
        if not all(isinstance(rule, dict) for rule in rules) or len(rules) > MAX_WAYS:
            return []
        ways = [_gitlab_rule(rule) for rule in rules if str(rule.get("when", "on_success")) not in ("never", "manual")]
        return [tuple(ways)] if ways else []
    gates = []
    if "only" in job and (ways := list(_gitlab_only(job["only"]))):
        gates.append(tuple(ways))
    refused = job.get("except")
    changes = _texts(refused.get("changes")) if isinstance(refused, dict) else ()
    if changes and isinstance(refused, dict) and set(refused) == {"changes"}:
        gates.append((Way(f"except: changes: {', '.join(changes[:4])}", paths=(Filter(changes, ignore=True),)),))
    refs = _texts(refused.get("refs")) if isinstance(refused, dict) and set(refused) == {"refs"} else _texts(refused)
    if "branches" in refs and "only" not in job:
        gates.append((Way(f"except: {', '.join(refs[:4])}", closed=True),))
    return gates


def _gitlab_rule(rule: dict[str, Any]) -> Way:
    said, condition = [], str(rule.get("if") or "")
    branches: list[Filter] = []
    closed = False
    changes = rule.get("changes")
    paths = _texts(changes.get("paths") if isinstance(changes, dict) else changes)
    for part in _CONJUNCT.split(condition) if condition and "||" not in condition else []:
        part = part.strip().strip("()").strip()
        closed = closed or bool(_GITLAB_SOURCE.match(part) or _GITLAB_TAG.match(part))
        if branch := _GITLAB_BRANCH.match(part):
            name = branch[2] if branch[1] == "=~" else branch[2].strip("\"'")
            branches.append(Filter((name,) if branch[1] == "==" or name.startswith("/") else ("**",)))
    said = [f"if: {condition}"] * bool(condition) + [f"changes: {', '.join(paths[:4])}"] * bool(paths)
    return Way("; ".join(said) or "rules", tuple(branches), (Filter(paths, wide=True),) if paths else (), closed)


def _gitlab_only(told: Any) -> Iterator[Way]:
    whole = told if isinstance(told, dict) else {"refs": told}
    changes = _texts(whole.get("changes"))
    paths = (Filter(changes, wide=True),) if changes else ()
    more = f"; changes: {', '.join(changes[:4])}" if changes else ""
    refs = _texts(whole.get("refs"))
    if not refs and "variables" not in whole:
        yield Way(f"only{more.replace(';', ':', 1)}", paths=paths)
    for ref in refs[:MAX_WAYS]:
        name = ref.partition("@")[0]
        if ref in _GITLAB_WORDS:
            yield Way(f"only: {ref}{more}", paths=paths, closed=True)
        elif ref in _GITLAB_CHANGES or not name or (name.startswith("/") and not name.endswith("/")):
            yield Way(f"only: {ref}{more}", paths=paths)
        else:
            yield Way(f"only: {name}{more}", (Filter((name,), wide=True),), paths)


def circle(used: Sequence[Any], name: str) -> list[Gate]:
    """Of a job by its entries in the workflows."""
    ways: list[Way] = []
    for entry in used:
        if entry == name:
            return []
        told = entry.get(name) if isinstance(entry, dict) and name in entry else None
        if not isinstance(told, dict):
            continue
        ways.append(_listed(_dict(_dict(told.get("filters")).get("branches")), ("only",), ("ignore",), "filters"))
    return [tuple(ways)] if ways else []


def azure(document: Any) -> list[Gate]:
    """Where pull requests are not told of, they may start it as well."""
    whole = _dict(document)
    if "pr" not in whole or "schedules" in whole or "resources" in whole:
        return []
    ways: list[Way] = []
    for key in ("trigger", "pr"):
        told = whole.get(key)
        if told == "none":
            ways.append(Way(f"{key}: none", paths=_NOTHING))
        elif isinstance(told, list):
            ways.append(_listed({"include": told}, ("include",), (), key))
        elif isinstance(told, dict):
            if not {"branches", "paths"} & set(told) and "tags" in told:
                ways.append(Way(f"{key}: tags", closed=True))
                continue
            branch, path = (_listed(_dict(told.get(part)), ("include",), ("exclude",), f"{key}: {part}") for part in ("branches", "paths"))
            said = "; ".join(way.said for way in (branch, path) if way.branches)
            ways.append(Way(said or key, branch.branches, path.branches))
        else:
            ways.append(Way(key))
    return [tuple(ways)]


def bitbucket(kinds: dict[str, Any]) -> dict[str, list[Gate]]:
    """Kind of pipeline, as `branches: release` -> its gates."""
    names = [f"branches: {name}" for name in list(_dict(kinds.get("branches")))[:MAX_WAYS]]
    branches: dict[str, list[Gate]] = {said: [(Way(said, (Filter((said.removeprefix("branches: "),), wide=True),)),)] for said in names}
    return {"tags": [(Way("tags", closed=True),)], **branches}


def travis(document: Any) -> list[Gate]:
    told = _dict(document).get("branches")
    return [(_listed(told, ("only",), ("except",), "branches"),)] if isinstance(told, dict) else []


def drone(told: Any) -> list[Gate]:
    """Of Drone's `trigger` and Woodpecker's `when`: a table, or a list of such, any of which may hold."""
    tables = [table for table in (told if isinstance(told, list) else [told]) if isinstance(table, dict)]
    ways: list[Way] = []
    for table in tables[:MAX_WAYS]:
        parts = {key: _either(table.get(key), key) for key in ("branch", "path", "paths")}
        events = _texts(table.get("event"))
        closed = bool(events) and set(events) <= {"tag", "custom", "promote", "rollback", "deployment", "release", "manual"}
        said = [part.said for part in parts.values() if part.branches] + [f"event: {', '.join(events)}"] * bool(events)
        ways.append(Way("; ".join(said) or "when", parts["branch"].branches, (*parts["path"].branches, *parts["paths"].branches), closed))
    return [tuple(ways)] if ways and len(tables) <= MAX_WAYS else []


def _either(told: Any, key: str) -> Way:
    return _listed(told if isinstance(told, dict) else {"include": told}, ("include",), ("exclude",), key)


def _listed(told: Any, only: Iterable[str], ignored: Iterable[str], said: str) -> Way:
    """A way with the filters of a table as its `branches`; what is left out is read to the letter."""
    table = _dict(told)
    pairs = [(key, _texts(table.get(key)), key in ignored) for key in (*only, *ignored)]
    shown = "; ".join(f"{key}: {', '.join(names[:4])}" for key, names, _ in pairs if names)
    filters = tuple(Filter(names, ignore=out, wide=not out) for _, names, out in pairs if names)
    return Way(f"{said}: {shown}" if shown else said, filters)


def _files(value: Any) -> tuple[str, ...]:
    """Patterns of files; one that ends in a slash may be meant for all below it."""
    return tuple(f"{pattern}**" if pattern.endswith("/") else pattern for pattern in _texts(value))


def _texts(value: Any) -> tuple[str, ...]:
    """A word or a list of words; numbers are names of branches too."""
    listed = value if isinstance(value, list) else [value]
    return tuple(str(item) for item in listed if isinstance(item, (str, int, float)) and not isinstance(item, bool))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
