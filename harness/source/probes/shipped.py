"""Training data that the image is given although nothing in it reads them.

Told only where it is known what serves, and where neither that, nor its settings, nor a training in the image itself may want the file.
"""

from __future__ import annotations

import ast
import posixpath
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import islice

from harness.source.dockerignore import Ignore
from harness.source.instructions import Instruction
from harness.source.probes.imports import Imports, graph_of
from harness.source.view import View, basename
from harness.source.wildcard import has_wildcard, match_path

_TABLE = re.compile(
    r"\.(?:csv|tsv|parquet|feather|arrow|orc|jsonl|ndjson|arff|hdf5|h5|npz|npy|xlsx?|avro|libsvm|svmlight|tfrecords?)(?:\.(?:gz|bz2|xz|zst|zip))?$",
    re.I,
)
_NAMED_FOR_IT = re.compile(r"(?:^|[_.-])(?:train(?:ing)?|labell?ed|labels)(?:[_.-]|$)", re.I)
_SETTINGS = re.compile(r"\.(?:ya?ml|toml|ini|cfg|conf|env|properties)$|(?:^|/)\.env|(?:config|settings)[\w.-]*\.json$", re.I)
_OF_PIPELINE = re.compile(r"(?:^|/)(?:dvc\.(?:ya?ml|lock)|params\.ya?ml|pyproject\.toml|MLproject|[^/]+\.dvc)$|^\.github/|^\.gitlab-ci|^\.circleci/")
_PACKAGES = {"sklearn": "scikit-learn", "yaml": "pyyaml", "PIL": "pillow", "dateutil": "python-dateutil", "cv2": "opencv-python"}
MAX_FOUND, MAX_ASKED, MAX_SOURCES, MAX_TABLES = 5, 20, 30, 300


def training_data(view: View, ignore: Ignore | None, locked: dict[str, bool]) -> Iterator[tuple[str, int, str]]:
    """(instruction, its line, file) of each copy into the image that runs of a file that only training reads. `locked`: every package that the
    image installs; empty where it is not known to be all of them."""
    graph = graph_of(view)
    if view.dockerfile is None or not graph.serving_entries or not graph.training_entries:
        return
    tables = list(islice((path for path in view.paths if _TABLE.search(path)), MAX_TABLES))
    given = {path: copy for copy in _copies(view) for path in _brought(view, copy, ignore, [*tables, *graph.training_entries[:MAX_SOURCES]])}
    if _trains_inside(view, graph, given, locked) or graph.serving & set(graph.training_entries):
        return
    of_training = islice((path for path in tables if path in given and _is_of_training(view, graph, path)), MAX_ASKED)
    for path in islice((path for path in of_training if not _may_be_read(view, graph, path)), MAX_FOUND):
        copy = given[path]
        yield f"{copy.keyword} {copy.value}", copy.line, path


def _copies(view: View) -> list[Instruction]:
    """Those of the stage that runs, and of stages that it is built from, out of the context."""
    found = view.dockerfile.effective() if view.dockerfile else []
    return [i for i in found if i.keyword in ("COPY", "ADD") and not {"from", "exclude", "parents"} & set(i.flags)][:MAX_SOURCES]


def _brought(view: View, copy: Instruction, ignore: Ignore | None, paths: list[str]) -> Iterator[str]:
    """Those of the files that an instruction copies; sources with variables, and those from elsewhere, bring none that is known."""
    context = view.choice.context if view.choice else "."
    prefix = "" if context == "." else context.rstrip("/") + "/"
    for source in copy.words[:-1][:MAX_SOURCES]:
        if "$" in source or "://" in source:
            continue
        wanted = posixpath.normpath(source.lstrip("/") or ".")
        for path in paths:
            inside = path.removeprefix(prefix)
            if path.startswith(prefix) and _is_at(inside, wanted) and not (ignore and ignore.excludes(inside)):
                yield path


