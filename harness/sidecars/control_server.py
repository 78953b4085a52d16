"""The control container's inside: answers every request after a fixed piece of work. What changes its figures is the machine.

The work is of the kind that services of this trade do: interpreter loops, hashing, JSON.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import ClassVar

from .control import Command, Reply, serve_commands
from .http import Connections, HttpConnection, Request, response

PORT = 8080
BLOCK = bytes(16384)
DOCUMENT = {"rows": [{"index": i, "value": i / 7, "name": f"row {i}"} for i in range(40)]}


def work() -> bytes:
    """About 0.3 ms on a core of today."""
    total = sum(i * i for i in range(1500))
    digest = hashlib.sha256(BLOCK).hexdigest()
    return json.dumps({"total": total, "digest": digest, "size": len(json.dumps(DOCUMENT))}).encode()


class Connection(HttpConnection):
    max_body: ClassVar[int] = 4096

    def handle(self, request: Request) -> None:
        self.reply(response(200, work(), keep_alive=request.keep_alive), keep_alive=request.keep_alive)


async def handle(command: Command) -> Reply:
    if command["op"] != "stats":
        raise ValueError(f"unknown op {command['op']!r}")
    return {"listening": PORT}


async def main() -> None:
    connections = Connections()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(connections), "0.0.0.0", PORT, backlog=512)
    async with server:
        await serve_commands(handle)


if __name__ == "__main__":
    asyncio.run(main())
