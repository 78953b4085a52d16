"""Parts that any challenge's simulator can be built from: seeded generators, opaque ids, made-up names, clocks."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CONSONANTS, VOWELS = "bdfghklmnprstvyz", "aeio"
SYLLABLES = [consonant + vowel for consonant in CONSONANTS for vowel in VOWELS]
ENDINGS = ["ldar", "mbrek", "nsky", "rvane", "stova", "ttori", "vxley", "zzurin"]
GIVEN = [
    "Alina", "Bruno", "Carmen", "Dario", "Elif", "Finn", "Greta", "Hugo", "Ines", "Jonas", "Karla", "Levin", "Marta", "Nils", "Olga", "Paulo",
    "Rosa", "Stefan", "Tilda", "Umut", "Vera", "Wim", "Yara", "Zeno",
]


def generator(seed: int, purpose: str) -> np.random.Generator:
    """One generator per purpose, so that e.g. concept drift leaves every request as it was. Any int is a seed."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(f"{seed}:{purpose}".encode()).digest()))


def identifiers(prefix: str, count: int, rng: np.random.Generator) -> list[str]:
    """Opaque ids: neither order nor phase nor seed can be read from them, so a service cannot count its way to the drift."""
    return [f"{prefix}-{value:016x}" for value in rng.integers(2**63, size=count).tolist()]


def names(count: int, rng: np.random.Generator) -> list[str]:
    """Made-up names whose surname is unique in the stream and in no dictionary: a canary that cannot be hit by chance.

    At most 16.7 million, the number of surnames.
    """
    span = len(SYLLABLES) ** 4
    code = (np.arange(count) * 6_364_137 + int(rng.integers(span))) % span  # odd factor, span a power of two: no repeats
    given, ending = rng.integers(len(GIVEN), size=count).tolist(), rng.integers(len(ENDINGS), size=count).tolist()
    digits = [((code >> (6 * place)) & 63).tolist() for place in range(4)]
    return [
        f"{GIVEN[g]} {(SYLLABLES[a] + SYLLABLES[b] + SYLLABLES[c] + SYLLABLES[d]).title()}{ENDINGS[e]}"
        for g, a, b, c, d, e in zip(given, *digits, ending, strict=True)
    ]


def timestamps(count: int, mean_gap_s: float, rng: np.random.Generator) -> list[str]:
    """Rising RFC 3339 times in UTC with milliseconds, from some moment of 2026 on."""
    start = np.datetime64("2026-01-05T00:00:00.000", "ms") + np.timedelta64(int(rng.integers(300 * 86_400_000)), "ms")
    offsets = np.cumsum(np.maximum(1, rng.exponential(mean_gap_s * 1000, count)).astype("timedelta64[ms]"))
    texts: list[str] = np.datetime_as_string(start + offsets, unit="ms", timezone="UTC").tolist()
    return texts


def shares(weights: list[float]) -> Floats:
    """Weights as probabilities that add up to 1."""
    normalised: Floats = np.array(weights) / sum(weights)
    return normalised


def sigmoid(log_odds: Floats) -> Floats:
    """Log odds to probability."""
    return np.asarray(1.0 / (1.0 + np.exp(-log_odds)), dtype=np.float64)
