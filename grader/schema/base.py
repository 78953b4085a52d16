"""What every record of the shared language has in common."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION = 1
"""Version of the evidence bundle and of result.json. Raised when a field changes meaning; additions with a default do not raise it."""


class Model(BaseModel):
    """An immutable record. Unknown keys are errors, so a typo never passes as a fact; NaN and infinity are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Culprit(StrEnum):
    """Whose doing it is that something could not be measured or went wrong."""

    CANDIDATE = "candidate"
    GRADER = "grader"
    HOST = "host"
