"""The busy neighbour's own program: `burn.py cpu CORE` keeps one core busy, `burn.py disk FOLDER` writes. Ends as soon as standard input does.

Started as a file by grader.repeat.neighbour, so that it imports nothing of ours and weighs nothing beside what it burns.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
import time

PIECE = bytes(1 << 20)
MOST_BYTES = 64 << 20
PAUSE_S = 0.1
"""Between two pieces: at most 10 MiB a second, which any disk bears for hours."""


def burn(core: int) -> None:
    os.sched_setaffinity(0, {core})
    while True:
        pass


def write(folder: str) -> None:
    """A file without a name, so that nothing is left however this ends."""
    with tempfile.TemporaryFile(dir=folder) as file:
        while True:
            if file.tell() >= MOST_BYTES:
                file.seek(0)
            file.write(PIECE)
            file.flush()
            os.fsync(file.fileno())
            time.sleep(PAUSE_S)


def _end_with_input() -> None:
    """Whoever started us holds the other end, and lets go of it even where it is killed."""
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_input, daemon=True).start()
    with contextlib.suppress(PermissionError):  # started by somebody nice, and not root: then it stays nice
        os.setpriority(os.PRIO_PROCESS, 0, 0)
    print("busy", flush=True)
    if sys.argv[1] == "cpu":
        burn(int(sys.argv[2]))
    write(sys.argv[2])
