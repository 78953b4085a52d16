"""From a run's folder to the published result, so that no reader ever sees half of one and nothing is published twice.

A run first stages everything under a name of its own. To publish, it claims the result with a create-only object that names the run; the
store lets exactly one run have it. Whoever then publishes, the winner itself or a worker that finishes for one that died, copies the
winner's staged objects, each create-only, and result.json last: its presence means that all is there.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

from grader.jobs.store import Store

CLAIM, RESULT = "claim.json", "result.json"
BUNDLE, PACKED = "bundle", "bundle.tar.gz"
AUTHORS = "authors.json"
"""Who wrote the graded commit (harness.source.authors). Beside the result and never a part of it: it is read to hide these names, shown to
nobody, and goes with the job."""


def folder(id: str) -> str:
    """Where a job's result stands in the store."""
    return f"results/{id}"


def stage(store: Store, id: str, run: int, out: Path) -> int:
    """Upload a run's output folder: files as they are, the evidence packed as one. How many objects."""
    pack(out)
    names = [path.name for path in sorted(out.iterdir()) if path.is_file()]
    for name in names:
        store.put_once(f"{_staging(id, run)}/{name}", out / name)
    return len(names)


def publish(store: Store, id: str, run: int) -> int:
    """Publish what was staged; the number of the run that is published now, which may be an earlier one that had claimed the result.

    May be repeated and may run twice at once. FileNotFoundError when the winner's staged objects are gone and nothing was published.
    """
    store.put_once(f"{folder(id)}/{CLAIM}", json.dumps({"run": run}).encode())
    winner = int(json.loads(store.read(f"{folder(id)}/{CLAIM}") or b"{}")["run"])
    if store.read(f"{folder(id)}/{RESULT}") is None:
        source = _staging(id, winner)
        names = [key.removeprefix(f"{source}/") for key in store.keys(source)]
        if RESULT not in names and store.read(f"{folder(id)}/{RESULT}") is None:
            raise FileNotFoundError(source)
        for name in sorted(names, key=lambda name: (name == RESULT, name)):
            content = store.read(f"{source}/{name}")
            if content is not None:  # another one finished meanwhile and has cleared the staging
                store.put_once(f"{folder(id)}/{name}", content)
    return winner


def clear(store: Store, id: str, run: int | None = None) -> None:
    """Remove what a run of a job has staged, or what all of them have."""
    store.remove(f"staging/{id}" if run is None else _staging(id, run))


def withdraw(store: Store, id: str) -> int:
    """Remove a job's result, and whatever it has staged, for good; how many objects. result.json first, so that nobody reads half of it."""
    whole = store.remove(f"{folder(id)}/{RESULT}")
    return whole + store.remove(folder(id)) + store.remove(f"staging/{id}")


def pack(out: Path) -> None:
    """Make one file of the evidence; the same evidence gives the same names and contents."""
    bundle = out / BUNDLE
    if bundle.is_dir():
        with tarfile.open(out / PACKED, "w:gz", compresslevel=6) as archive:
            archive.add(bundle, BUNDLE)


def _staging(id: str, run: int) -> str:
    return f"staging/{id}/{run}"
