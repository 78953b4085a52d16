"""Where things stand in an output folder. The one place that knows the names."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Iterable
from pathlib import Path

from grader.schema.causes import Trouble, UsageError

BUNDLE = "bundle"
RESULT = "result.json"
CANDIDATES = "for-candidate"
"""Folder of the reports that a candidate may have."""


def bundle_folder(out: Path) -> Path:
    """The bundle of an output folder; a folder that is itself a bundle is taken as it is."""
    return out if (out / "manifest.json").exists() and not (out / BUNDLE).exists() else out / BUNDLE


def result_file(out: Path) -> Path:
    return out / RESULT


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all. Raises Trouble("disk_full"), or UsageError when it cannot be written there."""
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Trouble("disk_full", f"while writing {path}") from error
        raise UsageError(f"cannot write {path} ({error.strerror}): choose a folder that can be written") from error


def forget(out: Path, names: Iterable[str]) -> None:
    """Remove an earlier grading's files, so that no report stands beside a bundle that it does not describe."""
    for name in names:
        (out / name).unlink(missing_ok=True)


def copy_recorded(recorded: Path, out: Path) -> None:
    """Put a recorded bundle where a collected one would stand. UsageError when this checkout holds none."""
    if not recorded.is_dir():
        raise UsageError("this installation carries no recorded evidence: run `grader demo` where an engine answers (see `grader doctor`)")
    target = out / BUNDLE
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(recorded, target)
