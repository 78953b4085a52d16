"""The isolation probe: from inside the submission's network, try what must not be reachable, all at once.

`python3 -m sidecars.reach '[["name", "tcp", "10.0.0.1", 22, 0.5], ["dns", "dns", "example.org", 0, 3.0]]'` prints one JSON list of
[name, reached, detail, seconds]. A TCP target counts as reached when a connection opens or is refused: a refusal, too, is an answer
from a host that should not be there. A DNS target counts as reached when the name resolves.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time

Outcome = tuple[str, bool, str, float]


async def _tcp(address: str, port: int) -> tuple[bool, str]:
    try:
        _, writer = await asyncio.open_connection(address, port)
    except ConnectionRefusedError:
        return True, "refused by a host that answers"
    except OSError as error:
        return False, error.strerror or type(error).__name__
    writer.close()
    return True, "connected"


async def _dns(name: str) -> tuple[bool, str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, 80, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return False, error.strerror or "no answer"
    return True, f"resolves to {found[0][4][0]}"


async def attempt(name: str, kind: str, address: str, port: int, timeout_s: float) -> Outcome:
    begin = time.monotonic()
    try:
        reached, detail = await asyncio.wait_for(_tcp(address, port) if kind == "tcp" else _dns(address), timeout_s)
    except TimeoutError:
        reached, detail = False, f"no answer within {timeout_s} s"
    return name, reached, detail, round(time.monotonic() - begin, 3)


async def attempts(targets: list[tuple[str, str, str, int, float]]) -> list[Outcome]:
    return list(await asyncio.gather(*(attempt(*target) for target in targets)))


if __name__ == "__main__":
    print(json.dumps(asyncio.run(attempts(json.loads(sys.argv[1])))), flush=True)
