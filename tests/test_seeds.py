"""Seeds can be repeated by the operator and foreseen by nobody else."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from grader.schema.causes import UsageError
from harness.seeds import ENVIRONMENT, Seeds, operator_key

KEY = b"k" * 32


def test_every_part_of_the_scope_changes_the_seed_and_the_same_scope_repeats_it() -> None:
    seeds = {
        Seeds(key, commit, attempt).derive(phase)
        for key in (KEY, b"j" * 32) for commit in ("a", "b") for attempt in (1, 2) for phase in ("load", "drift")
    }  # fmt: skip
    assert len(seeds) == 16
    assert Seeds(KEY, "a", 1).derive("load") == Seeds(KEY, "a", 1).derive("load")
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_a_digest_does_not_show_its_seed() -> None:
    seeds = Seeds(KEY, "a", 1)
    assert f"{seeds.derive('load'):x}" not in seeds.digest("load")
    assert seeds.digest("load") != seeds.digest("drift")


def test_the_key_is_made_once_and_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: operator_key(tmp_path / "new"), range(16)))
    assert len(keys) == 1
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["operator.key"]
    assert stat.S_IMODE((tmp_path / "new" / "operator.key").stat().st_mode) == 0o600


def test_a_key_that_others_can_read_or_that_is_too_short_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    operator_key(tmp_path)
    (tmp_path / "operator.key").chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        operator_key(tmp_path)
    monkeypatch.setenv(ENVIRONMENT, "short")
    with pytest.raises(UsageError, match=ENVIRONMENT):
        operator_key(tmp_path)
