"""Gradings that take no engine: what the queue does with them is the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from grader.jobs.model import Job
from grader.schema.causes import Trouble, UsageError
from harness.progress import Progress


def short(job: Job, out: Path, progress: Progress) -> None:
    """Two stages; `origin` says what happens: `sleep:S`, `trouble:CAUSE`, `usage`, `die`, `hang`, `family`, `defect`."""
    what, _, detail = job.origin.partition(":")
    progress.started("clone")
    progress.finished("clone", 0.0, None)
    progress.started("load")
    progress.note("load", "half of it")
    _act(what, detail, out)
    (out / "bundle").mkdir()
    (out / "bundle" / "manifest.json").write_text("{}")
    (out / "report.html").write_text(f"<p>{job.key}")
    (out / "result.json").write_text(json.dumps({"key": job.key, "pid": os.getpid()}))
    progress.finished("load", 0.1, None)


def _act(what: str, detail: str, out: Path) -> None:
    if what == "sleep":
        time.sleep(float(detail))
    elif what == "trouble":
        raise Trouble(detail, "as asked")
    elif what == "usage":
        raise UsageError(f"this is no repository {detail}".strip())
    elif what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "hang":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    elif what == "family":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        time.sleep(600)
    elif what == "defect":
        raise ZeroDivisionError("as asked")


def fine() -> str:
    """Nothing is missing on this host."""
    return ""


def engine() -> str:
    """Down for as long as a file stands beside the worker's data folder."""
    mark = Path(os.environ["GRADER_DATA_DIR"]).parent / "engine-is-down"
    return "no engine answers" if mark.exists() else ""
