"""Evidence is kept by what it depends on: measuring code and stimuli make it anew, judging and wording do not."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from challenges.loader import ROOT, LoadedChallenge, load
from challenges.mutants import EXPECT, PATCH
from grader.schema.bundle import Bundle
from grader.schema.evidence import RepositoryEvidence
from grader.validation import cache
from grader.validation.cache import measuring_digest, place, scanning_digest
from grader.validation.cases import Case, cases
from grader.validation.run import SCANNED, rescanned

SLUG = "fraud-scoring"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the challenge with its oracle and one mutant."""
    shutil.copytree(ROOT / SLUG, tmp_path / SLUG, ignore=shutil.ignore_patterns("recorded", "golden", "mutants", "starter", "alternate-*", "*.csv*"))
    shutil.copy(ROOT / "prices.toml", tmp_path)
    folder = tmp_path / SLUG / "mutants" / "bare"
    folder.mkdir(parents=True)
    (folder / EXPECT).write_text('title = "no runbook"\narea = "failure"\nstages = ["fault:pause"]\nflips = ["runbook"]\nremove = ["RUNBOOK.md"]\n')
    (folder / PATCH).write_text("--- a/README.md\n+++ b/README.md\n")
    return tmp_path


def key(root: Path, edit: str | None = None, old: str = "", new: str = "") -> str:
    """The name of the mutant's folder in the cache, after an edit of one file of the challenge."""
    if edit is not None:
        path = root / SLUG / edit
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1) if old else text + new, "utf-8")
    challenge: LoadedChallenge = load(SLUG, root)
    (case,) = [case for case in cases(challenge) if case.kind == "mutant"]
    return place(case, challenge, root / "cache").folder.name


@pytest.mark.parametrize(
    ("edit", "old", "new"),
    [
        ("brief.md", "", "\nOne more word.\n"),
        ("challenge.toml", "module_points = 15", "module_points = 15 "),
        ("mutants/bare/expect.toml", 'flips = ["runbook"]', 'flips = ["runbook", "pause_recovery"]'),
        ("mutants/bare/expect.toml", 'title = "no runbook"', 'title = "nothing for the night shift"'),
        ("challenge.toml", 'title = "quick: one drift kind, three faults"', 'title = "quick"'),
    ],
)
def test_what_no_evidence_depends_on_keeps_it(root: Path, edit: str, old: str, new: str):
    assert key(root) == key(root, edit, old, new)


@pytest.mark.parametrize(
    ("edit", "old", "new"),
    [
        ("private/simulator.py", "", "\n# another population\n"),
        ("challenge.toml", "memory_mib = 512", "memory_mib = 256"),
        ("mutants/bare/expect.toml", 'stages = ["fault:pause"]', 'stages = ["fault:sigkill"]'),
        ("mutants/bare/expect.toml", 'remove = ["RUNBOOK.md"]', 'remove = ["COST.md"]'),
        ("mutants/bare/change.patch", "", "+another line\n"),
        ("submissions/oracle/fraud/app.py", "", "\n# another line\n"),
    ],
)
def test_what_evidence_depends_on_makes_it_anew(root: Path, edit: str, old: str, new: str):
    assert key(root) != key(root, edit, old, new)


def test_another_submission_of_the_same_mode_has_a_place_of_its_own(root: Path):
    challenge = load(SLUG, root)
    case: Case = cases(challenge)[0]
    assert place(case, challenge, root) != place(replace(case, submission=root / SLUG / "submissions/null-200"), challenge, root)


def test_the_scan_of_files_is_no_part_of_what_measures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    copy = shutil.copytree(cache.HARNESS, tmp_path / "harness", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(cache, "HARNESS", copy)
    monkeypatch.setattr(cache, "SHAPES", shutil.copytree(cache.SHAPES, tmp_path / "grader" / "schema"))
    digests = {"measuring": measuring_digest.__wrapped__, "scanning": scanning_digest.__wrapped__}
    before = {name: digest() for name, digest in digests.items()}
    (copy / cache.SCAN / "ci.py").write_text("# another scan\n")
    scanned = {name: digest() for name, digest in digests.items()}
    (copy / "live.py").write_text("# another measurement\n")
    measured = {name: digest() for name, digest in digests.items()}
    assert scanned["measuring"] == before["measuring"] and scanned["scanning"] != before["scanning"]
    assert measured["measuring"] != scanned["measuring"] and measured["scanning"] == scanned["scanning"]


def test_what_is_kept_is_judged_with_todays_scan_of_the_planted_files(root: Path):
    (root / SLUG / "mutants/bare" / PATCH).unlink()  # it only removes
    challenge = load(SLUG, root)
    runbook = {}
    for case in cases(challenge):
        if case.kind in ("oracle", "mutant"):
            bundle = rescanned(Bundle(evidence={SCANNED: RepositoryEvidence(probes={})}), case, challenge)
            evidence = bundle.evidence[SCANNED]
            assert isinstance(evidence, RepositoryEvidence)
            runbook[case.kind] = evidence.probes["runbook"].found
    assert runbook == {"oracle": True, "mutant": False}


def test_files_that_were_not_scanned_are_not_scanned_afterwards(root: Path):
    case = cases(load(SLUG, root))[0]
    bundle = Bundle()
    assert rescanned(bundle, case, load(SLUG, root)) is bundle
