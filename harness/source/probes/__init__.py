"""The repository scan: probe id -> true/false finding with places, computed from the tracked files alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from challenges.loader import LoadedChallenge
from grader.schema.evidence import Probe, RepositoryEvidence
from harness.source.probes import (
    ci,
    container,
    deployment,
    documents,
    environment,
    lineage,
    observability,
    preprocessing,
    secrets,
    sizing,
    testing,
    training,
    validation,
)
from harness.source.probes.placeholders import uncommented
from harness.source.tree import SourceTree
from harness.source.view import View

TABLE: dict[str, Callable[[View], Probe]] = {
    **container.PROBES,
    **deployment.PROBES,
    **sizing.PROBES,
    **ci.PROBES,
    **training.PROBES,
    **preprocessing.PROBES,
    **validation.PROBES,
    **environment.PROBES,
    **testing.PROBES,
    **lineage.PROBES,
    **documents.PROBES,
    **observability.PROBES,
    **secrets.PROBES,
}
"""Every probe of the scan. Checks refer to these ids."""

MIN_GIVEN = 6
"""Paragraphs of fewer words are not told apart by who wrote them."""


def scan(tree: SourceTree, challenge: LoadedChallenge | None = None) -> RepositoryEvidence:
    """Run every probe. Text that the challenge hands to every candidate earns nobody anything."""
    view = View(tree, given_paragraphs(challenge.folder) if challenge is not None else frozenset())
    return RepositoryEvidence(probes={id: look(view) for id, look in TABLE.items()})


def given_paragraphs(folder: Path) -> frozenset[str]:
    """Normalised paragraphs of the brief and of the starter's documents."""
    files = [folder / "brief.md", *sorted((folder / "starter").rglob("*.md"))]
    texts = [uncommented(file.read_text(encoding="utf-8")) for file in files if file.is_file()]
    blocks = {documents.normal(block) for text in texts for block in re.split(r"\n\s*\n", text)}
    return frozenset(block for block in blocks if len(block.split()) >= MIN_GIVEN)
