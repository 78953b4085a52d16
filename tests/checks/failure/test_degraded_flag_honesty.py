from __future__ import annotations

import pytest

from checks.builders import CANDIDATE, contract, dependency, faults, level, load, window

STEADY = load(window("steady"))
HONEST = faults(dependency())
EVERY = [dependency(f"dependency_{kind}") for kind in ("slow", "refused", "blackhole", "reset", "drip", "garbage")]
SILENT = {"n_degraded": 0, "n_plain_ok": 280}


@pytest.mark.parametrize(
    ("expected", "broken", "calm", "probed"),
    [
        ("honest", HONEST, STEADY, contract()),
        ("honest", HONEST, load(window("steady", degraded=3000, void="host noisy")), contract()),
        ("mostly", faults(dependency(facts={"n_plain_ok": 200})), STEADY, contract()),
        ("untrue", faults(dependency(facts={"n_degraded": 0, "n_plain_ok": 280})), STEADY, contract()),
        ("untrue", HONEST, load(window("steady", degraded=3000)), contract()),
        ("untrue", HONEST, load(), contract(degraded=40)),
        ("mostly", faults(*EVERY, dependency("dependency_errors", facts=SILENT)), STEADY, contract()),
        ("honest", faults(*EVERY, dependency("dependency_errors", facts={"n_degraded": 0, "n_plain_ok": 15})), STEADY, contract()),
        ("honest", faults(*EVERY, dependency("dependency_nan", facts=SILENT)), STEADY, contract()),
        ("untrue", faults(dependency(failure=CANDIDATE)), STEADY, contract()),
        ("unknown", faults(), STEADY, contract()),
    ],
)
def test_true_in_faults_and_only_there(expected, broken, calm, probed):
    assert level("degraded_flag_honesty", faults=broken, load=calm, contract=probed) == expected
