"""Golden bundles on disk: `challenges/<slug>/golden/<name>.tar.xz` holds what judgement reads of a bundle, and nothing of the machine it is from.

The oracle's recorded bundle, which `grader demo --recorded` shows, is golden as it stands in `recorded/`.
"""

from __future__ import annotations

import io
import json
import socket
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from grader.run.layout import BUNDLE, bundle_folder, copy_recorded
from grader.schema.causes import UsageError
from grader.schema.evidence.manifest import seal_of
from harness import bundle as bundles
from harness.seeds import operator_key

GOLDEN, RECORDED = "golden", "recorded"
SUFFIX = ".tar.xz"
FOR_PEOPLE = ("logs/", "series/")
"""Folders of a bundle that no check reads. They are large, and most likely to hold something of the machine."""
LARGEST = 1 << 20
"""Bytes of one packed bundle: these are for many small ones, side by side."""

CHECKOUT = Path(__file__).parents[2]
EVERYWHERE = {Path("/"), Path("/root"), Path("/tmp")}
"""Paths that stand in any image too, and tell nothing."""


def golden(challenge: Path) -> dict[str, Path]:
    """Name -> archive, or recorded folder; sorted by name."""
    packed = {path.name.removesuffix(SUFFIX): path for path in (challenge / GOLDEN).glob(f"*{SUFFIX}")}
    recorded = {path.parent.name: path.parent for path in (challenge / RECORDED).glob("*/manifest.json")}
    return dict(sorted({**packed, **recorded}.items()))


@contextmanager
def unpacked(source: Path) -> Iterator[Path]:
    """An output folder for the `with` block that holds this golden bundle."""
    with tempfile.TemporaryDirectory(prefix="golden-") as folder:
        out = Path(folder)
        if source.is_dir():
            copy_recorded(source, out)
        else:
            _extract(source, out / BUNDLE)
        yield out


def cases(folder: Path) -> dict[str, Path]:
    """Output folders in a folder, by name; of a folder that holds several of them, as the cache of validations does, the one written last.

    UsageError when there is none.
    """
    names = [path for path in sorted(folder.iterdir()) if path.is_dir()] if folder.is_dir() else []
    written = {path.name: [out for out in (path, *path.iterdir()) if _manifest(out).is_file()] for path in names}
    found = {name: max(outs, key=lambda out: _manifest(out).stat().st_mtime) for name, outs in written.items() if outs}
    if not found:
        raise UsageError(f"{folder} holds no output folders: give the folder around them, as <folder>/<name>/bundle/manifest.json")
    return found


def _manifest(out: Path) -> Path:
    return bundle_folder(out) / bundles.MANIFEST


def pack(out: Path, dest: Path) -> Path:
    """Pack an output folder's bundle as `dest`. The same bundle gives the same bytes.

    UsageError for a bundle that is damaged, that names a place or a secret of this machine, or that is too large.
    """
    folder = bundle_folder(out)
    read = bundles.read(folder)
    if read.manifest is None or read.integrity:
        raise UsageError(f"{out} cannot be packed: {read.integrity[0]}")
    kept = {path: digest for path, digest in read.manifest.files.items() if not path.startswith(FOR_PEOPLE)}
    slim = read.manifest.model_copy(update={"files": kept}).model_dump(mode="json")
    sealed = slim | {"seal": seal_of(slim)}
    contents = {path: (folder / path).read_bytes() for path in kept} | {bundles.MANIFEST: json.dumps(sealed, indent=1, sort_keys=True).encode()}
    for path, raw in contents.items():
        for trace in traces(raw, out):
            raise UsageError(f"{out} cannot be packed: {path} holds {trace}")
    packed = _archive(contents)
    if len(packed) > LARGEST:
        raise UsageError(f"{out} cannot be packed: {len(packed) >> 10} KiB are over the {LARGEST >> 10} KiB of a golden bundle")
    dest.parent.mkdir(parents=True, exist_ok=True)
    dest.write_bytes(packed)
    return dest


def traces(raw: bytes, out: Path) -> list[str]:
    """What of this machine stands in some bytes, in words; never the secret itself."""
    places = {CHECKOUT, out.resolve().parent, Path.home()} - EVERYWHERE
    searched = {str(place): f"a path of this machine, {place}" for place in places} | {operator_key().decode(errors="replace"): "the operator's key"}
    if (name := socket.gethostname()) != "localhost":
        searched[name] = "this machine's name"
    return sorted(says for text, says in searched.items() if text.encode() in raw)


def _archive(contents: dict[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:xz", format=tarfile.USTAR_FORMAT, preset=9) as archive:
        for path, raw in sorted(contents.items()):
            member = tarfile.TarInfo(path)
            member.size = len(raw)
            archive.addfile(member, io.BytesIO(raw))
    return whole.getvalue()


def _extract(source: Path, folder: Path) -> None:
    """Regular files only, below the folder only: an archive that somebody sends us is a stranger's."""
    with tarfile.open(source, "r:xz") as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isreg() else None
            if content is None or ".." in PurePosixPath(member.name).parts or PurePosixPath(member.name).is_absolute():
                raise UsageError(f"{source.name} is no golden bundle: it holds {member.name!r}")
            target = folder / member.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read(bundles.MAX_FILE_BYTES))
