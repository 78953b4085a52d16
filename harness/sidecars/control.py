"""The control line of a sidecar: one JSON object per line on stdin, one per line on stdout.

The host holds the other end through the engine's attach stream (0.2 ms there and back), so there is no port or socket that the
candidate could reach, and no process to start per command.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

Command = dict[str, Any]
Reply = dict[str, Any]

MAX_LINE = 8 << 20
FAILURES = (ValueError, KeyError, TypeError, OSError)
"""A failing command is answered with `{"error": ...}`; it is not fatal."""


def _write(reply: Reply) -> None:
    """Every answer carries `at`, the time of the answer (CLOCK_MONOTONIC, which containers share with the host)."""
    data = json.dumps(reply | {"at": time.monotonic()}).encode() + b"\n"
    while data:
        data = data[os.write(1, data) :]


def _error(error: Exception) -> Reply:
    return {"error": f"{type(error).__name__}: {error}"}


async def serve_commands(handler: Callable[[Command], Awaitable[Reply]]) -> None:
    """Answer commands until stdin closes."""
    reader = asyncio.StreamReader(limit=MAX_LINE)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    while line := await reader.readline():
        try:
            reply = await handler(json.loads(line))
        except FAILURES as error:
            reply = _error(error)
        _write(reply)


def serve_commands_blocking(handler: Callable[[Command], Reply]) -> None:
    """The same without an event loop, for a sidecar that does nothing else."""
    while line := sys.stdin.buffer.readline(MAX_LINE):
        try:
            reply = handler(json.loads(line))
        except FAILURES as error:
            reply = _error(error)
        _write(reply)
