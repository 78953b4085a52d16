"""The catalogue is whole, points at tests and code that exist, and docs/attacks.md says the same."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest

from attacks import catalogue
from attacks.catalogue import OUTCOMES, ROOT, STATES
from attacks.clones import CONTAINED, ENDLESS, REFUSED, REJECTED
from attacks.page import BOUNDARIES, PAGE, page
from attacks.test_talk import REPLIES

KNOWN = catalogue.load()
COUNT = 59


def test_every_number_has_an_entry() -> None:
    assert sorted(KNOWN.attacks) == list(range(1, COUNT + 1))


@pytest.mark.parametrize("number", KNOWN.attacks)
def test_an_entry_points_at_existing_tests(number: int) -> None:
    attack = KNOWN.attacks[number]
    assert attack.outcome in OUTCOMES and attack.promise in KNOWN.promises and attack.state in STATES
    re.compile(attack.message)
    assert bool(attack.tests) == (attack.state != "missing")
    assert attack.state == "shown" or attack.note, "what is missing is said"
    for test in attack.tests:
        file, _, name = test.partition("::")
        assert name in functions(file), test
    assert attack.engine or any(not needs_engine(test.partition("::")[0]) for test in attack.tests)


@pytest.mark.parametrize("number", [number for number, attack in KNOWN.attacks.items() if not attack.engine])
def test_what_needs_no_engine_is_shown(number: int) -> None:
    assert KNOWN.attacks[number].state == "shown"


@pytest.mark.parametrize("tried", [REFUSED | REJECTED | ENDLESS | CONTAINED, REPLIES])
def test_every_attack_that_is_set_up_is_one_of_the_catalogue(tried: dict[str, object]) -> None:
    assert {int(name.split()[0]) for name in tried} <= set(KNOWN.attacks)


@pytest.mark.parametrize("id", KNOWN.promises)
def test_a_promise_names_the_code_that_keeps_it(id: str) -> None:
    promise = KNOWN.promises[id]
    assert promise.boundary in BOUNDARIES and promise.code
    assert [path for path in promise.code if not (ROOT / path).is_file()] == []


def test_the_page_is_made_from_the_catalogue() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(KNOWN), f"run: {Path(sys.executable).name} tests/attacks/page.py"


def test_the_named_tests_are_collected() -> None:
    """A name in a file is no test yet: pytest has to find it."""
    named = {test for attack in KNOWN.attacks.values() for test in attack.tests}
    files = sorted({test.partition("::")[0] for test in named})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "-m", "soak or not soak", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert named - {line.partition("[")[0] for line in done.stdout.splitlines()} == set()


@lru_cache
def functions(file: str) -> frozenset[str]:
    module = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in module.body if isinstance(node, ast.FunctionDef))


def needs_engine(file: str) -> bool:
    return "pytestmark = pytest.mark.engine" in (ROOT / file).read_text(encoding="utf-8")
