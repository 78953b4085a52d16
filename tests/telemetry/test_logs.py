from __future__ import annotations

import time

from harness.telemetry.logs import MAX_BYTES, MAX_VERIFIED, examine


def test_json_lines_ids_and_versions_are_counted_by_line() -> None:
    raw = b'{"transaction_id": "t-1", "model_version": "v7"}\nplain line about t-2\n\n{"broken\n{"transaction_id": "t-11"}\n'
    logs = examine(raw, canaries=[], ids=["t-1", "t-2"], versions=["v7"])
    assert (logs.lines, logs.json_lines, logs.with_request_id, logs.with_model_version) == (4, 2, 2, 1)
    assert logs.bytes == len(raw)


def test_personal_values_are_found_however_they_are_spelt() -> None:
    raw = '{"name": "Jos\\u00e9 Prado"} ANNA SCHMIDT "Zoë Meier" b\\xe9la kov\xe1cs There is Not'.encode()
    logs = examine(raw, canaries=["José Prado", "Anna Schmidt", "Zoë Meier", "Béla Kovács", "Not There", ""], ids=[])
    assert (logs.canaries_sent, logs.canaries_found) == (5, 4)


def test_one_leak_among_thousands_of_values_is_found() -> None:
    names = [f"Person Number{i}" for i in range(20_000)]
    raw = b"".join(b"request %d done\n" % i for i in range(20_000)) + b"refused: Person Number19999\n"
    logs = examine(raw, names, [])
    assert (logs.canaries_sent, logs.canaries_found) == (20_000, 1)


def test_an_empty_log_is_no_trouble() -> None:
    assert examine(b"", ["a b c d"], ["t"]).lines == 0


def test_hostile_lines_are_shown_stripped_and_a_flood_takes_bounded_time() -> None:
    line = b'{"a": ' + b"[" * 5000 + b"\n\x1b[2J\xe2\x80\xaegnol\n" + b"x" * 200_000 + b"\n"
    started = time.monotonic()
    logs = examine(line * (MAX_BYTES // len(line)), [f"Canary Name{i}" for i in range(2 * MAX_VERIFIED)], ["t-1"])
    assert time.monotonic() - started < 8
    assert logs.canaries_found == 0
    assert not any("\x1b" in shown or "\u202e" in shown or len(shown) > 300 for shown in logs.sample)
