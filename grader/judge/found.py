"""Evidence of a kind, where the bundle holds any."""

from __future__ import annotations

from typing import TypeVar

from grader.schema.base import Model
from grader.schema.bundle import Bundle

T = TypeVar("T", bound=Model)


def found(bundle: Bundle, model: type[T]) -> T | None:
    return next((evidence for evidence in bundle.evidence.values() if isinstance(evidence, model)), None)
