"""Lock files that do not lock: what they leave out, and what two of them fix in two ways.

A package's own needs are known from the table below alone, and hold for every release that is still installed; where anything else may bring
them (hashes that pip insists on, another base image, the system's packages), nothing is told.
"""

from __future__ import annotations

import json
import posixpath
import re
import sys
from collections.abc import Collection, Iterator
from itertools import islice

from grader.schema.evidence import Sighting
from harness.source.probes.ci_steps import steps
from harness.source.probes.container import LOCKS, REQUIREMENTS, is_compiled, package_name
from harness.source.probes.imports import graph_of
from harness.source.probes.recipes import recipe
from harness.source.safe_toml import parsed
from harness.source.sightings import sighting
from harness.source.view import View, basename

NEEDS = {
    "aiohttp": "multidict yarl", "alembic": "mako sqlalchemy", "boto3": "botocore s3transfer jmespath", "celery": "kombu billiard",
    "django": "sqlparse", "evidently": "pandas numpy", "fastapi": "starlette pydantic", "flask": "werkzeug jinja2 click itsdangerous",
    "httpx": "certifi idna", "jinja2": "markupsafe", "lightgbm": "numpy scipy", "matplotlib": "numpy", "mlflow": "numpy pandas",
    "onnxruntime": "numpy protobuf", "pandas": "numpy python-dateutil", "pytest": "pluggy packaging", "requests": "urllib3 certifi idna",
    "scikit-learn": "numpy scipy joblib", "scipy": "numpy", "shap": "numpy scipy", "statsmodels": "numpy scipy pandas",
    "torch": "typing-extensions", "uvicorn": "click h11", "xgboost": "numpy scipy", "yarl": "multidict idna",
}  # fmt: skip
"""Package -> some of those without which it is never installed."""
_PACKAGES = {"scikit-learn": "sklearn", "pyyaml": "yaml", "pillow": "PIL", "python-dateutil": "dateutil", "opencv-python": "cv2"}
_EXACT = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*===?\s*([\w.!+-]+)\s*(?:\\|--hash|#|$)")
_DEVELOPMENT = re.compile(r"(?:^|[/._-])(?:dev|develop(?:ment)?|tests?|testing|ci)(?:[._-]|$)", re.I)
_VARIANT = re.compile(
    r"(?:^|[._-])(?:py\d+|python\d|cu\d+|cuda|gpu|cpu|rocm|min(?:imal|imum)?|oldest|lowest|latest|newest|nightly|compat|legacy|windows|win\d*|"
    r"linux|macos|darwin|arm\d*|amd64|x86|aarch64|bench\w*|load|docs?|lint)(?=[._-]|\d|$)",
    re.I,
)
"""Locks for another machine, another interpreter or another purpose: they differ because they must."""
_TOOLS = {"uv.lock": r"\buv (?:sync|run)\b", "poetry.lock": r"\bpoetry (?:install|run|sync)\b", "pdm.lock": r"\bpdm (?:sync|install|run)\b",
          "Pipfile.lock": r"\bpipenv (?:sync|install|run)\b"}  # fmt: skip
"""Lock files of tools, and the commands that install from them."""
_SYSTEM = re.compile(r"\b(?:python3?|py3)-[a-z]|\bconda\b|\bmamba\b|--no-deps|--require-hashes|--system-site-packages")
MAX_LOCKS, MAX_TOLD, MAX_LINES, MAX_STEPS, MAX_SAID = 20, 5, 5_000, 400, 200_000


def left_floating(view: View, files: Collection[str], wanted: Collection[str], *, in_image: bool) -> Iterator[Sighting]:
    """Packages in lock files whose own needs none of the files name: each is installed in whatever version is newest. `wanted`: all names that
    are installed with them."""
    if in_image and not _is_plain(view):
        return
    for path in islice((path for path in files if _is_meant_whole(view, path)), MAX_LOCKS):
        text = view.text(path) or ""
        if "--hash=" in text:
            continue
        fixed = _versions(view, path)
        missing = {name: lost for name in fixed if (lost := [need for need in NEEDS.get(name, "").split() if need not in wanted])}
        for name, lost in islice(missing.items(), MAX_TOLD):
            yield sighting(name, path, {"missing": ", ".join(lost)}, view.line_of(path, name))


def _is_meant_whole(view: View, path: str) -> bool:
    """A file that is named or made as a lock: what it leaves out is an oversight, and no choice."""
    stem = posixpath.splitext(path)[0]
    return REQUIREMENTS.search(path) is not None and (path.endswith(".lock") or f"{stem}.in" in view.known or is_compiled(view.text(path) or ""))


def _is_plain(view: View) -> bool:
    """Whether the image starts from the official Python image, and nothing else brings packages."""
    if view.dockerfile is None:
        return False
    bases = [base.reference for base in view.dockerfile.base_images() if base.pin != "stage"]
    plain = all(re.fullmatch(r"(?:(?:docker\.io/|public\.ecr\.aws/docker/)?(?:library/)?)python", re.split(r"[:@]", base)[0]) for base in bases)
    return bool(bases) and plain and not any(_SYSTEM.search(i.value) for i in view.dockerfile.instructions if i.keyword == "RUN")


def of_development(view: View) -> list[str]:
    """Lock files with which the tests are run: named for it and installed by a pipeline, or a tool's, whose commands a pipeline runs."""
    said = _said(view)
    named = [path for path in view.paths if REQUIREMENTS.search(path) and _DEVELOPMENT.search(basename(path)) and _is_named(said, path)]
    tools = [path for path in view.paths if basename(path) in _TOOLS and re.search(_TOOLS[basename(path)], said)]
    return [*named[:MAX_LOCKS], *tools[:MAX_LOCKS]]


def _said(view: View) -> str:
    """Every command of the pipelines, and what is behind it; put together once."""
    if "ci_said" not in view.memo:
        texts = dict.fromkeys(step.text for step in steps(view)[:MAX_STEPS])
        view.memo["ci_said"] = "\n".join(line for text in texts for line in (text, *(recipe(view, text) or [])))[:MAX_SAID]
    return str(view.memo["ci_said"])


def _is_named(said: str, path: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(basename(path))}(?![\w.-])", said) is not None


def tested_otherwise(view: View, ours: Collection[str], imported: Collection[str]) -> Iterator[Sighting]:
    """Packages that our code imports, and that the lock file with which the tests are run fixes in another version. Where a pipeline installs
    ours as well, it is not known which of them came last."""
    alone = [path for path in ours if not _is_named(_said(view), path)]
    return fixed_otherwise(view, alone, of_development(view), imported)


def fixed_otherwise(view: View, ours: Collection[str], others: Collection[str], imported: Collection[str]) -> Iterator[Sighting]:
    """Packages that our code imports and that a lock file of the same folder, for another purpose, fixes in another version."""
    for path in islice(ours, MAX_LOCKS):
        own = _versions(view, path)
        for other in islice(others, MAX_LOCKS):
            if other == path or posixpath.dirname(other) != posixpath.dirname(path) or _is_variant(path) or _is_variant(other):
                continue
            theirs = _versions(view, other)
            both = [name for name in own if name in theirs and _import_name(name) in imported and _plain(own[name]) != _plain(theirs[name])]
            for name in both[:MAX_TOLD]:
                yield sighting(name, other, {"here": theirs[name], "there": own[name], "other": path}, view.line_of(other, name))


def imported_by(view: View, files: Collection[str]) -> set[str]:
    graph = graph_of(view)
    return {name for file in files if file in view.python for name in graph.words(file).imported if "." not in name} - set(sys.stdlib_module_names)


def _is_variant(path: str) -> bool:
    return bool(_VARIANT.search(posixpath.splitext(basename(path))[0]))


def _import_name(package: str) -> str:
    return _PACKAGES.get(package, package.replace("-", "_"))


def _plain(version: str) -> str:
    """Without what is built in (`+cpu`), and without zeros at its end: 1.5 is 1.5.0."""
    return re.sub(r"(?:\.0)+$", "", version.partition("+")[0].lower())


def _versions(view: View, path: str) -> dict[str, str]:
    """Package -> its one version, of lines without conditions; read once per scan."""
    known = view.memo.setdefault("locked_versions", {})
    assert isinstance(known, dict)
    if path not in known:
        found: dict[str, set[str]] = {}
        for name, version in _told(view, path):
            found.setdefault(name, set()).add(version)
        known[path] = {name: next(iter(versions)) for name, versions in found.items() if len(versions) == 1 and "" not in versions}
    fixed = known[path]
    assert isinstance(fixed, dict)
    return fixed


def _told(view: View, path: str) -> Iterator[tuple[str, str]]:
    """(package, version or nothing) of every line or entry."""
    text = view.text(path) or ""
    if basename(path) in _TOOLS or (not LOCKS.search(path) and not REQUIREMENTS.search(path)):
        yield from _of_tool(path, text)
        return
    for line in text.splitlines()[:MAX_LINES]:
        if line[:1].isalnum():
            match = _EXACT.match(line.strip())
            yield (package_name(match[1]), match[2]) if match else (package_name(line), "")


def _of_tool(path: str, text: str) -> Iterator[tuple[str, str]]:
    try:
        if path.endswith("Pipfile.lock"):
            document = json.loads(text)
            for part in (document.get("default"), document.get("develop")) if isinstance(document, dict) else ():
                for name, entry in (part if isinstance(part, dict) else {}).items():
                    yield package_name(name), str(entry.get("version", "")).lstrip("=") if isinstance(entry, dict) else ""
            return
        listed = parsed(text).get("package")
    except (ValueError, RecursionError, AttributeError):
        return
    for entry in listed[:MAX_LINES] if isinstance(listed, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            yield package_name(entry["name"]), str(entry.get("version", ""))
