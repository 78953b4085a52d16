"""Whether this worker is on its way out; set by a signal handler, read by the routes."""

_draining = False


def drain() -> None:
    global _draining
    _draining = True


def draining() -> bool:
    return _draining
