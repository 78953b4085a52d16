"""Versions of data and models, and what ties a model to the data, code and parameters that it came from."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any

from grader.schema.evidence import Probe, Sighting
from harness.source.probes.claims import records
from harness.source.probes.digests import compared, digest, recorded, sum_files
from harness.source.probes.imports import graph_of
from harness.source.probes.leaks import flattered
from harness.source.probes.parameters import unread
from harness.source.probes.placeholders import says_nothing
from harness.source.probes.steps import NO_TRAINING
from harness.source.sightings import capped, sighting
from harness.source.view import MAX_KEY, View, basename, no_subject, probe, walk

_VERSION = re.compile(r"^(?:model_?)?version$|^model_?(?:id|sha256|digest|hash)$", re.I)
_DATA = re.compile(r"(?:data|dataset|train\w*)_?(?:set)?_?(?:version|digest|hash|sha\w*|md5|checksum|id)$", re.I)
_METRIC = re.compile(
    r"^(?:\w+_)?(?:metrics?|auc|roc_?auc|pr_?auc|average_precision|accuracy|precision|recall|f1|brier\w*|log_?loss|rmse|mae|r2)(?:_\w+)?$", re.I
)
_CODE = re.compile(
    r"^(?:code|git|source)?_?(?:commit|revision|git_?sha|sha)(?:_\w+)?$|^(?:code|git|source)_(?:version|digest|ref|hash|sha\d*|tree)$", re.I
)
_PARAMS = re.compile(r"^(?:hyper|training_?|model_?)?_?param(?:eter)?s?$|^(?:training_?)?config$|^hyperparameters$|^settings$", re.I)
_BAR = re.compile(
    r"^(?:min|max|minimum|maximum|least|most|target|required?|threshold|gate|floor|ceiling)_|_(?:min|max|threshold|target|limit|floor|gate|bar)$",
    re.I,
)
"""A number that a metric is held against: `min_auc` was decided, not measured."""
_TOLD = re.compile(
    r"^(?:\w+_)?(?:gates?|thresholds?|limits?|targets?|requirements?|criteria|acceptance|bars?|(?:hyper_?)?param(?:eter)?s?|config|settings|slos?)$",
    re.I,
)
"""Parts of a record that say what a run was told."""
_OF_DATA = re.compile(r"data|train|file|manifest", re.I)
_DIGEST_KEY = re.compile(r"sha|md5|digest|hash|checksum|etag", re.I)
_TRACKERS = {
    "mlflow": {"log_metric", "log_metrics", "log_param", "log_params", "autolog", "start_run", "log_model"},
    "wandb": {"init", "log"},
    "aim": {"Run", "track"},
    "neptune": {"init_run"},
    "comet_ml": {"Experiment", "start"},
    "clearml": {"init"},
    "dvclive": {"Live", "log_metric"},
    "tensorboard": {"SummaryWriter", "add_scalar"},
    "torch.utils.tensorboard": {"SummaryWriter"},
}
_ONE_DIGIT = re.compile(r"^(?:\w+:)?(.)\1{15,}$")
_POINTS = re.compile(r"^[ \t]*+(?:-[ \t]*+)?(?:md5|etag|checksum)[ \t]*+:[ \t]*+['\"]?(?!(\w)\1{7,})\w{8,}", re.M)
MAX_COMPARED, MAX_DEPTH = 40, 8
_MODEL_FILE = re.compile(
    r"\.(?:pkl|pickle|joblib|bin|onnx|pmml|pt|pth|pb|h5|hdf5|keras|tflite|cbm|ubj|xgb|lgb|model|safetensors|skops|rds)(?:\.gz|\.zst|\.bz2)?$", re.I
)
"""JSON is none: its digest may be that of its contents, and not of its bytes."""
_NO_DATA = re.compile(r"\.(?:json|ya?ml|toml|md|py|ipynb|r|sh|sql|scala|java|js|ts|go)$", re.I)
"""What lies in a folder `data` and is none: the code that fetches it, which dvc.lock names with its digest as well."""
_DATA_FILE = re.compile(r"\.(?:csv|parquet|feather|jsonl|arrow|tsv|npz)(?:\.gz|\.zst|\.bz2)?$", re.I)


def data_versioned(view: View) -> Probe:
    """DVC, lakeFS or LFS pointers, a committed manifest with the data's digest, or training code that records one.

    sightings: the digests of data that are recorded beside the name of a `file` of the repository; `matches`: it is that file's.
    """
    graph = graph_of(view)
    committed = any(_DATA_FILE.search(path) for path in view.paths)
    hits = [*_dvc(view), *_manifests(view), *_lfs(view)]
    hits += [(path, "digest beside the name of a file") for path, name, _ in _recorded(view) if _names_data(name)]
    hits += [(path, "digest recorded by the training") for path in sorted(graph.training) if _hashes_data(view, path)]
    if not graph.training_entries and not committed and not hits:
        return no_subject("no training and no data")
    detail = hits[0][1] if hits else "nothing fixes which data was used"
    return probe(bool(hits), detail, dict.fromkeys(path for path, _ in hits), sightings=_compared(view, _names_data))


def _compared(view: View, of_kind: Callable[[str], object]) -> Iterator[Sighting]:
    """Records of digests whose file is of a kind, with what that file says to it."""
    pointers = ((path, view.documents(view.text(path) or "")) for path in view.paths if path.endswith(".dvc") or basename(path) == "dvc.lock")
    pointed = ((path, name, found) for path, value in pointers for name, found in recorded(value))
    for path, name, found in islice(dict.fromkeys(item for item in chain(_recorded(view), pointed) if of_kind(item[1])), MAX_COMPARED):
        if (answer := compared(view, path, name, found)) is not None:
            yield sighting(f"{name}: {found}", path, facts={"file": answer[0], "matches": float(answer[1])})


def _recorded(view: View) -> Iterator[tuple[str, str, str]]:
    """(file, name, digest) of every record of a file's digest."""
    yield from ((path, name, found) for path, value in _records(view) for name, found in recorded(value))
    yield from sum_files(view)


