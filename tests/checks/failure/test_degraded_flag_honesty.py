from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, contract, dependency, faults, level, load, window

STEADY = load(window("steady"))
HONEST = faults(dependency())


@pytest.mark.parametrize(
    ("expected", "broken", "calm", "probed"),
    [
        ("honest", HONEST, STEADY, contract()),
        ("honest", HONEST, load(window("steady", degraded=3000, void="host noisy")), contract()),
        ("mostly", faults(dependency(facts={"n_plain_ok": 200})), STEADY, contract()),
        ("untrue", faults(dependency(facts={"n_degraded": 0, "n_plain_ok": 280})), STEADY, contract()),
        ("untrue", HONEST, load(window("steady", degraded=3000)), contract()),
        ("untrue", HONEST, load(), contract(degraded=40)),
        ("untrue", faults(dependency(failure=CANDIDATE)), STEADY, contract()),
        ("unknown", faults(), STEADY, contract()),
    ],
)
def test_true_in_faults_and_only_there(expected, broken, calm, probed):
    assert level("degraded_flag_honesty", faults=broken, load=calm, contract=probed) == expected
