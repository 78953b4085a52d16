"""Where a run writes: one work folder for everything temporary, and a draft of the bundle that takes its place only when it is whole.

Both are in the care of the run's record, so that a sweep removes them should the grader be killed.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.schema.causes import Trouble, UsageError
from harness.bundle import MANIFEST
from harness.sandbox.engine import translate
from harness.sandbox.owner import MARKER, RunRecord


@contextmanager
def work_folder(record: RunRecord) -> Iterator[Path]:
    """The run's own folder, and for the `with` block the place of every temporary file of this process: git's home, a build's context.

    One collection per process at a time, as for the cores it is confined to. Raises Trouble(disk_full | not_permitted).
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix="grader-"))
        record.add_folder(folder)
    except OSError as error:
        raise unwritable(error, tempfile.gettempdir()) from error
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield folder
    finally:
        tempfile.tempdir = before
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def draft(final: Path, record: RunRecord) -> Iterator[Path]:
    """A folder beside `final` that replaces it when the block ends in order. Else it goes, and `final` stays what it was.

    Raises UsageError when `final` holds something that is no bundle: it is not ours to replace.
    """
    if final.exists() and any(final.iterdir()) and not (final / MANIFEST).is_file():
        raise UsageError(f"{final} holds something else than an evidence bundle: choose another folder with -o")
    folder = final.with_name(f".{final.name}-{record.run_id}")
    try:
        folder.mkdir(parents=True)
        record.add_folder(folder)
        yield folder
        (folder / MARKER).unlink()
        _replace(final, folder)
    except OSError as error:
        raise unwritable(error, final.parent) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _replace(final: Path, folder: Path) -> None:
    old = folder.with_name(f"{folder.name}-old")
    if final.exists():
        final.rename(old)
    folder.rename(final)
    shutil.rmtree(old, ignore_errors=True)


def unwritable(error: OSError, where: Path | str) -> Trouble:
    """What it means that one of our own files cannot be written below `where`."""
    known, place = translate(error), error.filename or where
    if known.cause == "internal_error":
        return Trouble("not_permitted", f"writing {place}: {error.strerror or error}")
    return Trouble("disk_full", f"while writing {place}") if known.cause == "disk_full" else known
