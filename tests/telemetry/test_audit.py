from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import cast

from challenges.loader import load
from harness.sandbox.container import Candidate
from harness.telemetry.audit import Answer, examine, read

SENT = {"t-1": Answer(0.25, "1"), "t-2": Answer(0.5, "1"), "t-3": Answer(0.75, "1")}


def entry(id: str, score: object, version: str = "1", **more: object) -> str:
    return json.dumps({"transaction_id": id, "time": "now", "model_version": version, "score": score, "degraded": False} | more)


def trail(*lines: str) -> bytes:
    return "\n".join(lines).encode() + b"\n"


def test_entries_are_held_against_the_answers() -> None:
    raw = trail(entry("t-1", 0.25001, input_digest="ab"), entry("t-2", 0.9), entry("t-3", 0.75, version="2"), entry("other", 0.1), "not json")
    audit = examine(raw, SENT)
    assert (audit.lines, audit.parsed, audit.predictions_sent, audit.predictions_found) == (5, 4, 3, 3)
    assert audit.scores_agree == 1
    assert audit.with_fields == {"transaction_id": 3, "time": 3, "model_version": 3, "input_digest": 1, "score": 3, "degraded": 3}
    assert audit.malformed_sample == "not json"


def test_repeated_entries_are_duplicates_and_do_not_count_twice() -> None:
    audit = examine(trail(entry("t-1", 0.25), entry("t-1", 0.25), entry("t-2", 0.5)), SENT)
    assert (audit.predictions_found, audit.duplicates, audit.scores_agree) == (2, 1, 2)


def test_hostile_entries_are_not_parsed() -> None:
    audit = examine(trail('{"transaction_id": ["t-1"]}', entry("t-2", True), "[" * 9000, '{"transaction_id": "t-3", "score": NaN}'), SENT)
    assert (audit.parsed, audit.predictions_found, audit.scores_agree) == (2, 1, 0)


def test_no_file_is_a_fact() -> None:
    audit = examine(None, SENT)
    assert not audit.exists
    assert audit.predictions_sent == 3


@dataclass
class Volume:
    """Stands in for the candidate's data volume."""

    content: bytes | None = None
    rotated: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def read_file(self, path: str, max_bytes: int) -> bytes | None:
        self.paths.append(path)
        number = path.rpartition(".")[2]
        if not number.isdigit():
            return self.content
        return self.rotated[int(number) - 1] if int(number) <= len(self.rotated) else None


def test_a_writer_that_buffers_is_waited_for_and_a_missing_entry_only_until_the_deadline() -> None:
    challenge = load("fraud-scoring")
    volume = Volume(trail(entry("t-1", 0.25)))
    whole = trail(entry("t-1", 0.25), entry("t-2", 0.5), entry("t-3", 0.75))
    late = threading.Timer(0.5, lambda: setattr(volume, "content", whole))
    late.start()
    started = time.monotonic()
    assert read(cast(Candidate, volume), challenge, SENT).predictions_found == 3
    assert time.monotonic() - started < 2
    assert set(volume.paths) == {"/data/audit.jsonl", "/data/audit.jsonl.1"}
    volume.content = None
    started = time.monotonic()
    assert not read(cast(Candidate, volume), challenge, SENT, deadline_s=0.5).exists
    assert 0.4 < time.monotonic() - started < 1.5


def test_a_trail_that_was_rotated_is_read_whole_in_the_order_of_writing() -> None:
    youngest, oldest = trail(entry("t-2", 0.5)), trail(entry("t-1", 0.25)).rstrip(b"\n")
    volume = Volume(trail(entry("t-3", 0.75)), rotated=[youngest, oldest])
    found = read(cast(Candidate, volume), load("fraud-scoring"), SENT, deadline_s=0.0)
    assert (found.predictions_found, found.lines, found.duplicates) == (3, 3, 0)
    volume.content = None
    assert read(cast(Candidate, volume), load("fraud-scoring"), SENT, deadline_s=0.0).predictions_found == 2, "between two files"


def at(moment: object, second: float = 1_790_000_000.0) -> int | None:
    line = json.dumps({"transaction_id": "t-1", "time": moment, "model_version": "1", "score": 0.25})
    return examine(trail(line), {"t-1": Answer(0.25, "1", False, second)}).times_off


def test_a_time_in_any_usual_form_is_held_against_the_answers() -> None:
    now = datetime.fromtimestamp(1_790_000_000, UTC)
    near = [now.isoformat(), now.isoformat().replace("+00:00", "Z"), now.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat()]
    near += [now.replace(tzinfo=None).isoformat(), (now.replace(tzinfo=None) + timedelta(hours=2, seconds=3)).isoformat(" ")]
    near += [1_790_000_003.5, 1_790_000_003_500, 1_790_000_003_500_000, "at noon", None, True]
    assert [at(moment) for moment in near] == [0] * len(near)
    far = [(now + timedelta(minutes=5)).isoformat(), (now - timedelta(days=3)).replace(tzinfo=None).isoformat(), 1_780_000_000, 1e300]
    assert [at(moment) for moment in far] == [1, 1, 1, 0], "what is no time at all is not held against anybody"


def test_an_entry_that_denies_the_fallback_does_not_agree() -> None:
    sent = {"t-1": Answer(0.25, "1", degraded=True), "t-2": Answer(0.5, "1", degraded=False), "t-3": Answer(0.75, "1")}
    audit = examine(trail(entry("t-1", 0.25), entry("t-2", 0.5), entry("t-3", 0.75, degraded=True)), sent)
    assert (audit.predictions_found, audit.scores_agree) == (3, 2)


def test_digests_that_do_not_tell_inputs_apart_are_counted() -> None:
    same = examine(trail(*(entry(id, 0.5, input_digest="ab") for id in SENT)), SENT)
    own = examine(trail(*(entry(id, 0.5, input_digest=id) for id in SENT)), SENT)
    assert (same.digests, own.digests) == (1, 3)