def _is_at(path: str, wanted: str) -> bool:
    if wanted == "." or path == wanted or path.startswith(wanted + "/"):
        return True
    if not has_wildcard(wanted):
        return False
    pattern, parts = wanted.split("/"), path.split("/")
    return len(parts) >= len(pattern) and match_path(pattern, parts[: len(pattern)])


def _is_of_training(view: View, graph: Imports, path: str) -> bool:
    """It is named for the training, or files that only train, or declare the pipeline, name it."""
    name = basename(path)
    if _NAMED_FOR_IT.search(name):
        return True
    return any(name in text for file in graph.training - graph.serving for text in graph.words(file).strings) or any(
        name in (view.text(other) or "") for other in view.paths if re.search(r"(?:^|/)(?:dvc|params)\.ya?ml$", other)
    )


def _may_be_read(view: View, graph: Imports, path: str) -> bool:
    """Whether what serves, what starts it, or what sets it up may speak of the file, of its folder or of files of its kind."""
    name, folder = basename(path), posixpath.dirname(path).split("/")[-1]
    kind = _TABLE.search(name)
    ending = kind[0].lower() if kind else ""
    for file in graph.serving:
        strings = graph.words(file).strings
        if any(name in text or ending.split(".")[1] in text.lower().split(".") for text in strings) or (folder and _names_folder(view, file, folder)):
            return True
    said = re.compile(rf"{re.escape(name)}|(?<![\w/.-])(?:{re.escape(folder)}/|\./{re.escape(folder)}\b)" if folder else re.escape(name))
    started = ("RUN", "ENV", "ARG", "CMD", "ENTRYPOINT")
    own = [i.value for i in view.dockerfile.instructions if i.keyword in started] if view.dockerfile else []
    if any(said.search(text) for text in [*own, *_scripts(view, own)]):
        return True
    spoken = {word for file in graph.serving for word in graph.words(file).strings}
    settings = (p for p in view.paths if _SETTINGS.search(p) and (not _OF_PIPELINE.search(p) or any(basename(p) in text for text in spoken)))
    return any(said.search(view.text(file) or "") for file in settings)


def _scripts(view: View, commands: Iterable[str]) -> Iterator[str]:
    named = {basename(word) for text in commands for word in re.findall(r"[\w./-]+\.sh\b", text)}
    yield from (view.text(path) or "" for word in sorted(named) for path in view.by_name.get(word, [])[:3])


def _names_folder(view: View, file: str, folder: str) -> bool:
    """Whether a text other than a key of a table is the folder, or a path that begins with it."""
    nodes = view.nodes(file) if file in view.python else []
    keys: set[int] = set()
    for node in nodes:
        if isinstance(node, ast.Subscript):
            keys.add(id(node.slice))
        elif isinstance(node, ast.Dict):
            keys |= {id(key) for key in node.keys}
        elif isinstance(node, ast.Compare):
            keys.add(id(node.left))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "pop", "setdefault"):
            keys |= {id(argument) for argument in node.args[:1]}
    texts = (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in keys)
    return any(folder in text.removeprefix("/").split("/") and not text.startswith("/") and " " not in text for text in texts)


def _trains_inside(view: View, graph: Imports, given: Iterable[str], locked: dict[str, bool]) -> bool:
    """Whether the model may be trained by the same image: what trains is in it, and all that it imports."""
    inside = set(given)
    if not any(entry in inside for entry in graph.training_entries):
        return any(_names_training(graph, entry) for entry in graph.training_entries)
    if not locked:
        return True
    own = {part for path in view.python for part in (path.split("/")[0], basename(path).removesuffix(".py"))}
    imported = {name for file in graph.training for name in graph.words(file).imported if "." not in name} - own - set(sys.stdlib_module_names)
    return all(_PACKAGES.get(name, name).lower().replace("_", "-") in locked for name in imported)


def _names_training(graph: Imports, entry: str) -> bool:
    """Whether what serves starts the training as a program."""
    module = entry.removesuffix(".py").replace("/", ".")
    return any(entry in text or module in text for file in graph.serving for text in graph.words(file).strings)
