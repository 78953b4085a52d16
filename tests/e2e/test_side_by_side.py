"""Two gradings at once on one host: builds overlap, measurements do not, and neither sees or removes anything of the other's."""

from __future__ import annotations

from pathlib import Path

import docker
import pytest

from harness.bundle import read
from harness.host import slots

from .grading import Place, make_place, owned, result_of

pytestmark = pytest.mark.engine


@pytest.mark.skipif(len(slots()) > 1, reason="this host has a measurement slot for each of them")
def test_the_second_waits_for_the_slot_and_both_are_measured(
    place: Place, tmp_path: Path, challenges_root: Path, engine: docker.DockerClient, good: Path
) -> None:
    other = make_place(tmp_path / "other", challenges_root)
    with place.grading(good, "-m", "brief") as first:
        first.until("started", "boot")
        with other.grading(good, "-m", "brief") as second:
            assert "another grading is measuring" in second.until("note", "slot")["text"]
            done = first.end()
            assert second.until("finished", "slot")["ok"]
            assert done.code in (0, 4) and second.end().code in (0, 4)
    for out in (place.out, other.out):
        result = result_of(out)
        assert result.failures == [] and {gate.outcome for gate in result.gates} == {"pass"}
    waited = read(other.out / "bundle").manifest
    assert waited is not None and waited.run.waited_s > 0
    assert waited.run.overhead < (waited.run.wall_s - waited.run.build_s) / waited.run.measured_s, "waiting is no overhead"
    assert owned(engine, first.token) == owned(engine, second.token) == []
