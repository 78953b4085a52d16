"""A git server's side of the wire made by hand: what no real git would ever send."""

from __future__ import annotations

import hashlib
import itertools
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler

Act = Callable[[BaseHTTPRequestHandler], None]

SHA = "1" * 40
REFS = f"{SHA} HEAD\0side-band-64k ofs-delta shallow symref=HEAD:refs/heads/main agent=x\n"


def line(data: str | bytes) -> bytes:
    raw = data.encode() if isinstance(data, str) else data
    return b"%04x%b" % (len(raw) + 4, raw)


def sending(pack: Iterable[bytes], channel: int = 1) -> Act:
    """Refs as they should be, then these pieces on a side band (1 pack, 2 messages)."""
    pieces = itertools.chain([line("NAK\n")], (line(bytes([channel]) + piece) for piece in pack))
    refs = [line("# service=git-upload-pack\n"), b"0000", line(REFS), line(f"{SHA} refs/heads/main\n"), b"0000"]
    return _act(refs, pieces)


def listing(refs: Iterable[bytes]) -> Act:
    """These bytes in place of the list of refs."""
    return _act(itertools.chain([line("# service=git-upload-pack\n"), b"0000", line(REFS)], refs), [])


def _act(refs: Iterable[bytes], pack: Iterable[bytes]) -> Act:
    def act(handler: BaseHTTPRequestHandler) -> None:
        asked_refs = handler.command == "GET"
        asked = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        shallow = line(f"shallow {SHA}") + b"0000"  # the whole answer to a first request, and again the start of the second
        answer = refs if asked_refs else itertools.chain([shallow], pack if b"done" in asked else [])
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        handler.send_header("Content-Type", f"application/x-git-upload-pack-{'advertisement' if asked_refs else 'result'}")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.send_header("Connection", "close")
        handler.end_headers()
        for piece in answer:
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        handler.wfile.write(b"0\r\n\r\n")

    return act


def headers(pieces: Iterable[bytes]) -> Act:
    """A head that goes on like this."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        for piece in itertools.chain([b"HTTP/1.1 200 OK\r\n"], pieces):
            handler.wfile.write(piece)

    return act


def slowly(data: bytes, pause_s: float = 0.02) -> Iterator[bytes]:
    for n in range(len(data)):
        yield data[n : n + 1]
        time.sleep(pause_s)


def pack_of(*objects: bytes, count: int | None = None) -> bytes:
    body = b"PACK" + (2).to_bytes(4, "big") + (len(objects) if count is None else count).to_bytes(4, "big") + b"".join(objects)
    return body + hashlib.sha1(body).digest()


def packed(kind: int, size: int, content: bytes, base: bytes = b"") -> bytes:
    """One object: 1 commit, 2 tree, 3 blob, 7 a delta against the object id `base`. `size` may lie."""
    return head(kind, size) + base + zlib.compress(content)


def head(kind: int, size: int) -> bytes:
    first, left = (kind << 4) | (size & 15), size >> 4
    made = bytearray()
    while left:
        made.append(first | 0x80)
        first, left = left & 0x7F, left >> 7
    return bytes([*made, first])


def delta_bomb(size: int) -> bytes:
    """A pack in which a few kilobytes stand for one file of `size` bytes: a copy of the same 64 KiB, over and over."""
    block = 1 << 16
    seed = bytes(block)
    sha = hashlib.sha1(b"blob %d\0" % block + seed).digest()
    delta = _varint(block) + _varint(size) + b"\x80" * (size // block)
    return pack_of(packed(3, block, seed), packed(7, len(delta), delta, sha))


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def in_pieces(data: bytes, size: int = 60_000) -> Iterator[bytes]:
    return (data[n : n + size] for n in range(0, len(data), size))
