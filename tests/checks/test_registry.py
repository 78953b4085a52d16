"""Rubric, code and tests belong together: whatever is missing is named."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from checks.builders import RULES, level, repository
from grader.checks.registry import CHECKS, BadCheck, declared_inputs, optional_inputs
from grader.schema.evidence import BootEvidence, DriftEvidence
from grader.schema.result import Finding
from harness.source import probes

TESTS = Path(__file__).parent
SOURCES = TESTS.parents[1] / "grader/checks"
LONGEST = 60


def source(id: str) -> Path:
    return SOURCES / CHECKS[id].area / f"{id}.py"


def words(path: Path) -> set[str]:
    """String literals of a file, and of the shared analysis that it imports."""
    tree = ast.parse(path.read_text())
    found = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("grader.checks.analysis."):
            found |= words(SOURCES / "analysis" / f"{node.module.rsplit('.', 1)[1]}.py")
    return found


def test_every_check_of_the_rubric_has_code_and_the_other_way_round():
    assert set(RULES) - set(CHECKS) == set(), "in the rubric without code"
    assert set(CHECKS) - set(RULES) == set(), "code without a rubric entry"


def test_every_area_has_checks_and_there_are_enough():
    assert {spec.area for spec in CHECKS.values()} == {
        "deployment", "monitoring", "failure", "scalability", "pipeline", "mlops", "cloud", "compliance",
    }  # fmt: skip
    assert len(CHECKS) >= 55


@pytest.mark.parametrize("id", sorted(CHECKS))
def test_code_rubric_and_test_of_a_check_agree(id):
    rule, spec = RULES[id], CHECKS[id]
    used = words(source(id))
    assert not set(rule.ladder) - used, "ladder levels that the code never names"
    if "bars" in spec.inputs.values():
        assert not set(rule.bars) - used, "bars that the code never reads"
    else:
        assert not rule.bars, "bars that the check does not ask for"
    assert len(source(id).read_text().splitlines()) <= LONGEST, "a check is at most 60 lines"
    test = TESTS / spec.area / f"test_{id}.py"
    assert test.exists(), f"no test: {test}"
    assert not set(rule.ladder) - words(test), "ladder levels that its test never expects"


def test_every_probe_that_a_check_reads_is_made_by_the_scan():
    everything = repository(**dict.fromkeys(probes.TABLE, True))
    of_files_alone = [id for id, spec in CHECKS.items() if set(spec.inputs.values()) <= {"repository", "bars"}]
    assert [id for id in of_files_alone if level(id, repository=everything) == "unknown"] == []
    named = {name for path in SOURCES.rglob("*.py") for name in re.findall(r'probes\.get\("(\w+)"\)', path.read_text())}
    assert named <= set(probes.TABLE)


def test_an_input_that_no_collector_gives_is_refused():
    def check(boot: BootEvidence, size: int) -> Finding:
        raise AssertionError

    check.__annotations__ = {"boot": BootEvidence, "size": int, "return": Finding}
    with pytest.raises(BadCheck, match="size"):
        declared_inputs("x", check)


def test_a_check_without_evidence_is_refused():
    def check() -> Finding:
        raise AssertionError

    check.__annotations__ = {"return": Finding}
    with pytest.raises(BadCheck, match="at least one"):
        declared_inputs("x", check)


def test_evidence_that_can_only_help_may_be_missing_but_not_all_of_it():
    def check(boot: BootEvidence, drift: DriftEvidence | None) -> Finding:
        raise AssertionError

    check.__annotations__ = {"boot": BootEvidence, "drift": DriftEvidence | None, "return": Finding}
    assert declared_inputs("x", check) == {"boot": "boot", "drift": "drift"}
    assert optional_inputs(check) == {"drift"}
    check.__annotations__ = {"drift": DriftEvidence | None, "return": Finding}
    with pytest.raises(BadCheck, match="at least one"):
        declared_inputs("x", check)
