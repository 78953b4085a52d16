"""Results to render: one with a bit of everything, scored from evidence made by hand."""

from __future__ import annotations

import pytest
from judge import made

from grader.schema.evidence import FaultsEvidence
from grader.schema.result import Result


@pytest.fixture(scope="session")
def mixed() -> Result:
    """A standard run with a slow recovery, a fault without proof, an outage under a dependency fault, and a drift that nobody noticed."""
    bundle = made.sound()
    asked = made.challenge()
    records = {record.id: record for record in made.faults(asked, "standard").faults}
    records["pause"] = made.fault("pause", 1, bad=(2.0, 7.4))
    records["network_cut"] = made.fault("network_cut", 9, injected=False)
    records["dependency_errors"] = records["dependency_errors"].model_copy(update={"bins": made.bins(9.0, 100, bad=(2.2, 6.0))})
    faults = FaultsEvidence(faults=list(records.values()))
    load = made.load(asked, "standard", p99_ms=40, void=None)
    return made.verdict(made.changed(bundle, faults=faults, load=load, drift=made.drift(asked, "standard", silent=("missing",))))
