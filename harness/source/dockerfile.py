"""Which Dockerfile serves the model, from which folder it is built, and what it copies that is not there."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from grader.schema.causes import Trouble
from grader.schema.evidence import DockerfileChoice, Place, SourceEvidence
from harness.source import submission
from harness.source.copies import Context, context_for, missing
from harness.source.instructions import MAX_INSTRUCTIONS, Dockerfile, parse
from harness.source.safe_yaml import documents
from harness.source.tree import SourceTree
from harness.text import one_line

MAX_DOCKERFILE = 256 << 10
MAX_CONTEXTS = 5
"""Contexts of one Dockerfile that compose files name and that are looked into."""
MAX_LOOKED_AT = 1 << 20
"""Bytes of all Dockerfiles among which one is chosen: a repository may hold thousands, or files that only carry the name."""

_NAME = re.compile(r"^(?:dockerfile|containerfile)(?:[.\-_][\w.\-]+)?$|^[\w.\-]+\.dockerfile$", re.I)
_COMPOSE = re.compile(r"^(?:docker-)?compose(?:[.\-_][\w.\-]+)?\.ya?ml$", re.I)
_VENDORED = re.compile(r"(?:^|/)(?:node_modules|site-packages|dist-packages|venv|\.venv|vendor|third_party|\.tox)/")

# What speaks for and against a Dockerfile being the one that serves the model: (points, why, pattern). Sums decide.
_SERVING = (
    r"uvicorn|gunicorn|hypercorn|waitress|granian|fastapi|flask|bentoml|torchserve|tritonserver|seldon|mlserver|"
    r"serve|predict|inference|\bapp\b|\bapi\b|main"
)
_OTHER_COMMAND = r"jupyter|notebook|airflow|mlflow (?:server|ui)|streamlit|\btrain|pytest|nginx|prefect|locust|npm|node\b"
_OTHER_PATH = (
    r"notebook|jupyter|airflow|nginx|train|front|\bui\b|client|test|\bdev|mlflow|grafana|prometheus|locust|\bdb\b|postgres|"
    r"dashboard|streamlit|cuda|gpu"
)
_OTHER_BASE = r"nginx|jupyter|airflow|(?:^|/)node:|postgres|grafana|prometheus|mysql|redis|mlflow"
_COMMAND_SIGNS = [
    (25, "its command starts a server", re.compile(_SERVING, re.I)),
    (-25, "its command starts something else", re.compile(_OTHER_COMMAND, re.I)),
]
_PATH_SIGNS = [
    (10, "its path speaks of serving", re.compile(r"serv|api|infer|predict|score|model|backend|\bapp\b", re.I)),
    (-25, "its path speaks of something else", re.compile(_OTHER_PATH, re.I)),
]
_BASE_SIGNS = [(-30, "its base image is of another kind", re.compile(_OTHER_BASE, re.I))]


@dataclass(frozen=True)
class Candidate:
    path: str
    points: int
    why: str


def load(tree: SourceTree, path: str) -> Dockerfile:
    """The parsed Dockerfile at `path`; empty if it is no text.

    Raises Trouble(build_failed) where its variables expand without bound, and where a builder would be sent more of it than is read here.
    """
    if len(tree.read(path, MAX_DOCKERFILE + 1) or b"") > MAX_DOCKERFILE:
        raise Trouble("build_failed", f"{one_line(path)} is larger than {MAX_DOCKERFILE >> 10} KiB")
    parsed = parse(tree.text(path, MAX_DOCKERFILE) or "")
    if len(parsed.instructions) >= MAX_INSTRUCTIONS:
        raise Trouble("build_failed", f"{one_line(path)} has {MAX_INSTRUCTIONS} instructions or more")
    # What anybody may ask it later is tried now, where a refusal still is the submission's reason and no engine has heard of it.
    parsed.variables(), parsed.copied_images(), parsed.exposed_ports()
    return parsed


def choose(tree: SourceTree) -> DockerfileChoice | None:
    """The Dockerfile to build, or None without any. Raises Trouble(submission_manifest_invalid | build_failed)."""
    said = submission.read(tree)
    ranked = candidates(tree)
    names = [one_line(candidate.path) for candidate in ranked][:20]
    if said is not None and said.dockerfile is not None:
        context = said.context or context_for(tree, load(tree, said.dockerfile), said.dockerfile)
        return DockerfileChoice(path=said.dockerfile, context=_folder(context), why="named in submission.toml", candidates=names)
    if not ranked:
        return None
    best = ranked[0]
    context, how = (said.context, "submission.toml") if said is not None and said.context else _context(tree, best.path)
    why = "the only Dockerfile" if len(ranked) == 1 else f"best of {len(ranked)}: {best.why}"
    return DockerfileChoice(path=best.path, context=_folder(context), why=f"{why}; context by {how}", candidates=names)


def examine(tree: SourceTree) -> SourceEvidence:
    """The source's facts. Candidate faults are facts, not errors, save for a submission.toml that cannot be used and for variables in a
    Dockerfile that expand without bound (Trouble)."""
    choice = choose(tree)
    lost = missing(load(tree, choice.path), Context(tree, choice.context)) if choice else []
    return SourceEvidence(
        kind=tree.kind, commit=tree.commit, tree=tree.tree, files=tree.files, bytes=tree.bytes, uncommitted=tree.uncommitted, dockerfile=choice,
        missing_copy_sources=[Place(file=one_line(source.source), line=source.line) for source in lost[:50]],
    )  # fmt: skip


def refuse_missing_copies(source: SourceEvidence) -> None:
    """Raises Trouble(copy_source_missing) when a build cannot succeed."""
    if source.missing_copy_sources and source.dockerfile is not None:
        named = ", ".join(f"{place.file} (line {place.line})" for place in source.missing_copy_sources[:5])
        raise Trouble("copy_source_missing", f"{one_line(source.dockerfile.path)}: {named}")


def candidates(tree: SourceTree) -> list[Candidate]:
    """Every Dockerfile with a FROM, best first."""
    by_compose = {path for path, _ in _compose_builds(tree)}
    found: list[Candidate] = []
    room = MAX_LOOKED_AT
    for path in sorted(filter(_is_named, tree.paths), key=lambda path: path.count("/")):
        text = tree.text(path, MAX_DOCKERFILE) or ""
        room -= len(text)
        parsed = parse(text)
        if parsed.stages:
            found.append(_score(path, parsed, path in by_compose))
        if room < 0 or len(found) == 100:
            break
    return sorted(found, key=lambda candidate: (-candidate.points, candidate.path.count("/"), candidate.path))


def _is_named(path: str) -> bool:
    return _NAME.match(posixpath.basename(path)) is not None and not path.endswith(".dockerignore") and _VENDORED.search(path) is None


def _score(path: str, parsed: Dockerfile, in_compose: bool) -> Candidate:
    depth = path.count("/")
    signs = [(30 - 6 * min(depth, 5), "it lies at the root" if depth == 0 else "")]
    if posixpath.basename(path).lower() in ("dockerfile", "containerfile"):
        signs.append((10, ""))
    starts = [i.value for k in ("ENTRYPOINT", "CMD") if (i := parsed.last(k)) is not None]
    signs.append((8, "") if starts else (-15, "it starts nothing"))
    signs += [(points, why) for points, why, pattern in _COMMAND_SIGNS if pattern.search(" ".join(starts))]
    signs += [(points, why) for points, why, pattern in _PATH_SIGNS if pattern.search(path)]
    signs += [(points, why) for points, why, pattern in _BASE_SIGNS if pattern.search(parsed.stages[-1].base)]
    signs += [(8, "it exposes a port")] if parsed.exposed_ports() else []
    signs += [(8, "compose builds it")] if in_compose else []
    reasons = [why for points, why in signs if why and points > 0] or ["least unlikely"]
    return Candidate(path, sum(points for points, _ in signs), ", ".join(reasons))


def _context(tree: SourceTree, path: str) -> tuple[str, str]:
    built_here = [context for built, context in _compose_builds(tree) if built == path]
    for context in built_here[:MAX_CONTEXTS]:
        if not missing(load(tree, path), Context(tree, context)):
            return context, "compose"
    return context_for(tree, load(tree, path), path), "its COPY sources"


def _compose_builds(tree: SourceTree) -> list[tuple[str, str]]:
    """(Dockerfile path, context) of every service that a compose file builds, relative to the repository's root."""
    found, known = [], frozenset(tree.paths)
    for path in [p for p in tree.paths if _COMPOSE.match(posixpath.basename(p)) and not _VENDORED.search(p)][:10]:
        for document in documents(tree.text(path, 128 << 10) or "") or []:
            services = document.get("services") if isinstance(document, dict) else None
            for service in list(services.values())[:50] if isinstance(services, dict) else []:
                pair = _compose_build(posixpath.dirname(path), service.get("build") if isinstance(service, dict) else None)
                if pair and pair[0] in known:
                    found.append(pair)
    return list(dict.fromkeys(found))


def _compose_build(folder: str, build: object) -> tuple[str, str] | None:
    if isinstance(build, str):
        build = {"context": build}
    if not isinstance(build, dict):
        return None
    context, dockerfile = build.get("context", "."), build.get("dockerfile", "Dockerfile")
    if not isinstance(context, str) or not isinstance(dockerfile, str):
        return None
    base = posixpath.normpath(posixpath.join(folder, context))
    if base.startswith(("..", "/")):
        return None
    return posixpath.normpath(posixpath.join(base, dockerfile)), base


def _folder(context: str) -> str:
    return posixpath.normpath(context.rstrip("/") or ".")
