"""What is known of a value in training code: which rows it stands for, and which rows shaped it.

Rows are told apart by where they come from: a table by the expression that reads it, its parts by the split that made them.
"""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass, replace
from itertools import count

FRESH = "?"
"""First character of the name of a value that is like no other."""
_OPPOSITE: dict[type, tuple[str, int]] = {
    ast.In: ("in", 0), ast.NotIn: ("in", 1), ast.Lt: ("<", 0), ast.GtE: ("<", 1), ast.LtE: ("<=", 0), ast.Gt: ("<=", 1), ast.Eq: ("==", 0),
    ast.NotEq: ("==", 1),
}  # fmt: skip
MAX_NAME = 400


@dataclass(frozen=True)
class Rows:
    """A table, or with `parent` the part of it that a split named `name` puts at `index`."""

    name: str
    parent: Rows | None = None
    index: int = 0
    by_split: bool = False

    @property
    def opposite(self) -> Rows:
        """What lies on the other side of a condition or a cut."""
        return replace(self, index=1 - self.index)

    def above(self) -> list[Rows]:
        """What this is a part of, nearest first."""
        found, parent = [], self.parent
        while parent is not None:
            found.append(parent)
            parent = parent.parent
        return found


@dataclass(frozen=True)
class Fit:
    """Something that was learned from rows: a model, or what prepares its input."""

    rows: frozenset[Rows]
    prepares: bool
    path: str
    line: int
    order: int

    def saw(self, rows: Rows) -> bool:
        """Whether all rows of the table were learned from that a part belongs to: the table itself, or both sides of the split."""
        sides = any(seen.parent == rows.parent and seen.name == rows.name and seen.index != rows.index for seen in self.rows)
        return bool(self.rows & set(rows.above())) or (rows in self.rows and sides)


@dataclass(frozen=True)
class Value:
    """`name` is the same for values that are the same. `rows` is None where it is not known that it has any. `side`: of a condition, what it asks
    and which side of it."""

    name: str
    rows: frozenset[Rows] | None = None
    learned: frozenset[Fit] = frozenset()
    items: tuple[Value, ...] | None = None
    side: tuple[str, int] | None = None

    def all_rows(self) -> frozenset[Rows]:
        return self.rows if self.rows is not None else frozenset({Rows(self.name)})

    def part(self, name: str, index: int, *, by_split: bool) -> Value:
        """One part of it; of several tables, or of none that is known, a value like no other."""
        rows = self.all_rows()
        made = frozenset(Rows(named(name).name, parent, index, by_split) for parent in rows) if len(rows) == 1 else None
        return named(f"{self.name}[{name}:{index}]", made, self.learned)


_COUNTER = count()


def fresh(learned: frozenset[Fit] = frozenset()) -> Value:
    return Value(f"{FRESH}{next(_COUNTER)}", None, learned)


def named(name: str, rows: frozenset[Rows] | None = None, learned: frozenset[Fit] = frozenset()) -> Value:
    """A long name is cut, and told from others by its digest."""
    short = name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 40]}#{hashlib.sha256(name.encode(errors='replace')).hexdigest()[:32]}"
    return Value(short, rows, learned)


def joined(one: Value, other: Value) -> Value:
    """What is certain whichever of the two it is."""
    if one == other:
        return one
    learned = one.learned & other.learned
    return Value(fresh().name, one.rows if one.rows == other.rows else None, learned)


def learned_by(values: list[Value]) -> frozenset[Fit]:
    return frozenset[Fit]().union(*(value.learned for value in values), *(learned_by(list(value.items)) for value in values if value.items))


def condition(test: ast.expr) -> tuple[str, int] | None:
    """(what a condition asks, which side of it): `a in b` and `a not in b`, `m` and `~m` are two sides of one."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, (ast.Not, ast.Invert)):
        inner = condition(test.operand)
        return (inner[0], 1 - inner[1]) if inner else (ast.unparse(test.operand), 1)
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in _OPPOSITE:
        word, side = _OPPOSITE[type(test.ops[0])]
        return f"{ast.unparse(test.left)} {word} {ast.unparse(test.comparators[0])}", side
    return None


def cut(cuts: ast.Slice) -> tuple[str, int] | None:
    """`[:n]` and `[n:]` are two sides of one cut; a whole slice is none."""
    if cuts.step is not None or (cuts.lower is None) == (cuts.upper is None):
        return None
    bound = cuts.upper or cuts.lower
    assert bound is not None
    return ast.unparse(bound), int(cuts.upper is None)
