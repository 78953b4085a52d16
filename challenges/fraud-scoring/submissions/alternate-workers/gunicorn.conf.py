"""Two workers behind one socket; the arbiter is PID 1 and replaces a worker that dies or hangs."""

import os
import shutil
import tempfile
from pathlib import Path

from scoring.logs import CONFIG

bind = f"0.0.0.0:{os.environ.get('PORT', '8090')}"
workers = int(os.environ.get("WORKERS", "2"))
worker_class = "scoring.worker.DrainingWorker"
wsgi_app = "scoring.main:app"
preload_app = True  # imports are paid once, and a new worker serves within a tenth of a second
backlog = 2048
keepalive = 75
timeout = 30  # a worker that has not come by for that long is killed and replaced
graceful_timeout = 6  # 1 s of draining, 3 s for what is in flight, and room
control_socket_disable = True
logconfig_dict = CONFIG


def _memory_folder() -> str:
    """A folder for heartbeats and counters: shared memory rather than /tmp, where others can fill the space under our mapped files."""
    return next(folder for folder in ("/dev/shm", tempfile.gettempdir()) if os.access(folder, os.W_OK))


worker_tmp_dir = _memory_folder()
if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:  # must be known before the first metric is made; a reload keeps the counters
    counters = Path(worker_tmp_dir) / f"fraud-metrics-{os.getpid()}"
    shutil.rmtree(counters, ignore_errors=True)  # of a forerunner with the same pid
    counters.mkdir()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(counters)


def child_exit(server, worker):  # noqa: ARG001
    """Forget the gauges of a dead worker; its counters stay, since they must never fall."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)
