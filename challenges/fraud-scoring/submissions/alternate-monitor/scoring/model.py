"""The model artifact: JSON with its own digest, and what can be asked of it.

No pickle: loading a file must not be able to run code, and damage must be noticed.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from scoring import features

SCHEMA = "fraud-model/1"
LARGEST = 16 * 1024 * 1024


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
        document = orjson.loads(path.read_bytes())
    except OSError as error:
        raise BadArtifact(f"{path} cannot be read: {error.strerror}") from error
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise BadArtifact(f"{path} is corrupt: no JSON") from error
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


def choose(shipped_path: Path, promoted_path: Path) -> tuple[Model, Path]:
    """The model to serve and its file: what this volume's feedback made of exactly the shipped artifact, else that. Raises BadArtifact."""
    shipped = load(shipped_path)
    if promoted_path.exists():
        try:
            promoted = load(promoted_path)
        except BadArtifact as error:
            logging.getLogger("scoring.model").error("promoted model ignored", extra={"reason": str(error)})
        else:
            if promoted.document["lineage"].get("shipped") == shipped.digest:
                return promoted, promoted_path
    return shipped, shipped_path
