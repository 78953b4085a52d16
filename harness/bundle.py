"""The evidence bundle on disk: written once, hashed per file, read back without trusting a byte of it.

    manifest.json                 table of contents with a sha256 per file; written last, so a bundle without it is unfinished
    challenge.json                the challenge as it was asked
    evidence/<collector>.json     one envelope per collector: data, or the failure that explains its absence, or both
    logs/..., series/...          capped texts and raw series, for people

Reading never raises for a damaged bundle and never blames the candidate for it: what is missing or altered becomes a failure with
culprit `grader`, and a line in `integrity`. Only pydantic and the schema are imported here: scoring a bundle needs nothing else.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import ValidationError

from grader.schema.base import SCHEMA_VERSION, Model
from grader.schema.bundle import Bundle
from grader.schema.causes import CAUSES, Failure, Trouble
from grader.schema.challenge import Challenge
from grader.schema.evidence import COLLECTORS, Envelope, Manifest
from grader.schema.evidence.manifest import seal_of

MANIFEST = "manifest.json"
CHALLENGE = "challenge.json"
MAX_FILE_BYTES = 64 << 20
"""A larger file is corrupt: no collector writes one, and reading must not exhaust the memory of who scores a stranger's bundle."""
MAX_FILES = 2_000


def evidence_path(collector: str) -> str:
    """Path of a collector's file inside the bundle."""
    return f"evidence/{collector}.json"


class BundleWriter:
    """Owns a bundle folder while it is written. The old manifest goes first, so a half-written folder never passes as a bundle.

    Raises Trouble("disk_full") when the disk is; ValueError for a path or collector that has no place in a bundle.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._hashes: dict[str, str] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self._forget_previous()

    def put(self, collector: str, envelope_data: Model | None, failure: Failure | None) -> None:
        """Write one collector's envelope. A second call replaces the first (a stage that was retried)."""
        wanted = COLLECTORS.get(collector)
        if wanted is None or (envelope_data is not None and not isinstance(envelope_data, wanted)):
            raise ValueError(f"{collector!r} is no collector that gives {type(envelope_data).__name__}")
        data = None if envelope_data is None else envelope_data.model_dump(mode="json")
        if data is None and failure is None:
            raise ValueError(f"{collector}: neither data nor a failure")
        written = {"collector": collector, "data": data, "failure": None if failure is None else failure.model_dump(mode="json")}
        self._write(evidence_path(collector), _json(written))

    def put_challenge(self, challenge: Challenge) -> None:
        self._write(CHALLENGE, _json(challenge.model_dump(mode="json")))

    def put_text(self, path: str, text: str, limit_bytes: int = 2 << 20) -> None:
        """Write a text for people (a log), keeping its end when it is over the limit: the last lines say what went wrong."""
        raw = text.encode("utf-8", "replace")
        if len(raw) > limit_bytes:
            raw = b"[... %d bytes cut ...]\n" % (len(raw) - limit_bytes) + raw[-limit_bytes:]
        self._write(path, raw)

    def put_bytes(self, path: str, raw: bytes) -> None:
        """Write a raw series. Refuses what the reader would refuse."""
        if len(raw) > MAX_FILE_BYTES:
            raise ValueError(f"{path}: {len(raw)} bytes are over a bundle's limit")
        self._write(path, raw)

    def close(self, manifest: Manifest) -> Manifest:
        """Fill in the hashes of everything that was put and write the manifest last, atomically. Returns what was written."""
        full = manifest.model_copy(update={"files": dict(sorted(self._hashes.items()))})
        document = full.model_dump(mode="json")
        seal = seal_of(document)
        self._write(MANIFEST, _json(document | {"seal": seal}))
        return full.model_copy(update={"seal": seal})

    def _write(self, path: str, raw: bytes) -> None:
        if not _safe(path):
            raise ValueError(f"{path!r} is no path inside a bundle")
        target = self.folder / path
        partial = target.with_name(f".{target.name}.partial")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        except OSError as error:
            partial.unlink(missing_ok=True)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise Trouble("disk_full", f"while writing the evidence bundle in {self.folder.parent}") from error
            raise
        if path != MANIFEST:
            self._hashes[path] = hashlib.sha256(raw).hexdigest()

    def _forget_previous(self) -> None:
        manifest, _ = _read_manifest(self.folder)
        (self.folder / MANIFEST).unlink(missing_ok=True)
        for path in manifest.files if manifest else ():
            if _safe(path) and _plain(self.folder, path):
                (self.folder / path).unlink(missing_ok=True)


