"""The queue of gradings: five functions, `submit`, `cancel`, `status`, `progress` here and `run_worker` in grader.jobs.worker.

Importing this package costs the database toolkit only; the workflow engine is imported by whoever runs a worker.
"""

from grader.jobs.model import Event, Health, Job, JobState, JobStatus, Priority, StageProgress, UnavailableError, WorkerStatus
from grader.jobs.seam import Queue, queue
from grader.jobs.settings import JobSettings, job_settings

__all__ = [
    "Event", "Health", "Job", "JobSettings", "JobState", "JobStatus", "Priority", "Queue", "StageProgress", "UnavailableError", "WorkerStatus",
    "job_settings", "queue",
]  # fmt: skip
