"""An evidence bundle in memory, as judgement sees it: what was verified, what is missing and whose fault that is."""

from __future__ import annotations

from dataclasses import dataclass, field

from grader.schema.base import Model
from grader.schema.causes import Failure
from grader.schema.challenge import Challenge
from grader.schema.evidence import Manifest


@dataclass(frozen=True)
class Bundle:
    """A verified bundle. A collector is in `evidence`, in `failures`, or in both (partial data beside the failure).

    `integrity` names every file that is missing, unlisted, or does not match its hash; such a file's collector is only in `failures`.
    """

    manifest: Manifest | None = None
    challenge: Challenge | None = None
    evidence: dict[str, Model] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    integrity: list[str] = field(default_factory=list)
