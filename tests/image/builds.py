"""What the tests of builds share."""

from __future__ import annotations

from collections.abc import Callable

from grader.schema.challenge import Limits
from grader.schema.evidence import ImageEvidence

BASE = "FROM python:3.11-slim\n"
Build = Callable[..., ImageEvidence]


def limits(**changed: float) -> Limits:
    usual: dict[str, float] = {
        "cpus": 1, "memory_mib": 512, "pids": 256, "tmp_mib": 64, "data_mib": 64, "log_mib": 5, "repository_mib": 4, "repository_files": 99,
        "build_timeout_s": 60, "build_memory_mib": 256, "build_log_kib": 64, "ready_timeout_s": 60,
    }  # fmt: skip
    return Limits(**(usual | changed))  # type: ignore[arg-type]