def read(folder: Path) -> Bundle:
    """Read a bundle. Never raises for what is in the folder: damage is told in `failures` and `integrity`."""
    manifest, problem = _read_manifest(folder)
    if manifest is None:
        cause = "evidence_missing" if problem.endswith("missing") else "evidence_corrupt"
        return Bundle(None, None, {}, {name: _failure(cause, problem) for name in COLLECTORS}, [problem])
    reading = _Reading(folder, manifest)
    evidence, failures = reading.collectors()
    return Bundle(manifest, reading.challenge(), evidence, failures, reading.integrity())


class _Reading:
    """One pass over the files that a manifest lists; each is opened once, and the bytes that were hashed are the bytes parsed."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest
        self.problems: dict[str, str] = {}
        self.raw: dict[str, bytes] = {}
        parsed = {CHALLENGE} | {evidence_path(name) for name in COLLECTORS}
        for path, digest in list(manifest.files.items())[:MAX_FILES]:
            raw, problem = _verified(folder, path, digest)
            if raw is None:
                self.problems[path] = problem
            elif path in parsed:
                self.raw[path] = raw

    def collectors(self) -> tuple[dict[str, Model], dict[str, Failure]]:
        evidence: dict[str, Model] = {}
        failures: dict[str, Failure] = {}
        for name, model in COLLECTORS.items():
            envelope, failure = self._envelope(name, model)
            if failure is not None:
                failures[name] = failure
            if envelope is not None and envelope.data is not None:
                evidence[name] = envelope.data
        return evidence, failures

    def _envelope(self, name: str, model: type[Model]) -> tuple[Envelope[Any] | None, Failure | None]:
        path = evidence_path(name)
        if path not in self.manifest.files:
            return None, _failure("evidence_missing", f"{path} is not listed in the manifest")
        if path not in self.raw:
            problem = self.problems.get(path, f"{path}: not read")
            return None, _failure("evidence_missing" if problem.endswith("missing") else "evidence_corrupt", problem)
        try:
            envelope = Envelope[model].model_validate_json(self.raw[path])  # type: ignore[valid-type]  # a model per collector, from the table
        except ValidationError as error:
            return None, self._corrupt(path, f"does not fit its schema ({error.error_count()} places, first: {_first(error)})")
        if envelope.collector != name:
            return None, self._corrupt(path, "holds another collector's evidence")
        if envelope.failure is not None and not _known(envelope.failure):
            return None, self._corrupt(path, "names a cause or culprit that the causes table does not hold")
        return envelope, envelope.failure

    def _corrupt(self, path: str, why: str) -> Failure:
        self.problems[path] = f"{path}: {why}"
        return _failure("evidence_corrupt", self.problems[path])

    def challenge(self) -> Challenge | None:
        if CHALLENGE not in self.raw:
            self.problems.setdefault(CHALLENGE, f"{CHALLENGE}: missing")
            return None
        try:
            challenge = Challenge.model_validate_json(self.raw[CHALLENGE])
        except ValidationError as error:
            self.problems[CHALLENGE] = f"{CHALLENGE}: does not fit its schema (first: {_first(error)})"
            return None
        if challenge.digest != self.manifest.challenge_digest or challenge.slug != self.manifest.challenge:
            self.problems[CHALLENGE] = f"{CHALLENGE}: is not the challenge that the manifest names"
            return None
        return challenge

    def integrity(self) -> list[str]:
        listed = set(self.manifest.files) | {MANIFEST}
        extra = [f"{_shown(path)}: not listed in the manifest" for path in _walk(self.folder) if path not in listed]
        over = [f"{MANIFEST}: lists more than {MAX_FILES} files"] if len(self.manifest.files) > MAX_FILES else []
        return sorted(self.problems.values()) + sorted(extra) + over


def _read_manifest(folder: Path) -> tuple[Manifest | None, str]:
    """The manifest, or None and one line that says why it cannot be used."""
    raw, problem = _bytes(folder, MANIFEST)
    if raw is None:
        return None, problem
    try:
        manifest = Manifest.model_validate_json(raw)
    except ValidationError as error:
        return None, _version_problem(raw) or f"{MANIFEST}: does not fit its schema (first: {_first(error)})"
    if manifest.schema_version != SCHEMA_VERSION:
        return None, _version_problem(raw)
    return (manifest, "") if manifest.seal == seal_of(json.loads(raw)) else (None, f"{MANIFEST}: does not match its own seal")


def _version_problem(raw: bytes) -> str:
    """A line about a foreign schema version; empty when that is not the trouble."""
    try:
        found = json.loads(raw).get("schema_version", SCHEMA_VERSION)
    except (ValueError, AttributeError, RecursionError):
        return ""
    return "" if found == SCHEMA_VERSION else f"{MANIFEST}: schema version {_shown(found)}, this grader reads version {SCHEMA_VERSION}"


def _verified(folder: Path, path: str, digest: str) -> tuple[bytes | None, str]:
    if not _safe(path):
        return None, f"{_shown(path)}: no path inside a bundle"
    raw, problem = _bytes(folder, path)
    if raw is not None and hashlib.sha256(raw).hexdigest() != digest:
        return None, f"{_shown(path)}: does not match its hash"
    return raw, problem


def _bytes(folder: Path, path: str) -> tuple[bytes | None, str]:
    """Contents of a regular file: not through a symlink, not blocking on a pipe, not more than the cap. Else None and why."""
    shown = _shown(path)
    if not _plain(folder, path):
        return None, f"{shown}: lies behind a symbolic link"
    try:
        handle = os.open(folder / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None, f"{shown}: missing"
    except OSError as error:
        return None, f"{shown}: cannot be opened ({error.strerror})"
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            return None, f"{shown}: is no regular file"
        if facts.st_size > MAX_FILE_BYTES:
            return None, f"{shown}: is over the limit of {MAX_FILE_BYTES >> 20} MiB"
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(MAX_FILE_BYTES), ""
    except OSError as error:
        return None, f"{shown}: cannot be read ({error.strerror})"
    finally:
        os.close(handle)


def _safe(path: str) -> bool:
    """A relative path of plain names: no traversal, no absolute path, no other system's separators, no control characters."""
    names = path.split("/")
    return 0 < len(path) <= 255 and path.isprintable() and "\\" not in path and all(name not in ("", ".", "..") for name in names)


