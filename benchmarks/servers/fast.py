"""The lightest server that pure Python allows: a fixed answer. `python -m benchmarks.servers.fast` prints its port."""

from __future__ import annotations

from benchmarks.servers.loop import Loop
from benchmarks.servers.wire import answer, listen

ANSWER = answer()

if __name__ == "__main__":
    Loop(listen(), lambda _body: ANSWER).run()
