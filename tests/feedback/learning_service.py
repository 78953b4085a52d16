"""A service that learns from late labels, well or badly by choice. It knows both relations of the stream, so its models cost nothing to train."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from math import log

from tiny_service import JSON, Answer, Inbox, SentAlert, TinyService

JUDGED = 300
CLEAR = 6.0
"""Log likelihood ratio at which the other relation is taken for the true one."""


@dataclass(frozen=True)
class Habits:
    """What is good or bad about it. `every`: a new version after so many labels, whatever they say."""

    retrains: bool = True
    guards: bool = True
    every: int = 0
    alternates: bool = False
    drops: int = 0
    status: int = 202
    speaks: bool = True
    names_parent: bool = True


class LearningService(TinyService):
    """`usual` and `turned` are the true probabilities by id before and after the relation turns."""

    def __init__(self, usual: Mapping[str, float], turned: Mapping[str, float], inbox: Inbox, habits: Habits) -> None:
        super().__init__(lambda request: self.of("usual", request["transaction_id"]))
        self.relations = {"usual": usual, "turned": turned}
        self.inbox, self.habits = inbox, habits
        self.models, self.recent = ["usual"], deque[tuple[float, float, int]](maxlen=JUDGED)
        self.labels = self.answered = self.dropping = 0
        self.brier = 0.0
        self.routes |= {
            ("POST", "/feedback"): self.feedback,
            ("GET", "/version"): lambda _: (200, JSON, json.dumps(self.document()).encode()),
        }

    def of(self, model: str, id: str) -> float:
        return 1 - self.relations["turned"][id] if model == "inverted" else self.relations[model][id]

    def document(self) -> dict[str, object]:
        n = len(self.models)
        parent = {"parent": f"v{n - 1}"} if n > 1 and self.habits.names_parent else {}
        return {"model_version": f"v{n}", "data_version": "d1", "code_commit": "c", "training_metrics": {}} | parent

    def predict(self, body: bytes) -> Answer:
        id = json.loads(body)["transaction_id"]
        self.answered += 1
        if self.dropping:
            self.dropping -= 1
            return 503, JSON, b"{}"
        serving = len(self.models) - (1 if self.habits.alternates and self.answered % 2 and len(self.models) > 1 else 0)
        score = self.of(self.models[serving - 1], id)
        answer = {"transaction_id": id, "score": score, "decision": "approve", "model_version": f"v{serving}", "degraded": False}
        return 200, JSON, json.dumps(answer).encode()

    def feedback(self, body: bytes) -> Answer:
        told = json.loads(body)
        self.labels += 1
        self.recent.append((self.of("usual", told["transaction_id"]), self.of("turned", told["transaction_id"]), told["label"]))
        if self.habits.retrains and self.labels % 50 == 0 and len(self.recent) == JUDGED:
            self.judge()
        return self.habits.status, JSON, b"{}"

    def judge(self) -> None:
        serving = self.models[-1]
        self.brier = sum(((usual if serving == "usual" else turned) - y) ** 2 for usual, turned, y in self.recent) / JUDGED
        best = self.best()
        if (self.habits.every and self.labels % self.habits.every == 0) or (best != serving and not self.habits.every):
            self.promote(best)

    def best(self) -> str:
        if sum(y for *_, y in self.recent) > 0.5 * JUDGED:
            return self.models[-1] if self.habits.guards else "inverted"
        ratio = sum(log((t if y else 1 - t) / (u if y else 1 - u)) for u, t, y in self.recent)
        return "turned" if ratio > CLEAR else "usual" if ratio < -CLEAR else self.models[-1]

    def promote(self, model: str) -> None:
        self.models.append(model)
        self.dropping = self.habits.drops
        if self.habits.speaks:
            self.inbox.waiting.append(SentAlert("ModelQuality", "firing", {"alertname": "ModelQuality"}, time.monotonic()))

    def metrics(self) -> str:
        live = f"# TYPE live_brier gauge\nlive_brier {self.brier}\n" if self.habits.speaks and len(self.recent) == JUDGED else ""
        return f'# TYPE model_info gauge\nmodel_info{{version="v{len(self.models)}"}} 1\n{live}'


__all__ = ["Habits", "LearningService"]
