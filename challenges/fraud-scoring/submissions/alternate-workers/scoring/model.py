"""The model artifact, and which one serves: the shipped one, or what this volume's feedback made of it.

The artifact is JSON with its own digest. No pickle: loading a file must not be able to run code, and damage must be noticed.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from scoring import features

LOG = logging.getLogger("scoring.model")
SCHEMA = "fraud-model/1"
LARGEST = 16 * 1024 * 1024
RETRY_AFTER = 1.0


class BadArtifact(Exception):
    """The file cannot be served; the message says why."""


def digest(document: dict[str, Any]) -> str:
    """sha256 over the canonical JSON of everything except the digest itself."""
    rest = {key: value for key, value in document.items() if key != "digest"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()).hexdigest()


def save(document: dict[str, Any], path: Path) -> None:
    """Write with a fresh digest, atomically: every reader sees the old file or the new one."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps({**document, "digest": digest(document)}, sort_keys=True, separators=(",", ":")) + "\n")
    partial.replace(path)


@dataclass(frozen=True, slots=True)
class Linear:
    """A logistic regression over the encoded features."""

    encoder: dict[str, Any]
    weights: tuple[float, ...]
    bias: float

    def encode(self, tx: features.Row, history: features.Row | None) -> list[float]:
        return features.encode(tx, history, self.encoder)

    def probability(self, vector: Sequence[float]) -> float:
        """P(fraud) in (0, 1) to six decimals, the precision of answers, audit entries and metrics."""
        logit = self.bias + sum([w * x for w, x in zip(self.weights, vector, strict=True)])
        return round(1.0 / (1.0 + math.exp(-min(30.0, max(-30.0, logit)))), 6)


@dataclass(frozen=True, slots=True)
class Model:
    """A loaded artifact. `full` needs the customer's history; `fallback` is for when the feature store cannot give it."""

    version: str
    digest: str
    full: Linear
    fallback: Linear
    review: float
    decline: float
    document: dict[str, Any]

    def decision(self, score: float) -> str:
        return "decline" if score >= self.decline else "review" if score >= self.review else "approve"


def _linear(part: dict[str, Any], history: bool) -> Linear:
    linear = Linear(part["encoder"], tuple(part["weights"]), part["bias"])
    if not all(isinstance(value, float | int) and math.isfinite(value) for value in (*linear.weights, linear.bias)):
        raise BadArtifact("a weight is not a finite number")
    expected = set(features.TRANSACTION_NUMERIC) | set(features.DERIVED_HISTORY if history else ())
    named = features.names(linear.encoder)
    if set(linear.encoder["numeric"]) != expected or part["inputs"] != named or len(linear.weights) != len(named):
        raise BadArtifact("the weights do not fit the feature recipe of this service")
    return linear


def load(path: Path) -> Model:
    """Read, verify and try out an artifact. Raises BadArtifact; never returns a model that cannot score."""
    try:
        if path.stat().st_size > LARGEST:
            raise BadArtifact(f"{path} is larger than any model of ours")
        document = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise BadArtifact(f"{path} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadArtifact(f"{path} is corrupt: {type(error).__name__}") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise BadArtifact(f"{path} is not a {SCHEMA} artifact")
    if document.get("digest") != digest(document):
        raise BadArtifact(f"{path} does not match its own digest: corrupt or edited")
    try:
        model = Model(
            version=str(document["version"]),
            digest=document["digest"],
            full=_linear(document["full"], history=True),
            fallback=_linear(document["fallback"], history=False),
            review=float(document["thresholds"]["review"]),
            decline=float(document["thresholds"]["decline"]),
            document=document,
        )
        model.full.probability(model.full.encode(PROBE, PROBE))
        model.fallback.probability(model.fallback.encode(PROBE, None))
        _ = document["reference"]["numeric"], document["lineage"]["data"]["sha256"], document["metrics"]["full"]
    except (KeyError, TypeError, ValueError) as error:
        raise BadArtifact(f"{path} lacks or garbles a part: {error!r}") from error
    return model


PROBE: dict[str, Any] = {
    "amount": 10.0, "distance_km": None, "device_age_days": 3.0, "minutes_since_last": 5.0,
    "merchant_category": "fuel", "channel": "chip", "country": "DE", "currency": "EUR",
    "avg_amount_30d": 20.0, "tx_count_24h": 1.0, "chargebacks_90d": 0.0, "account_age_days": 100.0,
}


class Serving:
    """The model that this worker serves. All workers follow one file, so that they change over together.

    `current` looks at the promoted file's identity (2 us) for every request: from the moment the leader has renamed a new file into its
    place, no worker begins an answer with the old one. Loading takes some 15 ms once per worker.
    """

    def __init__(self, shipped: Path, promoted: Path) -> None:
        self.shipped, self.promoted = shipped, promoted
        self.problem = "not loaded yet"
        self._model: Model | None = None
        self._stamp: tuple[int, int] | None = None
        self._retry_at = 0.0

    def current(self) -> Model | None:
        """The model to answer with now; None while there is none, `problem` says why."""
        stamp = self._identity()
        if self._model is not None and stamp == self._stamp:
            return self._model
        if self._model is None and time.monotonic() < self._retry_at:
            return None
        self._stamp, self._retry_at = stamp, time.monotonic() + RETRY_AFTER
        try:
            self._model = self._choose()
            LOG.info("model serving", extra={"model_version": self._model.version, "digest": self._model.digest})
        except BadArtifact as error:
            if str(error) != self.problem:
                LOG.error("model refused", extra={"reason": str(error)})
            self.problem = str(error)
        return self._model

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = self.promoted.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns

    def _choose(self) -> Model:
        shipped = load(self.shipped)
        if self._stamp is None:
            return shipped
        try:
            promoted = load(self.promoted)
        except BadArtifact as error:
            LOG.error("promoted model ignored", extra={"reason": str(error)})
            return shipped
        return promoted if promoted.document["lineage"].get("shipped") == shipped.digest else shipped
