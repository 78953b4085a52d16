"""Labelled inputs on the data volume: a ring in a mapped file, so that neither a dead monitor nor a restart forgets what labels taught."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from monitor.learning import Array

LOG = logging.getLogger("monitor.labels")
KEPT = 3_000  # newest labels
TOTAL, TRAINED_TO, WIDTH = range(3)  # places in the ring's first row: counts of labels, and how long an input is


class LabelRing:
    """Rows of (label, encoded input). Labels are numbered from 1 in the order they came."""

    def __init__(self, path: Path, width: int) -> None:
        """`width` inputs a row. Falls back to memory where the volume does not take the file."""
        shape = (KEPT + 1, width + 1)
        try:
            if not path.exists() or path.stat().st_size != 8 * shape[0] * shape[1]:
                path.write_bytes(bytes(8 * shape[0] * shape[1]))  # all of it now: a mapped page that finds no room later kills the process
            self.rows: Array = np.memmap(path, dtype=np.float64, mode="r+", shape=shape)
        except OSError as error:
            LOG.error("labels are kept in memory only", extra={"error": error.strerror})
            self.rows = np.zeros(shape)
        if self.rows[0, WIDTH] != width:
            self.rows[0, : WIDTH + 1] = 0, 0, width

    @property
    def total(self) -> int:
        return int(self.rows[0, TOTAL])

    def add(self, batch: list[tuple[Array, int]]) -> None:
        """(input, label) pairs."""
        for vector, label in batch:
            row = self.rows[1 + self.total % KEPT]
            row[0], row[1:] = label, vector
            self.rows[0, TOTAL] += 1

    def since_training(self) -> tuple[Array, Array]:
        """(inputs, labels) that the serving model was not trained on, oldest first."""
        first = max(int(self.rows[0, TRAINED_TO]), self.total - KEPT)
        places = 1 + np.arange(first, self.total) % KEPT
        chosen = self.rows[places]
        return chosen[:, 1:], chosen[:, 0]

    def trained(self) -> None:
        """What is in the ring now has been trained on."""
        self.rows[0, TRAINED_TO] = self.rows[0, TOTAL]
