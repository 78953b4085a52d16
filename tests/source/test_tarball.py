"""An archive of a repository: taken and unpacked by one reading, and every entry in it counts towards a limit."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.schema.causes import Trouble
from grader.schema.challenge import Limits
from harness.source.tarball import inspect, unpack

FILE = ("a", tarfile.REGTYPE)


def packed(*members: tuple[str, bytes], headers: int = 0) -> bytes:
    """(name, kind) each; `headers` global headers before them."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for n in range(headers):
            out.write(tarfile.TarInfo.create_pax_global_header({f"key{n}": "x" * 30_000}))
            archive.offset = out.tell()
        for name, kind in members:
            member = tarfile.TarInfo(name)
            member.type, member.size = kind, 1 if kind == tarfile.REGTYPE else 0
            archive.addfile(member, io.BytesIO(b"x"))
    return out.getvalue()


def sparse() -> bytes:
    """GNU's newest form: the map of its holes stands before the content, as long as it likes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("a")
        member.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "a", "GNU.sparse.realsize": "5"}
        member.size = 512
        archive.addfile(member, io.BytesIO(b"1\n0\n5\n".ljust(512, b"\0")))
    return out.getvalue()


def huge(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = 30 << 20
    return member


HUGE, HUGE_HISTORY = huge("a"), huge(".git/objects/pack/x.pack")
EXTENDED = tarfile.TarInfo("x")
EXTENDED.type, EXTENDED.size = tarfile.XHDTYPE, 512
CHAIN = (EXTENDED.tobuf() + b"11 path=abc\n".ljust(512, b"\0")) * 3000
"""Each is about the next, and tarfile calls itself for it."""

HOSTILE: dict[str, tuple[bytes, str, str]] = {
    "bzip2": (bz2.compress(packed(FILE)), "repository_hostile", "not a whole tar archive"),
    "xz": (lzma.compress(packed(FILE)), "repository_hostile", "not a whole tar archive"),
    "gzip in gzip": (gzip.compress(gzip.compress(packed(FILE))), "repository_hostile", "not a whole tar archive"),
    "cut off": (gzip.compress(packed(FILE))[:-20], "repository_hostile", "not a whole tar archive"),
    "files": (packed(*((f"f{n}", tarfile.REGTYPE) for n in range(201))), "repository_too_large", "more than 200 files"),
    "folders": (packed(*((f"d{n}", tarfile.DIRTYPE) for n in range(201))), "repository_too_large", "more than 200 folders"),
    "history": (packed(*((f".git/{n}", tarfile.REGTYPE) for n in range(201))), "repository_too_large", "more than 200 entries in .git"),
    "a module's history": (packed(*((f"m/.git/{n}", tarfile.DIRTYPE) for n in range(201))), "repository_too_large", "entries in .git"),
    "nothing, often": (packed(*(("./", tarfile.DIRTYPE) for _ in range(201))), "repository_too_large", "more than 200"),
    "above": (packed(("../x", tarfile.REGTYPE)), "repository_hostile", "leaves its folder"),
    "a folder above": (packed(("../x", tarfile.DIRTYPE)), "repository_hostile", "leaves its folder"),
    "a hard link": (packed(("x", tarfile.LNKTYPE)), "repository_hostile", "neither a file"),
    "a device": (packed(("x", tarfile.CHRTYPE)), "repository_hostile", "neither a file"),
    "a file twice": (packed(FILE, FILE), "repository_hostile", "twice"),
    "sparse": (sparse(), "repository_hostile", "sparse"),
    "GNU's old sparse": (packed(("x", tarfile.GNUTYPE_SPARSE)), "repository_hostile", "sparse"),
    "global headers": (packed(FILE, headers=20), "repository_hostile", "global headers"),
    "headers of headers": (CHAIN, "repository_hostile", "not a whole tar archive"),
    "zeros that pack well": (gzip.compress(HUGE.tobuf() + bytes(30 << 20)), "repository_too_large", "more than 4 MiB"),
    "zeros in .git": (gzip.compress(HUGE_HISTORY.tobuf() + bytes(30 << 20)), "repository_too_large", "larger than the challenge allows"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_who_takes_it_and_who_unpacks_it_refuse_the_same(what: str, limits: Limits, tmp_path: Path) -> None:
    content, cause, says = HOSTILE[what]
    for reading in (lambda file: inspect(file, limits), lambda file: unpack(file, limits, tmp_path / "into")):
        with pytest.raises(Trouble, match=says) as caught:
            reading(io.BytesIO(content))
        assert caught.value.cause == cause


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_files_and_links_are_written_and_history_is_not(pack: Callable[[bytes], bytes], limits: Limits, tmp_path: Path) -> None:
    content = pack(packed(("./", tarfile.DIRTYPE), ("./d", tarfile.DIRTYPE), ("./d/a", tarfile.REGTYPE), (".git/config", tarfile.REGTYPE), headers=1))
    assert inspect(io.BytesIO(content), limits) == 1
    unpack(io.BytesIO(content), limits, tmp_path / "into")
    assert [path.relative_to(tmp_path / "into").as_posix() for path in sorted((tmp_path / "into").rglob("*"))] == ["d", "d/a"]