def _plain(folder: Path, path: str) -> bool:
    """No component below the folder is a symbolic link."""
    inside = PurePosixPath(path)
    return not any((folder / part).is_symlink() for part in (inside, *inside.parents) if part.name)


def _walk(folder: Path) -> Iterator[str]:
    """Every file below the folder, links unfollowed, up to a bound that ends the walk of a flooded folder."""
    seen = 0
    for root, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(root) / name).is_symlink()]
        for name in [*files, *links]:
            seen += 1
            if seen > 2 * MAX_FILES:
                return
            yield (Path(root) / name).relative_to(folder).as_posix()


def _json(value: Mapping[str, object]) -> bytes:
    """Same value, same bytes. A lone surrogate (a candidate can answer one) becomes `?`: it could be written, but not read back."""
    return (json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def _failure(cause: str, detail: str) -> Failure:
    return Failure(cause=cause, culprit=CAUSES[cause].culprit, detail=detail)


def _known(failure: Failure) -> bool:
    return failure.cause in CAUSES and CAUSES[failure.cause].culprit is failure.culprit


def _first(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{_shown('.'.join(str(part) for part in first['loc']))}: {_shown(first['msg'])}"


def _shown(value: object) -> str:
    """A stranger's text made fit for a message: printable ASCII, capped."""
    return ascii(str(value))[1:-1][:160]
