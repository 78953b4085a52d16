"""Digests that a repository records: whether one is a digest at all, and whether it is that of the file that it is written beside."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import posixpath
import re
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any

from harness.source.view import View, basename, walk

_HEX = re.compile(r"^(?:(?:sha256|sha512|sha1|md5)[:=-])?((?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128}))$", re.I)
_ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
_OF_NOTHING = frozenset(hashlib.new(name, b"").hexdigest() for name in _ALGORITHMS.values())
_KEY = re.compile(r"sha_?\d+|md5|checksum|etag|^(?:file_?)?(?:digest|hash)$", re.I)
_FILE_KEY = re.compile(r"^(?:\w+_)?(?:path|file|file_?name|name|source|uri|location|key|dataset)$", re.I)
_SUMS = re.compile(r"(?:^|/)(?:(?:sha\d*|md5|check)sums?(?:\.txt)?|[^/]+\.(?:sha256|sha1|md5|sha256sum|md5sum))$", re.I)
_SUM_LINE = re.compile(r"^([0-9a-f]{32,128})[ \t]+\*?(\S.*)$|^SHA\d+ \((.+?)\) = ([0-9a-f]{32,128})$", re.M | re.I)
_SAMPLE = re.compile(r"sample|example|fixture|test|demo|mock", re.I)
_POINTER = re.compile(rb"^version https://git-lfs[^\n]*\noid sha256:([0-9a-f]{64})")
_OPENERS: dict[str, Callable[[IO[bytes]], IO[bytes]]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}  # type: ignore[dict-item]
CHUNK, MAX_READ, MAX_TEXT = 1 << 20, 1 << 30, 8 << 20
"""Bytes: of all files together, unpacked where they are packed; and of a text whose line ends are looked at."""
MAX_MEANT = 5


def digest(value: object) -> str | None:
    """The hexadecimal digits of a digest; None for anything else, for one repeated digit and for the digest of nothing."""
    match = _HEX.match(value.strip()) if isinstance(value, str) else None
    found = match[1].lower() if match else None
    return None if found is None or len(set(found)) == 1 or found in _OF_NOTHING else found


def recorded(value: Any) -> Iterator[tuple[str, str]]:
    """(file, digest) of every object that names both, and of every key that is a file's name with a digest behind it."""
    for _, item in walk(value):
        if isinstance(item, dict):
            pairs = [(str(key), inner) for key, inner in list(item.items())[:2000] if isinstance(inner, str)]
            named = [inner for key, inner in pairs if _FILE_KEY.search(key) and "." in inner and len(inner) < 300]
            digests = [found for key, inner in pairs if _KEY.search(key) and (found := digest(inner))]
            if len(named) == 1 and len(digests) == 1:
                yield named[0], digests[0]
            yield from ((key, found) for key, inner in pairs if "." in key and (found := digest(inner)))


def sum_files(view: View) -> Iterator[tuple[str, str, str]]:
    """(file of sums, file, digest), as sha256sum and its like write them."""
    for path in view.paths:
        if _SUMS.search(path):
            for one, name, other_name, other in _SUM_LINE.findall(view.text(path) or ""):
                if found := digest(one or other):
                    yield path, (name or other_name).strip(), found


def compared(view: View, record: str, name: str, wanted: str) -> tuple[str, bool] | None:
    """(file that a record names, whether the digest is its own: as it lies there, unpacked, or with other line ends); None where the
    repository holds no such file."""
    answers = ((path, _matches(view, path, wanted)) for path in _meant(view, record, name)[:MAX_MEANT])
    told = [(path, answer) for path, answer in answers if answer is not None]
    return next((pair for pair in told if pair[1]), told[0] if told else None)


def _meant(view: View, record: str, name: str) -> list[str]:
    """Beside the record, from the root, else whatever file has this name; a sample stands for no other file."""
    tail = posixpath.normpath(name.strip().lstrip("/"))
    beside = [path for path in (posixpath.normpath(posixpath.join(posixpath.dirname(record), tail)), tail) if path in view.known]
    alike = view.by_name.get(basename(tail), [])
    ending = [path for path in alike if path.endswith("/" + tail)]
    return beside or ending or [path for path in alike if not _SAMPLE.search(path)]


def _matches(view: View, path: str, wanted: str) -> bool | None:
    """None where the file is none, or cannot be read whole."""
    if path in view.tree.symlinks or path in view.tree.submodules or not (view.tree.root / path).is_file():
        return None
    pointer = _POINTER.match(view.tree.read(path, 200) or b"")
    if pointer:
        return pointer[1].decode() == wanted if len(wanted) == 64 else None
    algorithm = _ALGORITHMS[len(wanted)]
    forms = [_digest_of(view, path, algorithm, None)]
    if forms != [wanted] and _with_other_line_ends(view, path, algorithm, wanted):
        return True
    if opener := next((opener for suffix, opener in _OPENERS.items() if path.endswith(suffix)), None):
        forms.append(_digest_of(view, path, algorithm, opener))
    return True if wanted in forms else None if None in forms else False


def _with_other_line_ends(view: View, path: str, algorithm: str, wanted: str) -> bool:
    """A text may have been digested on a machine where its lines end otherwise."""
    data = view.tree.read(path, MAX_TEXT + 1) or b""
    if len(data) > MAX_TEXT or b"\0" in data[:8192]:
        return False
    plain = data.replace(b"\r\n", b"\n")
    return any(hashlib.new(algorithm, form).hexdigest() == wanted for form in (plain, plain.replace(b"\n", b"\r\n")))


def _digest_of(view: View, path: str, algorithm: str, opener: Callable[[IO[bytes]], IO[bytes]] | None) -> str | None:
    """Read in pieces: a data set may be larger than what the scan may hold."""
    known = view.memo.setdefault("digests", {})
    assert isinstance(known, dict)
    key = path, algorithm, opener
    if key not in known:
        left = int(known.get("left", MAX_READ))
        known[key], known["left"] = _read(view, path, algorithm, opener, left)
    found = known[key]
    assert found is None or isinstance(found, str)
    return found


def _read(view: View, path: str, algorithm: str, opener: Callable[[IO[bytes]], IO[bytes]] | None, left: int) -> tuple[str | None, int]:
    """(digest, bytes that may still be read); None for what is broken, or longer than that."""
    made = hashlib.new(algorithm)
    try:
        with (view.tree.root / path).open("rb") as raw:
            stream = opener(raw) if opener else raw
            while left > 0 and (piece := stream.read(CHUNK)):
                made.update(piece)
                left -= len(piece)
    except (OSError, EOFError, lzma.LZMAError, ValueError, zlib.error):
        return None, left
    return (made.hexdigest() if left > 0 else None), max(left, 0)
