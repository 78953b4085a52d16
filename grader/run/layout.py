"""Where things stand in an output folder. The one place that knows the names."""

from __future__ import annotations

import shutil
from pathlib import Path

BUNDLE = "bundle"
RESULT = "result.json"


def bundle_folder(out: Path) -> Path:
    """The bundle of an output folder; a folder that is itself a bundle is taken as it is."""
    return out if (out / "manifest.json").exists() and not (out / BUNDLE).exists() else out / BUNDLE


def result_file(out: Path) -> Path:
    return out / RESULT


def copy_recorded(recorded: Path, out: Path) -> None:
    """Put a recorded bundle where a collected one would stand."""
    target = out / BUNDLE
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(recorded, target)
