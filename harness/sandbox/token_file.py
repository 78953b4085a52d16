"""The credentials for the feature store: one file that the candidate reads and the harness rotates."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from pathlib import Path

from docker.types import Mount

from harness.sandbox.limits import staged_file
from harness.sandbox.owner import RunRecord

TARGET = "/run/feature-store/token"


class TokenFile:
    """Lives in a temporary folder of the run, which its record knows: a sweep removes it should we die. Call `remove` at the end."""

    def __init__(self, record: RunRecord) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="grader-token-"))
        record.add_folder(self.folder)
        self._path = self.folder / "token"
        self._path.write_text(_fresh())
        self.folder.chmod(0o755)  # the candidate's user is nobody we know
        self._path.chmod(0o644)

    @property
    def mount(self) -> Mount:
        return staged_file(self._path, TARGET)

    def read(self) -> str:
        return self._path.read_text()

    def rotate(self) -> str:
        """A new token of the same length, written in place and in one write: a bind shows one inode, and nobody may read half of it."""
        token = _fresh()
        file = os.open(self._path, os.O_WRONLY)
        try:
            os.pwrite(file, token.encode(), 0)
        finally:
            os.close(file)
        return token

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _fresh() -> str:
    return secrets.token_hex(16)
