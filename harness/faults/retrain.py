"""A model that is replaced while it is asked: carried out by the experiment on late labels, whose streams are far too long to be sent twice.

Facts: switches (versions that took over), near and near_failed (requests around the first switch, and those of them that failed), flips (changes
back and forth), late_old (answers of the old version to requests sent well after the first of the new one).
"""

from __future__ import annotations

from time import monotonic

from grader.schema.evidence import FeedbackEvidence
from grader.schema.evidence.feedback import VersionSwitch
from harness.faults.base import Fault, Proof, Seen


class RetrainRace(Fault):
    """Takes what that experiment saw into the catalogue. Its check stands with those of retraining."""

    def inject(self) -> float:
        return monotonic()

    def proof(self) -> Proof:
        seen = self.scene.known.feedback
        if seen is None or not seen.segments:
            return Proof(False, "the experiment on late labels was not carried out")
        switch = _first(seen)
        if switch is None:
            return Proof(False, "no other model version answered in the experiment on late labels")
        return Proof(True, f"in the experiment on late labels answers went from {switch.before} to {switch.after} after {switch.labels_taken} labels")

    def facts(self, seen: Seen) -> dict[str, float]:
        feedback = self.scene.known.feedback
        switch = _first(feedback) if feedback else None
        if feedback is None or switch is None:
            return {}
        return {
            "switches": len(feedback.switches), "near": switch.near, "near_failed": switch.near_failed, "flips": switch.flips,
            "late_old": switch.old_answers_late,
        }  # fmt: skip


def _first(feedback: FeedbackEvidence) -> VersionSwitch | None:
    return next(iter(feedback.switches), None)
