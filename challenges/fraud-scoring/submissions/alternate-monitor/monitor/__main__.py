"""`python -m monitor MODEL WINDOW`: records from stdin, reports to stdout, log to stderr. Ends when stdin does."""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path

import orjson

from monitor.watch import Watch
from scoring import logs, model

LOG = logging.getLogger("monitor")
POLITENESS = 5  # answers come first on a busy CPU


def main() -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # sent to the whole group by some runtimes: the server tells us when it is over
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(POLITENESS)
    listener = logs.start(sys.stderr)
    try:
        watch = Watch(model.load(Path(sys.argv[1])), int(sys.argv[2]), Path(os.environ.get("DATA_DIR", "/data")))
        for line in sys.stdin.buffer:
            if (report := watch.take(orjson.loads(line))) is not None:
                sys.stdout.buffer.write(orjson.dumps(report) + b"\n")
                sys.stdout.buffer.flush()
    except (model.BadArtifact, BrokenPipeError) as error:
        LOG.error("monitor ends", extra={"reason": str(error)})
        return 1
    except Exception:
        LOG.exception("monitor failed")  # with all its state; the server starts another one
        return 1
    finally:
        listener.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
