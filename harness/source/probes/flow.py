"""Training code followed from its start, through the submission's own functions: what is fitted on which rows, and what is measured on which.

Nothing is run. Only plain names, tuples and calls are followed; what cannot be told becomes a value like no other, of which nothing is said.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from harness.source.probes.bodies import Bodies
from harness.source.probes.rows import Fit, Rows, Value, condition, cut, fresh, joined, learned_by, named
from harness.source.probes.syntax import FUNCTIONS, Function, dotted, is_main_guard, last_name
from harness.source.view import View

_SPLITS = re.compile(r"(?:^|_)(?:split|partition|hold_?out)(?:_|$)", re.I)
_FOLDS = re.compile(r"Fold|Split")
_FITS = re.compile(r"^(?:fit|partial_fit|fit_transform)$")
_OWN_FIT = re.compile(r"^_?(?:re)?(?:fit|learn)(?:_|$)|_fit$")
_BOOSTERS = frozenset({"xgboost.train", "lightgbm.train", "catboost.train"})
_METRIC = re.compile(
    r"_score$|^(?:roc_)?auc\w*$|^brier\w*$|^log_?loss$|_loss$|^(?:f1|rmse|mae|mse|accuracy|precision|recall)\w*$|"
    r"^mean_(?:squared|absolute)\w*error$|"
    r"^classification_report$|^(?:average_precision|pr_auc|roc_curve|precision_recall)\w*$|^confusion_matrix$"
)
_CROSS = re.compile(r"^cross_val|^cv$|^evaluate|evaluator$", re.I)
"""Measures in a way that is not followed."""
_SET_ASIDE = frozenset({"eval_set", "validation_data", "validation_split", "valid_sets", "evals", "cv", "oob_score"})
_PREPARES = re.compile(r"encod|scal|norm|imput|vector|transf|prep|featur|pca|bins?\b|quantile|statist|means?_", re.I)
_STATISTICS = re.compile(
    r"(?:Standard|MinMax|MaxAbs|Robust)Scaler|QuantileTransformer|PowerTransformer|Imputer|\bPCA\b|TruncatedSVD|SelectKBest|SelectPercentile|"
    r"SelectFromModel|TargetEncoder|WOEEncoder|CatBoostEncoder|KBinsDiscretizer|TfidfVectorizer"
)
"""What learns numbers from the values of its rows; a list of categories is hardly a leak, and a hash none."""
_LOOKS = frozenset({
    "mean", "fmean", "nanmean", "std", "stdev", "pstdev", "nanstd", "var", "median", "nanmedian", "quantile", "quantiles", "percentile",
    "nanpercentile", "StandardScaler", "average",
})  # fmt: skip
_SAME_ROWS = frozenset({
    "array", "asarray", "list", "tuple", "deepcopy", "DataFrame", "Series", "DMatrix", "Dataset", "Pool", "column_stack", "hstack", "csr_matrix",
    "copy", "drop", "to_numpy", "astype", "fillna", "assign", "rename", "reset_index", "ravel", "reshape", "transform", "predict", "predict_proba",
    "decision_function", "encode", "log1p", "log", "clip", "nan_to_num", "float", "int", "round", "get_dummies", "values", "tolist", "to_list",
    "pop", "enumerate", "zip", "expit", "sigmoid", "exp", "squeeze", "where", "from_numpy", "as_tensor", "tensor", "to_dict",
})  # fmt: skip
_COPIES = frozenset({"list", "tuple", "array", "asarray", "DataFrame", "copy", "deepcopy", "to_numpy"})
_OTHER_ROWS = frozenset({
    "sort_values", "sort_index", "dropna", "query", "merge", "join", "drop_duplicates", "set_index", "sample", "filter", "to_pandas",
})  # fmt: skip
_TOGETHER = frozenset({"concat", "concatenate", "vstack", "chain"})
_READS = re.compile(
    r"^(?:read|scan)_(?:csv|parquet|feather|json|table|sql|excel|pickle|ipc)$|"
    r"^(?:read|load|get|fetch)(?:_\w*)?(?:data\w*|rows|table|frame|df|examples)?$"
)
_REPEATABLE = frozenset({
    "open", "read_text", "read_bytes", "safe_load", "load", "loads", "Path", "join", "str", "int", "float", "resolve", "sorted", "dirname", "abspath",
    "DictReader", "reader", "fullmatch",
})  # fmt: skip
"""Calls that give the same in two programs, given the same."""
MAX_DEPTH, MAX_CALLS = 8, 1500


@dataclass(frozen=True)
class Measure:
    """A metric that is worked out: on these rows, of what those fits made. `rows` is None where it is not known; `at` is the line in the file that
    is run."""

    rows: Rows | None
    learned: frozenset[Fit]
    path: str
    line: int
    order: int
    run: str
    at: int


class Flow:
    """What happens when the entry files are run, one after the other."""

    def __init__(self, view: View, files: Collection[str], entries: Collection[str]) -> None:
        self.view, self.bodies = view, Bodies(view, files)
        self.fits: list[Fit] = []
        self.measures: list[Measure] = []
        self.made: set[Rows] = set()
        self.crossed = False
        self._globals: dict[str, dict[str, Value]] = {}
        self._known: dict[tuple[object, ...], Value] = {}
        self._calls = self._order = self._at = 0
        for path in sorted(path for path in entries if path in view.python):
            self._run(path, view.python[path])

    def _run(self, path: str, module: ast.Module) -> None:
        self.entry, self._known, self._globals, before = path, {}, {}, len(self.fits) + len(self.measures)
        env = self._globals[path] = {}
        self._block(module.body, env, path, 0)
        if len(self.fits) + len(self.measures) == before:  # a command line, or a framework, calls its functions
            for node in self.bodies.top[path].values():
                self._call_own(path, node, [], {}, 0)

    # ---- statements

    def _block(self, body: list[ast.stmt], env: dict[str, Value], path: str, depth: int) -> list[Value]:
        """Values that it may return; what it binds goes into `env`."""
        found: list[Value] = []
        for node in body:
            found += self._statement(node, env, path, depth)
        return found

    def _statement(self, node: ast.stmt, env: dict[str, Value], path: str, depth: int) -> list[Value]:
        if isinstance(node, ast.Assign):
            value = self._value(node.value, env, path, depth)
            for target in node.targets:
                self._bind(target, value, env)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self._bind(node.target, self._value(node.value, env, path, depth), env)
        elif isinstance(node, ast.AugAssign):
            both = ast.BinOp(ast.Name(node.target.id, ast.Load()), node.op, node.value) if isinstance(node.target, ast.Name) else node.value
            self._bind(node.target, self._value(both, env, path, depth), env)
        elif isinstance(node, ast.Return):
            nothing = node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None)
            return [] if nothing or node.value is None else [self._value(node.value, env, path, depth)]
        elif isinstance(node, ast.Expr):
            self._value(node.value, env, path, depth)
        elif isinstance(node, ast.If):
            return self._branches(node, env, path, depth)
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            self._bind(node.target, self._value(node.iter, env, path, depth), env)
            return self._block([*node.body, *node.orelse], env, path, depth)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                value = self._value(item.context_expr, env, path, depth)
                if item.optional_vars is not None:
                    self._bind(item.optional_vars, value, env)
            return self._block(node.body, env, path, depth)
        elif isinstance(node, ast.While):
            return self._block(node.body, env, path, depth)
        elif isinstance(node, ast.Try):
            return self._block([*node.body, *node.orelse, *node.finalbody], env, path, depth)
        return []

    def _branches(self, node: ast.If, env: dict[str, Value], path: str, depth: int) -> list[Value]:
        if is_main_guard(node):
            return self._block(node.body, env, path, depth) if path == self.entry and depth == 0 else []
        self._value(node.test, env, path, depth)
        one, other = dict(env), dict(env)
        found = self._block(node.body, one, path, depth) + self._block(node.orelse, other, path, depth)
        for name in {*one, *other}:
            env[name] = joined(one.get(name) or fresh(), other.get(name) or fresh())
        return found

    def _bind(self, target: ast.expr, value: Value, env: dict[str, Value]) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            for index, inner in enumerate(target.elts):
                fits = value.items is not None and len(value.items) == len(target.elts)
                one = value.items[index] if fits and value.items else Value(f"{value.name}[{index}]", value.rows, value.learned)
                self._bind(inner, one, env)
        elif isinstance(target, ast.Name):
            env[target.id] = value
        elif isinstance(target, ast.Attribute) and (name := dotted(target)):
            env[name] = value
        elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name) and (held := env.get(target.value.id)) is not None:
            env[target.value.id] = Value(fresh().name, held.rows, held.learned | value.learned)  # a column of it, or a place in it

    # ---- expressions

    def _value(self, node: ast.expr, env: dict[str, Value], path: str, depth: int) -> Value:
        if isinstance(node, ast.Constant):
            return Value(repr(node.value)[:200])
        if isinstance(node, ast.Name):
            return env.get(node.id) or self._outer(path, node.id)
        if isinstance(node, ast.Attribute):
            if (name := dotted(node)) in env:
                return env[name]
            held = self._value(node.value, env, path, depth)
            return named(f"{held.name}.{node.attr}", held.rows, held.learned)
        if isinstance(node, ast.Call):
            return self._call(node, env, path, depth)
        if isinstance(node, ast.Subscript):
            return self._subscript(node, env, path, depth)
        if isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.SetComp)):
            return self._comprehension(node, env, path, depth)
        if isinstance(node, ast.IfExp):
            return joined(self._value(node.body, env, path, depth), self._value(node.orelse, env, path, depth))
        if isinstance(node, (ast.Starred, ast.Await)):
            return self._value(node.value, env, path, depth)
        if isinstance(node, ast.NamedExpr):
            self._bind(node.target, value := self._value(node.value, env, path, depth), env)
            return value
        inner = [self._value(child, env, path, depth) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        learned = learned_by(inner)
        if isinstance(node, (ast.Tuple, ast.List)) and not any(isinstance(child, ast.Starred) for child in node.elts):
            name = named(f"[{', '.join(value.name for value in inner)}]").name if inner else fresh().name
            return Value(name, None, learned, tuple(inner) or None)
        if isinstance(node, (ast.List, ast.Tuple)) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)):
            return _together(inner, named(f"({' + '.join(value.name for value in inner)})", None, learned))
        if isinstance(node, ast.BinOp):
            rows = {value.rows for value in inner if value.rows is not None}
            return named(f"({f' {type(node.op).__name__} '.join(v.name for v in inner)})", rows.pop() if len(rows) == 1 else None, learned)
        side = condition(node) if isinstance(node, (ast.Compare, ast.UnaryOp)) else None
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.Invert)) and inner and inner[0].side:
            side = inner[0].side[0], 1 - inner[0].side[1]
        return replace(fresh(learned), side=side)

    def _outer(self, path: str, name: str) -> Value:
        """A name of the module: the same in every program that imports it."""
        home, meant = self.bodies.home_of(path, name)
        if home not in self._globals and home in self.bodies.top:
            self._globals[home] = {}
            self._block(self.view.python[home].body, self._globals[home], home, 1)
        return self._globals.get(home, {}).get(meant) or named(f"{home}:{meant}")

    def _subscript(self, node: ast.Subscript, env: dict[str, Value], path: str, depth: int) -> Value:
        held, key = self._value(node.value, env, path, depth), node.slice
        if isinstance(key, ast.Tuple) and key.elts:  # `x[:, 1]`, `df.loc[mask, columns]`
            key = key.elts[0]
            if isinstance(key, ast.Slice) and key.lower is None and key.upper is None:
                return replace(held, items=None, name=fresh().name)
        number = key.value if isinstance(key, ast.Constant) and isinstance(key.value, int) else None
        if number is not None and held.items is not None and -len(held.items) <= number < len(held.items):
            return held.items[number]
        if isinstance(key, ast.Slice):
            if key.lower is None and key.upper is None and key.step is None:
                return held
            sides = cut(key)
            return self._part(held, *sides) if sides else fresh(held.learned)
        inside = self._value(key, env, path, depth)
        if inside.side is not None:
            return self._part(held, *inside.side)
        if inside.rows is not None and len(inside.rows) == 1 and (index := next(iter(inside.rows))).by_split:
            return held.part(index.name, index.index, by_split=True)  # `x[train_index]`
        if held.rows is not None and not isinstance(key, (ast.Constant, ast.List)) and not inside.name.startswith(("'", '"')):
            return fresh(held.learned)  # columns, or rows: it cannot be told
        return named(f"{held.name}[{inside.name}]", held.rows, held.learned)

    def _part(self, held: Value, name: str, index: int) -> Value:
        made = held.part(name, index, by_split=False)
        self.made |= made.rows or set()
        return made

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp, env: dict[str, Value], path: str, depth: int) -> Value:
        inner, first = dict(env), node.generators[0]
        given = self._value(first.iter, env, path, depth)
        if isinstance(first.iter, ast.Call) and last_name(first.iter.func) == "zip" and first.iter.args:
            given = replace(given, items=tuple(self._value(argument, env, path, depth) for argument in first.iter.args))
        self._bind(first.target, given if given.items else Value(fresh().name, given.all_rows(), given.learned), inner)
        for generator in node.generators[1:]:
            self._bind(generator.target, fresh(), inner)
        made = self._value(node.elt, inner, path, depth)
        whole = Value(fresh().name, given.all_rows() if len(node.generators) == 1 else None, given.learned | made.learned)
        if not first.ifs:
            return whole
        sides = condition(first.ifs[0]) if len(first.ifs) == 1 else None
        return self._part(whole, *sides) if sides and whole.rows is not None else fresh(whole.learned)

    # ---- calls

    def _call(self, node: ast.Call, env: dict[str, Value], path: str, depth: int) -> Value:
        name, receiver = last_name(node.func), None
        home = self.bodies.resolve(path, node.func) if not (isinstance(node.func, ast.Name) and node.func.id in env) else None
        module = self.bodies.module_of(path, node.func)
        if isinstance(node.func, ast.Attribute) and home is None and not module:
            receiver = self._value(node.func.value, env, path, depth)
        elif not isinstance(node.func, (ast.Attribute, ast.Name)):
            receiver = self._value(node.func, env, path, depth)
        given = [self._value(argument, env, path, depth) for argument in node.args]
        told = {keyword.arg or "**": self._value(keyword.value, env, path, depth) for keyword in node.keywords}
        every = [*([receiver] if receiver else []), *given, *told.values()]
        if _SPLITS.search(name) and (made := self._split(name, home, receiver, given, told)):
            return made
        self._at = node.lineno if path == self.entry else self._at
        if home is not None and isinstance(home[1], FUNCTIONS):
            return self._own(home[0], home[1], given, told, node, path, depth)
        learned = learned_by(every)
        self.crossed |= bool(_CROSS.search(name)) or bool(_SET_ASIDE & set(told))
        if (_FITS.search(name) and receiver is not None) or module in _BOOSTERS:
            return self._fit(node, receiver, given, told, env, path)
        if _METRIC.search(name) or (name == "score" and receiver is not None and given):
            self._measure([*given, *told.values()], learned, node, path)
        whole = f"{receiver.name + '.' if receiver else ''}{module or name}({', '.join(value.name for value in [*given, *told.values()])})"
        if name == "next" and given:
            return given[0]
        if name in _TOGETHER and given:
            return _together(list(given[0].items or given), Value(fresh().name, None, learned))
        if _READS.search(name) and name not in _REPEATABLE:
            return named(whole, frozenset({Rows(named(whole).name)}), learned) if given or told else fresh(learned)
        over = given[-1] if receiver is not None and receiver.learned and given else given[0] if given else receiver
        if over is not None and (name in _SAME_ROWS or (receiver is not None and receiver.learned and receiver.rows is None)):
            held = receiver if receiver is not None and receiver.rows is not None and over.rows is None else over
            return named(whole, held.all_rows() if name in _COPIES else held.rows, learned)
        if name in _OTHER_ROWS and receiver is not None and receiver.rows is not None:
            return named(whole, frozenset({Rows(named(whole).name)}), learned)
        return named(whole, None, learned) if name in _REPEATABLE or re.match(r"[A-Z]", name) else fresh(learned)

    def _split(self, name: str, home: tuple[str, ast.AST] | None, receiver: Value | None, given: list[Value], told: dict[str, Value]) -> Value | None:
        """Its parts; None where it splits no rows, or it cannot be told which part is which."""
        said = ", ".join([*(f"{key}={value.name}" for key, value in told.items())])
        if home is None and name == "train_test_split" and given:
            each = [value.part(f"{name}({said})", side, by_split=True) for value in given for side in (0, 1)]
            return Value(fresh().name, None, learned_by(given), tuple(each))
        if receiver is not None and given and _FOLDS.search(receiver.name):
            return Value(fresh().name, None, frozenset(), tuple(given[0].part(f"{receiver.name}.split", side, by_split=True) for side in (0, 1)))
        if home is None or not isinstance(home[1], FUNCTIONS) or not given:
            return None
        sides = self.bodies.sides(home[1])
        key = f"{home[0]}:{name}({', '.join([*(value.name for value in given[1:]), said])})"
        return Value(fresh().name, None, given[0].learned, tuple(given[0].part(key, side, by_split=True) for side in sides)) if sides else None

    def _fit(self, node: ast.Call, receiver: Value | None, given: list[Value], told: dict[str, Value], env: dict[str, Value], path: str) -> Value:
        by_name = [told[key] for key in ("X", "x", "data", "train_set", "dtrain") if key in told]
        data = (given[1:2] if receiver is None else given[:1]) or by_name
        who = receiver.name if receiver else ""
        counts = bool(_STATISTICS.search(who))
        if not data or (not counts and (last_name(node.func) == "fit_transform" or (receiver is not None and len(given) + len(told) < 2))):
            return replace(data[0], name=fresh().name) if data else fresh()  # a list of categories, or it is not known what learns
        learned = self._learn(data[0], counts, node, path) | data[0].learned
        if isinstance(node.func, ast.Attribute) and receiver is not None and (held := dotted(node.func.value)):
            env[held] = Value(f"{who}", None, learned)
        return Value(f"{who}.fit" if last_name(node.func) != "fit_transform" else fresh().name,
                     data[0].all_rows() if "transform" in last_name(node.func) else None, learned)  # fmt: skip

    def _learn(self, data: Value, prepares: bool, node: ast.Call, path: str) -> frozenset[Fit]:
        self._order += 1
        fit = Fit(data.all_rows(), prepares, path, node.lineno, self._order)
        self.fits.append(fit)
        return frozenset({fit})

    def _measure(self, given: list[Value], learned: frozenset[Fit], node: ast.Call, path: str) -> None:
        self._order += 1
        rows = frozenset[Rows]().union(*(value.rows for value in given if value.rows is not None))
        sound = len(rows) == 1 and len(given) >= 2
        self.measures.append(Measure(next(iter(rows)) if sound else None, learned, path, node.lineno, self._order, self.entry, self._at))

    def _own(self, home: str, node: Function, given: list[Value], told: dict[str, Value], call: ast.Call, path: str, depth: int) -> Value:
        """A function of the submission: one that fits by itself, or what its body makes of what it is given."""
        calls = self.bodies.calls_of(home, node)
        if _OWN_FIT.search(node.name) and given and not any(_FITS.search(name) or name == "train" for name in calls):
            prepares = bool(_PREPARES.search(node.name) or _PREPARES.search(home.rpartition("/")[2]))
            learned = self._learn(given[0], True, call, path) if prepares and calls & _LOOKS else frozenset[Fit]()
            learned |= self._learn(given[0], False, call, path) if not prepares else frozenset()
            return fresh(learned | learned_by(given))
        if _METRIC.search(node.name) and len(given) >= 2 and not any(_METRIC.search(name) for name in calls):
            self._measure(given, learned_by([*given, *told.values()]), call, path)
            return fresh()
        return self._call_own(home, node, given, told, depth + 1)

    def _call_own(self, home: str, node: Function, given: list[Value], told: dict[str, Value], depth: int) -> Value:
        key = (id(node), tuple(given), tuple(sorted(told.items(), key=lambda pair: pair[0])))
        if key in self._known:
            return self._known[key]
        self._calls += 1
        if depth > MAX_DEPTH or self._calls > MAX_CALLS:
            return fresh(learned_by([*given, *told.values()]))
        self._known[key] = fresh()  # one that calls itself
        spec = node.args
        names = [argument.arg for argument in [*spec.posonlyargs, *spec.args]]
        env = {argument.arg: fresh() for argument in ast.walk(spec) if isinstance(argument, ast.arg)}
        env |= dict(zip(names, given, strict=False)) | {name: value for name, value in told.items() if name in env}
        found = self._block(node.body, env, home, depth)
        value = found[0] if found else fresh()
        for other in found[1:]:
            value = joined(value, other)
        if value.name.startswith("?") and value.items is None and self.bodies.repeats(home, node):
            value = replace(value, name=named(f"{home}:{node.name}({', '.join(v.name for v in [*given, *told.values()])})").name)
        self._known[key] = value
        return value


def _together(parts: list[Value], otherwise: Value) -> Value:
    """Rows of all of them, where all have some."""
    if not parts or any(part.rows is None for part in parts):
        return otherwise
    return replace(otherwise, rows=frozenset[Rows]().union(*(part.rows for part in parts if part.rows is not None)))
