"""What a job does, as plain Python: the very grading that the command line runs, plus the archives that only the service takes."""

from __future__ import annotations

import io
import tarfile
import time
from dataclasses import replace
from pathlib import Path

from grader.jobs.model import Job
from grader.jobs.publish import AUTHORS, PACKED, folder
from grader.jobs.settings import job_settings
from grader.jobs.store import Store
from grader.run import score
from grader.run.grade import grade
from grader.run.request import request
from grader.schema.causes import UsageError
from grader.schema.challenge import Limits
from grader.schema.result import Result
from harness.progress import Progress
from harness.source import tarball
from harness.source.address import looks_like_url

UPLOAD = "upload:"


def pipeline(job: Job, out: Path, progress: Progress) -> Result:
    """Grade a job into `out`. Raises UsageError when its origin cannot be had, or is no longer at the commit that the job names; Trouble
    where not even a report can be given."""
    settings = job_settings()
    if job.rescore:
        return rescore(Store(settings.store), job.rescore, out, progress)
    uploaded = job.origin.startswith(UPLOAD)
    if not uploaded and not looks_like_url(job.origin) and not settings.local_origins:
        raise UsageError("only https URLs and uploaded archives are graded by the service")
    asked = request(job.origin, job.challenge, job.mode, job.attempt, None, None)
    if uploaded:
        unpacked = unpack(Store(settings.store), job.origin.removeprefix(UPLOAD), out.parent / "submission", asked.challenge.spec.limits)
        asked = replace(asked, origin=str(unpacked))
    result = grade(asked, out, progress, authors=out / AUTHORS)
    if job.commit and result.submission.commit not in (job.commit, None):
        raise UsageError(f"the repository has moved on to {result.submission.commit} since {job.commit} was handed in: hand it in again")
    return result


def rescore(store: Store, earlier: str, out: Path, progress: Progress) -> Result:
    """Judge the evidence that an earlier job published by the rubric as it is now. No engine is needed."""
    progress.started("score")
    begin = time.monotonic()
    content = store.read(f"{folder(earlier)}/{PACKED}")
    if content is None:
        raise UsageError(f"job {earlier} has left no evidence in the artifact store: grade again instead")
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archive.extractall(out, filter="data")
    authors = store.read(f"{folder(earlier)}/{AUTHORS}")
    if authors is not None:
        (out / AUTHORS).write_bytes(authors)  # the names that a blind reader must not see are the same
    result = score.score(out)
    score.render(result, out)
    progress.finished("score", time.monotonic() - begin, None)
    return result


def unpack(store: Store, digest: str, into: Path, limits: Limits) -> Path:
    """The files of an archive that was handed in, judged anew as at the intake: it may have been taken under other limits, or by another door.

    One folder that holds all the rest is looked through. Raises Trouble(repository_too_large | repository_hostile).
    """
    content = store.read(f"uploads/{digest}")
    if content is None:
        raise UsageError("the uploaded archive is not in the artifact store any more: hand it in again")
    into.mkdir()
    tarball.unpack(io.BytesIO(content), limits, into)
    inside = list(into.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() and not inside[0].is_symlink() else into
