"""Tests of the training pipeline: `python -m unittest discover -s tests`"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
import tomllib
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline import artifact, data, train

ROOT = train.ROOT
SOURCE = ROOT / "data" / "train.csv.gz"
LINES = gzip.decompress(SOURCE.read_bytes()).decode().splitlines()
PARAMS = tomllib.loads((ROOT / "pipeline" / "params.toml").read_text())


class Training(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_pipeline(self, source: Path = SOURCE, params: dict = PARAMS) -> dict:
        return train.run(source, self.folder / "model.json", self.folder / "runs.jsonl", params)

    def written(self, lines: list[str]) -> Path:
        path = self.folder / "edited.csv"
        path.write_text("\n".join(lines) + "\n")
        return path

    def test_two_runs_give_the_bytes_that_are_in_the_repository(self) -> None:
        self.run_pipeline()
        first = (self.folder / "model.json").read_bytes()
        self.run_pipeline()
        self.assertEqual(first, (self.folder / "model.json").read_bytes())
        self.assertEqual(first, (ROOT / "models" / "model.json").read_bytes())
        self.assertEqual(1, len((self.folder / "runs.jsonl").read_text().splitlines()))

    def test_both_models_beat_the_base_rate_on_rows_they_have_not_seen(self) -> None:
        metrics = self.run_pipeline()["metrics"]
        self.assertGreater(metrics["brier_skill"], 0.1)
        self.assertGreater(metrics["fallback_brier_skill"], 0.05)

    def test_a_missed_gate_writes_nothing(self) -> None:
        with self.assertRaisesRegex(train.GateMissed, "auc"):
            self.run_pipeline(params={**PARAMS, "gates": {"auc": 0.99}})
        self.assertFalse((self.folder / "model.json").exists())

    def test_inverted_labels_are_refused(self) -> None:
        swapped = [line[:-1] + ("1" if line[-1] == "0" else "0") for line in LINES[1:]]
        with self.assertRaisesRegex(data.BadData, "fraud rate"):
            self.run_pipeline(self.written([LINES[0], *swapped]))

    def test_values_outside_their_range_and_repeated_payments_are_named(self) -> None:
        lines = [LINES[0], LINES[1].replace("143.73", "-1"), *LINES[2:], LINES[2]]
        with self.assertRaisesRegex(data.BadData, "amount: 1 values outside.*occur twice"):
            data.read(self.written(lines))

    def test_a_missing_column_is_named(self) -> None:
        with self.assertRaisesRegex(data.BadData, "distance_km"):
            data.read(self.written([LINES[0].replace("distance_km", "distance_mi"), *LINES[1:]]))

    def test_the_digest_covers_the_file(self) -> None:
        content = artifact.dumps({"version": "x"})
        document = json.loads(content)
        self.assertNotEqual(artifact.BLANK, document["digest"])
        self.assertEqual(content, artifact.dumps({"version": "x"}))
        self.assertNotEqual(document["digest"], json.loads(artifact.dumps({"version": "y"}))["digest"])


if __name__ == "__main__":
    unittest.main()
