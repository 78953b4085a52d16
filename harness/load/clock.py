"""Waiting for an absolute moment: a timerfd inside gevent's loop for the long part, a short busy wait for the rest.

gevent's own timers are milliseconds late at times because libev rounds to its poll granularity; a timerfd is a file that becomes
readable on time. Python has no timerfd before 3.13, hence ctypes.
"""

from __future__ import annotations

import ctypes
import os
from time import monotonic
from typing import Any

SPIN_S = 60e-6
"""Busy-wait this long before a moment; measured: enough to hide the wake-up of an idle core."""

_CLOCK_MONOTONIC = 1
_ABSTIME = 1


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class Alarm:
    """One timerfd registered with a gevent hub. `until(t)` parks the calling greenlet until CLOCK_MONOTONIC `t` seconds."""

    def __init__(self, hub: Any) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd: int = self._libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._hub = hub
        self._readable = hub.loop.io(self._fd, 1)
        self._spec = _Itimerspec()

    def until(self, moment: float) -> None:
        """Wait in the hub up to `SPIN_S` before `moment`, then spin. Yields to the hub at least once, however late we are."""
        early = moment - SPIN_S
        self._set(early if early > monotonic() else monotonic())
        self._hub.wait(self._readable)
        os.read(self._fd, 8)
        while monotonic() < moment:
            pass

    def close(self) -> None:
        self._readable.close()
        os.close(self._fd)

    def _set(self, moment: float) -> None:
        self._spec.value.seconds = int(moment)
        self._spec.value.nanoseconds = int(moment % 1 * 1e9) + 1  # zero would disarm it
        if self._libc.timerfd_settime(self._fd, _ABSTIME, ctypes.byref(self._spec), None) != 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime")
