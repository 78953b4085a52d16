"""The reference model: trained on what candidates get, better than its fallback, which is better than the base rate."""

from __future__ import annotations

import gzip
from pathlib import Path
from types import SimpleNamespace

from challenges import loader
from challenges.simulator import Simulator
from submissions.conftest import SUBMISSIONS


def test_submissions_train_on_the_data_that_candidates_get(tmp_path: Path) -> None:
    challenge = loader.load("fraud-scoring")
    handed_out = tmp_path / "train.csv"
    loader.write_csv(challenge, handed_out, challenge.simulator().stream(loader.TRAINING_ROWS, loader.TRAINING_SEED))
    remedy = "the simulator or the export changed: write its table here, then run `make pipeline` (with `pipeline.data --pin`) and the notebook"
    assert gzip.decompress((SUBMISSIONS / "oracle/data/train.csv.gz").read_bytes()) == handed_out.read_bytes(), remedy
    assert (SUBMISSIONS / "weak/data/train.csv").read_bytes() == handed_out.read_bytes(), remedy


def test_full_beats_fallback_beats_base_rate_on_fresh_rows(oracle: SimpleNamespace, simulator: Simulator) -> None:
    rows = [row for seed in range(3) for row in simulator.stream(8_000, 41_000 + seed)]
    full, fallback = oracle.shipped.full, oracle.shipped.fallback
    rate = sum(row.label for row in rows) / len(rows)

    def brier(scores: list[float]) -> float:
        return sum((score - row.label) ** 2 for score, row in zip(scores, rows, strict=True)) / len(rows)

    with_history = brier([full.probability(full.encode(row.request, row.features)) for row in rows])
    without = brier([fallback.probability(fallback.encode(row.request, None)) for row in rows])
    truth = brier([row.probability for row in rows])
    assert truth < with_history < 0.95 * without < 0.95 * 0.95 * brier([rate] * len(rows))
    assert with_history < 1.08 * truth
