"""Does a container with a broken model stay out of service, or serve its image's own model?"""

from __future__ import annotations

from grader.checks.analysis.faults import judgeable
from grader.checks.api import Finding, measure, reached, unmeasured
from grader.schema.evidence import FaultRecord, FaultsEvidence

ASKED = 5
"""Valid requests that a container gets which says that it is ready."""


def check(faults: FaultsEvidence) -> Finding:
    record = judgeable(faults, "bad_model", worst="serves")
    if isinstance(record, Finding):
        return record
    files = [case.name for case in record.cases if f"{case.name}_ready" in record.facts]
    if not files:
        return unmeasured("no container was started with a broken model")
    ready = [name for name in files if record.facts[f"{name}_ready"]]
    if not ready and record.facts.get("copy_served") == 0:
        return unmeasured("not even a copy of the image's own model was served through MODEL_PATH: that the broken ones were not shows nothing")
    if ready and _unread(record, ready):
        return reached("ignores", "MODEL_PATH is ignored: with it the service never opened the file that it names, and served")
    broken = [name for name in ready if not _own(record, name)]
    refused, own = len(files) - len(ready), len(ready) - len(broken)
    seen = f"{refused} of {len(files)} containers with a broken model were never ready" + (f", {own} served the image's own" if own else "")
    figure = measure("kept out", len(files) - len(broken), "files", n=len(files))
    if not broken:
        return reached("refuses", seen, figure)
    seen += f"; ready with a model that was {' and '.join(name.replace('_', ' ') for name in broken)}"
    return reached("mostly" if len(broken) == 1 else "serves", seen, figure)


def _unread(record: FaultRecord, ready: list[str]) -> bool:
    """It served without a look at what MODEL_PATH names: at the good copy, or at a broken file."""
    return record.facts.get("honoured") == 0 or any(record.facts.get(f"{name}_opened") == 0 for name in ready)


def _own(record: FaultRecord, name: str) -> bool:
    """Ready, and every answer is valid and of the image's own model: the file was not taken."""
    return record.facts.get(f"{name}_valid", 0) >= ASKED and record.facts.get(f"{name}_own") == 1
