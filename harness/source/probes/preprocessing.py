"""Do training and serving build the model's input by the same thing: a function that both reach, or a recipe that the artifact carries?"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from grader.schema.evidence import Probe
from harness.source.probes.imports import graph_of
from harness.source.probes.steps import NO_TRAINING, steps
from harness.source.probes.syntax import DEFINITIONS, Definition, call_name
from harness.source.probes.uses import uses
from harness.source.view import View, no_subject, probe, walk

_BY_MODULE = re.compile(r"feature|preproc|transform|encod|vector|prepar|imput", re.I)
_BY_FUNCTION = re.compile(
    r"feature|preproc|transform|encod|vector|prepar|imput|clean|normali[sz]e|standardi[sz]e|scal(?:e|ing)|discreti[sz]e|bucket|token|embed|derive|"
    r"(?:^|_)(?:rows?|matrix|inputs?|array|frame|tensor|x)(?:_|$)",
    re.I,
)
_NUMERIC_CALL = frozenset({
    "log", "log1p", "log10", "sqrt", "exp", "expm1", "tanh", "clip", "array", "asarray", "column_stack", "hstack", "vstack", "concatenate",
    "get_dummies", "fillna", "isna", "isnan", "nan_to_num", "searchsorted", "digitize", "cut", "astype", "to_numpy", "one_hot", "bisect",
    "bisect_right", "zeros", "float",
})  # fmt: skip
_WRITES_TABLE = frozenset({
    "to_parquet", "to_csv", "to_feather", "to_pickle", "to_hdf", "to_sql", "to_json", "write_parquet", "write_csv", "write_table", "savez",
    "savez_compressed", "save_npz", "saveAsTable", "parquet", "writerow", "writerows", "sink_parquet",
})  # fmt: skip
_ARITHMETIC = (ast.Sub, ast.Mult, ast.Div, ast.Pow)
_FOREIGN = re.compile(r"\.(?:[cm]?[jt]s|go|rs|java|kt|scala|cs|rb|php|swift|cpp|cc|ex|exs|clj|jl|R)$")
_WEIGHTS = re.compile(r"^(?:weights?|coef\w*|intercept|bias|trees?|nodes?|leaves|splits?|layers?)$", re.I)
_RECIPE = re.compile(
    r"^(?:means?|avg|scales?|std\w*|sigma|variance|median|quantiles?|bins|edges|fill\w*|imput\w*|levels?|categories|vocab\w*|classes|one_?hot|"
    r"terms|encod\w*|preproc\w*|transform\w*|features?|lower|upper|log|clip)$",
    re.I,
)
_GRAPH_FILE = re.compile(r"\.(?:onnx|pmml)$", re.I)
_GRAPH_EXPORT = re.compile(r"onnx|pmml", re.I)
MIN_WORDS = 3
"""Names of fitted parameters that artifact, training and service must have in common."""


def shared_preprocessing(view: View) -> Probe:
    """One function that prepares features and that the training and the service both reach; in two languages, a recipe in the artifact."""
    graph = graph_of(view)
    if not graph.training_entries:
        return no_subject(NO_TRAINING)
    if not graph.serving_entries:
        return _carried(view)
    shared = sorted(_used_by_both(view))
    if shared:
        return probe(True, f"used by training and by serving: {', '.join(shared[:3])}", shared)
    piped = sorted(path for path in graph.training if graph.words(path).called & {"Pipeline", "make_pipeline", "ColumnTransformer"})
    return probe(bool(piped), "inside of the saved pipeline" if piped else "no function that prepares features is used by both", piped)


def _used_by_both(view: View) -> Iterator[str]:
    graph = graph_of(view)
    entries = {*graph.training_entries, *_table_makers(view)}
    files = graph.reach(sorted(entries))
    training = uses(view, files, entries, whole=True)
    serving = uses(view, graph.serving, graph.serving_entries, whole=True)
    for path in files & graph.serving:
        if any(training.reaches(node) and serving.reaches(node) for node in prepares(view, path)):
            yield path


def _table_makers(view: View) -> set[str]:
    """Steps beside the training that write tables: it may read from them what they prepared."""
    graph = graph_of(view)
    return {path for path in steps(view) if any(graph.words(file).called & _WRITES_TABLE for file in graph.reach([path]) if file in view.python)}


def prepares(view: View, path: str) -> Iterator[Definition]:
    """Functions and classes of substance that prepare features: by the name of the module or its folder, or by their own if they compute; JSON
    is encoded too."""
    by_place = _BY_MODULE.search("/".join(path.split("/")[-2:]))
    for node in view.python[path].body:
        if not isinstance(node, DEFINITIONS) or all(isinstance(s, (ast.Pass, ast.Expr)) for s in node.body):
            continue
        inner = [n.name for n in ast.walk(node) if isinstance(n, DEFINITIONS)]
        if by_place or (any(_BY_FUNCTION.search(name) for name in inner) and _computes(node)):
            yield node


def _computes(node: ast.AST) -> bool:
    inside = list(ast.walk(node))
    arithmetic = any(isinstance(n, (ast.BinOp, ast.AugAssign)) and isinstance(n.op, _ARITHMETIC) for n in inside)
    return arithmetic or any(isinstance(n, ast.Call) and call_name(n) in _NUMERIC_CALL for n in inside)


def _carried(view: View) -> Probe:
    """The service is in a language that shares no code with the training: what both must go by is data in the artifact."""
    sources = [path for path in view.paths if _FOREIGN.search(path) and not view.is_test(path) and ".test." not in path and ".spec." not in path]
    texts = {path: text for path in sources if (text := view.text(path))}
    if not any("predict" in text.lower() for text in texts.values()):
        return no_subject("no serving entry")
    graphs = [path for path in view.paths if _GRAPH_FILE.search(path)]
    graph = graph_of(view)
    training = set().union(*(graph.words(path).strings | graph.words(path).called for path in graph.training))
    if any(_GRAPH_EXPORT.search(word) for word in training):
        readers = [path for path, text in texts.items() if _GRAPH_EXPORT.search(text)]
        if readers:
            return probe(True, "inside of the model graph that the training exports", [*graphs, *readers])
    spoken = set(re.findall(r"[A-Za-z_]\w*", " ".join(texts.values())))
    for path, document in view.json.items():
        recipe = _recipe(document)
        common = recipe & training & spoken
        if len(common) >= MIN_WORDS:
            return probe(True, f"fitted parameters that the training writes and the service reads: {', '.join(sorted(common)[:6])}", [path])
    return probe(False, "the service is in another language, and no artifact carries the preprocessing for both")


def _recipe(document: Any) -> set[str]:
    """Names of fitted preprocessing parameters in a model's JSON; empty for a document without weights."""
    keys = {key for key, _ in walk(document)}
    weights = {key for key in keys if _WEIGHTS.search(key)}
    return {key for key in keys if _RECIPE.search(key)} if weights else set()


PROBES = {"shared_preprocessing": shared_preprocessing}
