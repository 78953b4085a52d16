"""Seeds of everything random in a grading, drawn from the operator's key so that a candidate cannot foresee a stream.

The same key, commit and attempt give the same streams: a grading can be repeated exactly by the operator and by nobody else. Bundles
hold digests that prove two gradings used the same seed without giving it away.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import stat
from hashlib import sha256
from pathlib import Path

from grader.schema.causes import UsageError

ENVIRONMENT = "GRADER_OPERATOR_KEY"
SHORTEST = 16


class Seeds:
    """Seeds per phase of one attempt at one commit (or tree digest, for a plain folder)."""

    def __init__(self, operator_key: bytes, commit_or_tree: str, attempt: int) -> None:
        if len(operator_key) < SHORTEST:
            raise UsageError(f"the operator key must have at least {SHORTEST} bytes")
        self._key = operator_key
        self._scope = f"{commit_or_tree}\0{attempt}"

    def derive(self, phase: str) -> int:
        """A seed of 63 bits: HMAC-SHA256(key, commit, attempt, phase)."""
        return int.from_bytes(self._mac("seed", phase)[:8], "big") >> 1

    def digest(self, phase: str) -> str:
        """What a bundle may show of a phase's seed. Keyed as well: a plain hash of 63 bits could be searched."""
        return self._mac("digest", phase).hex()[:32]

    def _mac(self, use: str, phase: str) -> bytes:
        return hmac.new(self._key, f"{use}\0{self._scope}\0{phase}".encode(), sha256).digest()


def operator_key(config_dir: Path | None = None) -> bytes:
    """The operator's key: from the environment, else from a private file in the user's config folder, made at first use.

    UsageError when the key is too short or its file can be read by others.
    """
    given = os.environ.get(ENVIRONMENT, "")
    if given:
        if len(given.encode()) < SHORTEST:
            raise UsageError(f"{ENVIRONMENT} must have at least {SHORTEST} bytes, e.g. from `openssl rand -hex 32`")
        return given.encode()
    folder = config_dir or Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "ml-takehome-grader"
    return _from_file(folder / "operator.key")


def _from_file(path: Path) -> bytes:
    try:
        if not path.exists():
            _create(path)
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UsageError(f"{path} can be read by others: chmod 600 it, or make a new key if it may have leaked")
        key = path.read_bytes().strip()
    except OSError as error:
        raise UsageError(f"the operator key {path} cannot be read or made ({error.strerror}); set {ENVIRONMENT} instead") from error
    if len(key) < SHORTEST:
        raise UsageError(f"{path} holds no operator key: delete it to have a new one made")
    return key


def _create(path: Path) -> None:
    """Write the key beside its place, then link it there: two first uses at once agree on one whole key."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_hex(32).encode() + b"\n")
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink()
