"""How long a Python service goes on after SIGTERM whatever happens: the pauses that stand, without a condition, on its way to the end.

Only times that are certain count: a pause of a written number, or of a constant or a field of that name that nothing else sets. A timeout is
none, since whoever waits for it may be done at once; nor is a pause behind a server that hears the signal itself, and has let its requests go.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cached_property

from harness.source.probes.imports import Imports, graph_of
from harness.source.probes.syntax import FUNCTIONS, Function, call_name, dotted, last_name
from harness.source.probes.wording import worded
from harness.source.view import View

_SLEEPS = frozenset({"time.sleep", "asyncio.sleep", "anyio.sleep", "trio.sleep", "gevent.sleep", "eventlet.sleep", "sleep"})
_HEARS_ITSELF = frozenset({"uvicorn", "gunicorn", "hypercorn", "granian", "daphne", "bentoml", "sanic", "tornado"})
_REGISTERS = frozenset({"signal", "add_signal_handler"})
_TERM, MOST_S = "SIGTERM", 3600.0


def drained(view: View) -> tuple[float, str, int] | None:
    """(seconds, file, line of the last pause) of the way to the end that takes longest; None where no pause stands on it."""
    graph = graph_of(view)
    program = [path for path in sorted(graph.serving & set(view.python)) if not view.is_test(path)]
    if not program or _is_heard_elsewhere(view, graph, program):
        return None
    fixed = _Fixed(view)
    found: list[tuple[float, str, int]] = []
    for path in program:
        for way in _ways_out(view.nodes(path)):
            pauses = [(seconds, node.lineno) for node in way if (seconds := _pause_s(node, fixed))]
            found += [(sum(seconds for seconds, _ in pauses), path, pauses[-1][1])] if pauses else []
    return max(found, default=None)


def _is_heard_elsewhere(view: View, graph: Imports, program: list[str]) -> bool:
    started = [i.value for i in view.dockerfile.effective() if i.keyword in ("CMD", "ENTRYPOINT")] if view.dockerfile else []
    words = {word for text in started for word in re.findall(r"\w+", text)}
    return bool(_HEARS_ITSELF & words) or any(graph.words(path).imported & _HEARS_ITSELF for path in program)


class _Fixed:
    """Names that stand for one number in all of a program: constants of a module, and defaults of fields, that nobody gives another value."""

    def __init__(self, view: View) -> None:
        self.view = view

    @cached_property
    def _nodes(self) -> list[ast.AST]:
        return [node for path in self.view.python if not self.view.is_test(path) for node in self.view.nodes(path)]

    def value(self, node: ast.expr) -> float | None:
        """A name is given once, where it is written down: a second time may be another value, and so may a word in a manifest or a settings file."""
        name = last_name(node)
        if not name:
            return _number(node)
        if sum(given == name for other in self._nodes for given in _names_given(other)) != 1 or self._is_set_outside(name):
            return None
        bodies = (other.body for other in self._nodes if isinstance(other, (ast.Module, ast.ClassDef)))
        return next((values[name] for body in bodies if name in (values := _assigned(body))), None)

    def _is_set_outside(self, name: str) -> bool:
        word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", re.I)
        view = self.view
        files = (path for path in worded(view) if path not in view.python and path not in view.prose)
        return any(word.search(view.text(path) or "") for path in files)


def _assigned(body: list[ast.stmt]) -> dict[str, float]:
    found: dict[str, float] = {}
    for node in body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        value = _number(node.value) if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None else None
        if value is not None:
            found |= {target.id: value for target in targets if isinstance(target, ast.Name)}
    return found


def _names_given(node: ast.AST) -> Iterator[str]:
    """Names that a node gives a value: by assignment, as an argument's name, as a parameter, or in words (`setattr`, a table of settings)."""
    if isinstance(node, (ast.keyword, ast.arg)) and node.arg:
        yield node.arg
    elif isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, (ast.Store, ast.Del)):
        yield last_name(node)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
        yield from {node.value, node.value.lower()}
    elif isinstance(node, ast.alias) and node.asname:
        yield node.asname


def _number(node: ast.expr) -> float | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= MOST_S else None


def _ways_out(nodes: list[ast.AST]) -> Iterator[list[ast.stmt]]:
    """The statements of each way to the end, in order: what the signal calls, and what waits for the event that it sets."""
    named: dict[str, list[Function]] = {}
    for node in nodes:
        if isinstance(node, FUNCTIONS):
            named.setdefault(node.name, []).append(node)
    events = set[str]()
    for node in nodes:
        if isinstance(node, ast.Call) and call_name(node) in _REGISTERS and len(node.args) >= 2 and _is_term(node.args[0], nodes):
            handler = node.args[1]
            if isinstance(handler, ast.Attribute) and handler.attr == "set":
                events.add(dotted(handler.value))
            wanted = {last_name(handler)} | {call_name(part) for part in ast.walk(handler) if isinstance(part, ast.Call)}
            ways = [function for name in wanted for function in named.get(name, []) if len(named[name]) == 1]
            events |= {event for part in (handler, *ways) for event in _events_set(part)}
            yield from (_unconditional(function.body) for function in ways)
    for function in (function for functions in named.values() for function in functions if events - {""}):
        yield from _behind(function, events - {""})


def _is_term(node: ast.expr, nodes: list[ast.AST]) -> bool:
    """SIGTERM, or the name of a loop over signals of which it is one."""
    if last_name(node) == _TERM:
        return True
    loops = [loop for loop in nodes if isinstance(loop, ast.For) and isinstance(node, ast.Name) and last_name(loop.target) == node.id]
    return any(last_name(part) == _TERM for loop in loops for part in ast.walk(loop.iter) if isinstance(part, ast.expr))


def _events_set(part: ast.AST) -> Iterator[str]:
    for node in ast.walk(part):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "set" and not node.args:
            yield dotted(node.func.value)


def _behind(function: Function, events: set[str]) -> Iterator[list[ast.stmt]]:
    """What follows a wait for an event that the signal sets."""
    way = _unconditional(function.body)
    for number, node in enumerate(way):
        call = _called(node)
        func = call.func if call is not None and not (call.args or call.keywords) else None
        if isinstance(func, ast.Attribute) and func.attr == "wait" and dotted(func.value) in events:
            yield way[number + 1 :]
            return


def _unconditional(body: list[ast.stmt]) -> list[ast.stmt]:
    """Statements that are passed on the way through: no branch, no loop, no handler of errors."""
    found: list[ast.stmt] = []
    for node in body:
        if isinstance(node, (ast.With, ast.AsyncWith)):
            found += _unconditional(node.body)
        elif isinstance(node, ast.Try):
            found += _unconditional(node.body) + _unconditional(node.finalbody)
        else:
            found.append(node)
        if isinstance(node, (ast.Return, ast.Raise)):
            break
    return found


def _called(node: ast.stmt) -> ast.Call | None:
    """The call that a statement is, awaited or not."""
    value = node.value if isinstance(node, ast.Expr) else None
    call = value.value if isinstance(value, ast.Await) else value
    return call if isinstance(call, ast.Call) else None


def _pause_s(node: ast.stmt, fixed: _Fixed) -> float | None:
    call = _called(node)
    return fixed.value(call.args[0]) if call is not None and call.args and dotted(call.func) in _SLEEPS else None
