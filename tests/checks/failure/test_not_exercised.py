"""A fault that was not shown to be active says nothing, whatever the rest of its record holds."""

from __future__ import annotations

import pytest

from checks.builders import RULES, contract, fault, faults, judge, load, window
from grader.checks.registry import CHECKS

STANDS_ON_FAULTS = sorted(
    id for id, rule in RULES.items() if CHECKS[id].area == "failure" and any(need.startswith("fault") for need in rule.needs)
)


def asked_for(check: str) -> list[str]:
    return [need.partition(":")[2] for need in RULES[check].needs if need.startswith("fault:")]


@pytest.mark.parametrize("check", STANDS_ON_FAULTS)
@pytest.mark.parametrize("injected", [False, None], ids=["without proof", "without a record"])
def test_nothing_is_judged_without_proof(check: str, injected: bool | None) -> None:
    records = [] if injected is None else [fault(id, injected=False) for id in asked_for(check)]
    finding = judge(check, faults=faults(*records), contract=contract(), load=load(window("steady")))
    assert finding.level is None, finding.observed


def test_every_fault_check_names_its_fault() -> None:
    assert len(STANDS_ON_FAULTS) > 10
    assert [check for check in STANDS_ON_FAULTS if not asked_for(check) and check != "service_survives"] == []