def _names_data(name: str) -> bool:
    return bool(_DATA_FILE.search(name) or re.search(r"(?:^|/)data(?:sets?)?/", name)) and not _NO_DATA.search(name)


def experiment_tracking(view: View) -> Probe:
    """A tracker in use in the training path, or a committed record of a run: its metrics beside its parameters.

    sightings: declared parameters that the training does not read.
    """
    graph = graph_of(view)
    hits = [(path, library) for path in sorted(graph.training) for library, calls in _TRACKERS.items()
            if library in graph.words(path).imported and graph.words(path).called & calls]  # fmt: skip
    hits += [(path, "committed run record") for path in _run_records(view)]
    if not graph.training_entries and not hits:
        return no_subject(NO_TRAINING)
    detail = ", ".join(dict.fromkeys(kind for _, kind in hits)) or "no tracker and no record of a run"
    return probe(bool(hits), detail, dict.fromkeys(path for path, _ in hits), sightings=unread(view) if hits else ())


def artifact_metadata(view: View) -> Probe:
    """The model's metadata, committed or written by the training, name a version, the data and metrics.

    sightings: digests of models, as those of `data_versioned`, records beside an artifact that names itself, and where the metrics of the training
    are `flattered`: taken on rows that were learned from.
    """
    found = _metadata(view, (_VERSION, _DATA), "version, data digest and metrics", measured=True)
    leak = flattered(view) if found.found else None
    told = [sighting(leak.said, leak.path, {"flattered": 1}, leak.line)] if leak else []
    return found.model_copy(update={"sightings": capped([*told, *_compared(view, _MODEL_FILE.search), *records(view)])})


def lineage_metadata(view: View) -> Probe:
    """The model's metadata link data, code commit and parameters."""
    return _metadata(view, (_DATA, _CODE, _PARAMS), "data digest, code commit and parameters")


def _metadata(view: View, wanted: tuple[re.Pattern[str], ...], words: str, *, measured: bool = False) -> Probe:
    graph = graph_of(view)
    # What a run is told (parameters, settings) is not what it recorded.
    records = [(path, value) for path, value in _records(view) if not re.match(r"params|config|settings|default", basename(path), re.I)]
    committed = [path for path, value in records if _names(_filled_keys(value), wanted) and (not measured or _measures(value, _is_told(path)))]
    written = {path: _written_keys(view, path) for path in sorted(graph.training)}
    wanted = (*wanted, _METRIC) if measured else wanted
    generated = [path for path, keys in written.items() if _names(keys, wanted)]
    if not graph.training_entries and not committed:
        return no_subject(NO_TRAINING)
    found = committed + generated
    return probe(bool(found), words if found else f"no metadata that link {words}", found)


def _names(keys: set[str], wanted: tuple[re.Pattern[str], ...]) -> bool:
    return all(any(pattern.search(key) for key in keys) for pattern in wanted)


def _filled_keys(value: Any) -> set[str]:
    """Keys with a value; those below another key also as `parent_key`, since `data: {sha256: …}` is a data digest too."""
    keys: set[str] = set()
    for key, item in walk(value):
        if _is_filled(key, item):
            keys.add(key)
        if isinstance(item, dict):
            keys |= {f"{key}_{str(child)[:MAX_KEY]}" for child, inner in list(item.items())[:2000] if _is_filled(str(child)[:MAX_KEY], inner)}
    return keys


def _is_filled(key: str, value: Any, depth: int = 0) -> bool:
    """Whether something is told: no null, placeholder or digest of zeros, no metric of nothing, and no object of such."""
    if isinstance(value, str):
        return not says_nothing(value) and not ((_DIGEST_KEY.search(key) or _CODE.search(key)) and _ONE_DIGIT.match(value))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value == value and not (value == 0 and bool(_METRIC.search(key)))  # NaN is unlike itself
    if isinstance(value, dict):
        return depth < MAX_DEPTH and any(_is_filled(str(name)[:MAX_KEY], inner, depth + 1) for name, inner in list(value.items())[:200])
    if isinstance(value, list):
        return depth < MAX_DEPTH and any(_is_filled(key, inner, depth + 1) for inner in value[:200])
    return value is not None


