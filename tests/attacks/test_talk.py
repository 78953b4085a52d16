"""Attacks 39-48: a service that answers with hostile bytes, on loopback; the hardened client and what reads its answers, in a measured process.

The load generator has a wire of its own; the same kinds of service are set before it in `tests/load_engine/test_bad_targets.py`.
"""

from __future__ import annotations

import gzip
import json
import re
import socket
import threading
from collections.abc import Callable

import pytest
from test_client import HEAD, Script, forever, saying, serving

from attacks import catalogue
from attacks.asking import talk
from attacks.listening import listener
from attacks.measured import LIMIT_MIB, measured

CPU_S = 3.0
MIB = 1 << 20
KNOWN = catalogue.load()
BOMB = gzip.compress(bytes(128 * MIB), 1)
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def body(content: bytes, head: bytes = b"") -> Script:
    return saying(HEAD + head + b"Content-Length: %d\r\n\r\n" % len(content) + content)


def mebibyte(unit: Callable[[int], str], start: str = "", end: str = "") -> bytes:
    """As much as the client lets through, and no more."""
    parts, size, n = [start], len(start) + len(end), 0
    while size + len(piece := unit(n)) <= MIB:
        parts.append(piece)
        size, n = size + len(piece), n + 1
    return "".join([*parts, end]).encode()


REPLIES: dict[str, Script] = {
    "39 until it closes": forever(b"x" * 65536, 0.0, HEAD + b"\r\n"),
    "39 chunks": forever(b"10000\r\n" + b"x" * 65536 + b"\r\n", 0.0, CHUNKED),
    "39 chunks of one byte": forever(b"1\r\nx\r\n" * 10_000, 0.0, CHUNKED),
    "39 terabytes announced": forever(b"x" * 65536, 0.0, HEAD + b"Content-Length: 9999999999999\r\n\r\n"),
    "40 body": forever(b"x", 0.02, HEAD + b"Content-Length: 100000\r\n\r\n"),
    "40 chunk sizes": forever(b"0", 0.02, CHUNKED),
    "40 chunk trailers": forever(b"a", 0.02, CHUNKED + b"0\r\nX: "),
    "41 header": forever(b"a", 0.02, HEAD + b"X: "),
    "41 status line": forever(b" ", 0.02, b"HTTP/1.1 200 O"),
    "41 nothing at all": forever(b"", 0.05),
    "42 at once": forever(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "42 slowly": forever(b"HTTP/1.1 102 Processing\r\n\r\n", 0.02),
    "42 another protocol": saying(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
    "43 gzip": body(BOMB, b"Content-Encoding: gzip\r\nContent-Type: application/json\r\n"),
    "43 gzip as a transfer coding": saying(HEAD + b"Transfer-Encoding: gzip\r\n\r\n" + BOMB),
    "44 one": forever(b"y" * 65536, 0.0, HEAD + b"X: "),
    "44 many": forever(b"X-More: y\r\n" * 5000, 0.0, HEAD),
    "44 names": saying(HEAD + b"".join(b"X-%d: y\r\n" % n for n in range(3000)) + b"\r\n"),
    "46 NaN": body(b'{"score": NaN}'),
    "46 Infinity": body(b'{"score": -Infinity}'),
    "46 1e999": body(b'{"score": 1e999}'),
    "46 deep lists": body(b"[" * MIB),
    "46 deep objects": body(b'{"a":' * 100_000),
    "46 huge integer": body(b'{"score": ' + b"1" * 1_000_000 + b"}"),
    "46 no UTF-8": body(b'{"score": "\xff"}'),
    "46 a string that never ends": body(b'"' + b'\\"' * 100_000),
    "46 cut off": body(b'{"score": 0.5'),
    "46 two documents": body(b'{"score": 0.5}{"score": 0.6}'),
    "47 over the cap": body(b"a 1\n" * 300_000),
    "47 a million lines": body(mebibyte(lambda n: "a 1\n")),
    "47 a family per line": body(mebibyte(lambda n: f"a{n} 1\n")),
    "47 a label value per line": body(mebibyte(lambda n: f'a{{id="{n}"}} 1\n')),
    "47 one line": body(b'a{b="' + b"x" * (MIB - 20) + b'"} 1\n'),
    "47 histograms": body(mebibyte(lambda n: f'# TYPE h{n} histogram\nh{n}_bucket{{le="1"}} 1\n')),
    "48 SSH": saying(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "48 TLS": saying(b"\x15\x03\x01\x00\x02\x02\x16"),
    "48 HTTP/2": saying(b"HTTP/2 200\r\n\r\n{}"),
    "48 no head": saying(b'{"score": 0.5}'),
    "48 endless noise": forever(bytes(range(256)) * 256),
    "48 two lengths": saying(HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    "48 length and chunks": saying(HEAD + b"Transfer-Encoding: chunked, identity\r\nContent-Length: 2\r\n\r\nab"),
}

GREEDY: dict[str, bytes] = {
    "lists": mebibyte(lambda n: "[],", "[", "[]]"),
    "objects": mebibyte(lambda n: "{},", "[", "{}]"),
    "keys": mebibyte(lambda n: f'"{n}":{{}},', "{", '"z":1}'),
    "numbers": mebibyte(lambda n: f"{n},", "[", "1]"),
}
"""Valid, and as much as is let through."""


@pytest.mark.parametrize("name", REPLIES)
def test_a_hostile_reply_is_named_in_bounded_memory(name: str, record_property: Callable[[str, object], None]) -> None:
    expected = KNOWN.attacks[int(name.split()[0])]
    with serving(REPLIES[name]) as client:
        outcome = measured(talk, client.port)
    record_property("cost", str(outcome.cost))
    print(name, outcome.cost, outcome.value)
    assert outcome.error is None
    assert not outcome.value["ok"]
    assert re.search(expected.message, outcome.value["words"]), outcome.value["words"]
    assert outcome.value["bytes"] <= MIB and outcome.value["evidence"] <= MIB
    assert outcome.cost.mib <= LIMIT_MIB and outcome.cost.cpu_s <= CPU_S, str(outcome.cost)


@pytest.mark.parametrize("name", GREEDY)
def test_the_greediest_valid_json_is_read_in_bounded_memory(name: str) -> None:
    json.loads(GREEDY[name])
    with serving(body(GREEDY[name])) as client:
        outcome = measured(talk, client.port)
    assert outcome.error is None and outcome.value["ok"]
    assert outcome.cost.mib <= LIMIT_MIB, str(outcome.cost)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_leads_nowhere(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither its target nor a proxy of the environment is ever connected to."""
    with listener() as (port, came):
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        head = f"HTTP/1.1 {status} X\r\nLocation: http://127.0.0.1:{port}/latest/meta-data\r\nRefresh: 0; url=http://127.0.0.1:{port}/\r\n"
        with serving(saying(head.encode() + b"Content-Length: 0\r\n\r\n")) as client:
            outcome = measured(talk, client.port)
        assert re.search(KNOWN.attacks[45].message, outcome.value["words"]), outcome.value["words"]
        assert outcome.value["words"].startswith(str(status)) and not outcome.value["ok"]
        assert came == []
        socket.create_connection(("127.0.0.1", port)).close()
        for _ in range(100):
            if came:
                break
            threading.Event().wait(0.02)
        assert came, "the listener would have noticed"
