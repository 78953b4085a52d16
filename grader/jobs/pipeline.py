"""What a job does, as plain Python: the very grading that the command line runs, plus the archives that only the service takes."""

from __future__ import annotations

import io
import tarfile
import time
from pathlib import Path

from grader.jobs.model import Job
from grader.jobs.publish import PACKED, folder
from grader.jobs.settings import job_settings
from grader.jobs.store import Store
from grader.run import score
from grader.run.grade import grade
from grader.run.request import request
from grader.schema.causes import Trouble, UsageError
from grader.schema.result import Result
from harness.progress import Progress
from harness.source.address import looks_like_url

UPLOAD = "upload:"


def pipeline(job: Job, out: Path, progress: Progress) -> Result:
    """Grade a job into `out`. Raises UsageError when its origin cannot be had, or is no longer at the commit that the job names; Trouble
    where not even a report can be given."""
    settings = job_settings()
    if job.rescore:
        return rescore(Store(settings.store), job.rescore, out, progress)
    if job.origin.startswith(UPLOAD):
        origin = str(unpack(Store(settings.store), job.origin.removeprefix(UPLOAD), out.parent / "submission"))
    elif looks_like_url(job.origin) or settings.local_origins:
        origin = job.origin
    else:
        raise UsageError("only https URLs and uploaded archives are graded by the service")
    result = grade(request(origin, job.challenge, job.mode, job.attempt, None, None), out, progress)
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
    result = score.score(out)
    score.render(result, out)
    progress.finished("score", time.monotonic() - begin, None)
    return result


def unpack(store: Store, digest: str, into: Path) -> Path:
    """The files of an archive that was handed in; one folder that holds all the rest is looked through. Links out of it are refused."""
    content = store.read(f"uploads/{digest}")
    if content is None:
        raise UsageError("the uploaded archive is not in the artifact store any more: hand it in again")
    into.mkdir()
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            members = [member for member in archive.getmembers() if ".git" not in Path(member.name).parts]
            archive.extractall(into, members=members, filter="data")
    except (tarfile.TarError, EOFError) as error:
        raise Trouble("repository_hostile", f"the archive cannot be unpacked: {str(error)[:200]}") from error
    inside = list(into.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() and not inside[0].is_symlink() else into