def _is_told(path: str) -> bool:
    return bool(_TOLD.search(basename(path).split(".")[0]))


def _measures(value: Any, told: bool = False, about: str = "", depth: int = 0) -> bool:
    """Whether a number stands below the name of a metric (`about`), and not among what the run was told or is held against."""
    if isinstance(value, dict) and depth < MAX_DEPTH:
        for key, item in list(value.items())[:2000]:
            name = str(key)[:MAX_KEY]
            decided = told or bool(_TOLD.search(name) or _BAR.search(name))
            if _measures(item, decided, name if _METRIC.search(name) else about, depth + 1):
                return True
        return False
    if isinstance(value, list) and depth < MAX_DEPTH:
        return any(_measures(item, told, about, depth + 1) for item in value[:2000])
    return bool(about) and not told and isinstance(value, (int, float)) and not isinstance(value, bool) and _is_filled(about, value)


def _written_keys(view: View, path: str) -> set[str]:
    """Identifier-like strings of a module, keys of nested dictionary displays joined as in `_filled_keys`."""
    words = graph_of(view).words(path).strings
    keys = {text for text in words if re.fullmatch(r"[A-Za-z_]\w{0,60}", text) and not _BAR.search(text)} - _empty_keys(view.nodes(path))
    for node in view.nodes(path):
        for key, value in zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else []:
            if isinstance(key, ast.Constant) and isinstance(value, ast.Dict):
                keys |= {f"{key.value!s}_{inner.value!s}" for inner in value.keys if isinstance(inner, ast.Constant)}
    return keys


def _empty_keys(nodes: list[ast.AST]) -> set[str]:
    """Keys that stand nowhere but in dictionary displays, before a constant that tells nothing."""
    pairs = [(key, value) for node in nodes if isinstance(node, ast.Dict) for key, value in zip(node.keys, node.values, strict=True)]
    plain = [(key, value) for key, value in pairs if isinstance(key, ast.Constant) and isinstance(value, ast.Constant)]
    empty = [key for key, value in plain if not _is_filled(str(key.value), value.value)]
    used = Counter(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return {name for name, times in Counter(key.value for key in empty if isinstance(key.value, str)).items() if used[name] == times}


def _records(view: View) -> Iterator[tuple[str, Any]]:
    """JSON and YAML files that could describe a model; schemas, manifests of orchestrators and dashboards are none."""
    yield from ((path, value) for path, value in view.json.items() if not re.search(r"schema|openapi|package\.json|dashboard|grafana", path, re.I))
    for path, parts in view.yaml.items():
        if not any(isinstance(part, dict) and {"apiVersion", "openapi", "jobs"} & set(map(str, part)) for part in parts):
            yield path, parts


def _dvc(view: View) -> Iterator[tuple[str, str]]:
    for path in view.paths:
        if path.endswith(".dvc") and _POINTS.search(view.text(path) or ""):
            yield path, "DVC pointer"
        elif basename(path) == "dvc.lock" and _POINTS.search(view.text(path) or ""):
            yield path, "dvc.lock"
        elif basename(path) == "lakectl.yaml" or basename(path).startswith(".lakefs"):
            yield path, "lakeFS"


def _manifests(view: View) -> Iterator[tuple[str, str]]:
    for path, value in _records(view):
        if any(_DIGEST_KEY.search(key) and digest(text) and _OF_DATA.search(path + key) for key, text in _texts(value)):
            yield path, "manifest with a digest"


def _texts(value: Any) -> Iterator[tuple[str, str]]:
    """Texts with their key; below another key joined as in `_filled_keys`."""
    for key, item in walk(value):
        if isinstance(item, str):
            yield key, item
        elif isinstance(item, dict):
            yield from ((f"{key}_{str(child)[:MAX_KEY]}", inner) for child, inner in list(item.items())[:2000] if isinstance(inner, str))


def _lfs(view: View) -> Iterator[tuple[str, str]]:
    for note in view.tree.notes:
        pointer = note.removeprefix("Git LFS pointer, content not fetched: ")
        if pointer != note and _DATA_FILE.search(pointer):
            yield pointer, "Git LFS"


def _hashes_data(view: View, path: str) -> bool:
    words = graph_of(view).words(path)
    hashes = bool(words.called & {"sha256", "md5", "sha1", "blake2b", "file_digest", "xxh64", "hash_pandas_object"})
    return hashes and any(_DATA.search(text) for text in words.strings)


def _run_records(view: View) -> Iterator[str]:
    """Files that hold both measured numbers and parameters, or metrics files beside a params file."""
    params = [path for path in view.paths if re.search(r"(?:^|/)params\.(?:ya?ml|json|toml)$", path)]
    for path, value in _records(view):
        if not _measures(value, _is_told(path)):
            continue
        if any(_PARAMS.search(key) for key in _filled_keys(value)) or (params and "metric" in basename(path).lower()):
            yield path


PROBES = {
    "data_versioned": data_versioned,
    "experiment_tracking": experiment_tracking,
    "artifact_metadata": artifact_metadata,
    "lineage_metadata": lineage_metadata,
}
