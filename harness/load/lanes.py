"""Connections of the engine: a last-in-first-out pool of lanes, each a parked greenlet with a warm keep-alive connection.

A lane sends at once, from the dispatcher's own greenlet, when its connection is warm; everything that may wait (connect, the rest of
a send, the reply) happens in the lane's greenlet. Runs only inside the engine's child process.
"""

from __future__ import annotations

import errno
import os
import socket as plain
import struct
from collections.abc import Callable
from time import monotonic, time
from typing import Any

import gevent
import greenlet
from gevent import monkey

from harness.load import wire
from harness.load.answer import judge
from harness.load.outcomes import Outcome
from harness.load.plan import Plan
from harness.load.tape import Tape

RawSocket = monkey.get_original("socket", "socket")
READ, WRITE = 1, 2
SO_TIMESTAMPNS = 35
STAMP = struct.Struct("qq")
MAX_PIECES = 64
"""Reads that one answer may take. A valid one needs a few; without a bound a service that drips could keep the generator too busy to
leave on time, and so void its own windows."""

AT_ONCE = struct.pack("ii", 1, 0)
IDLE_CLOSE_S = 0.005
"""A reused connection that ends this soon after a send, without one reply byte, was closed by the server while idle."""

OURS = (errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM)
OUTCOMES: dict[int, Outcome] = {
    errno.ECONNREFUSED: Outcome.REFUSED, errno.ECONNRESET: Outcome.RESET, errno.EPIPE: Outcome.RESET, errno.ECONNABORTED: Outcome.RESET,
    errno.EHOSTUNREACH: Outcome.UNREACHABLE, errno.ENETUNREACH: Outcome.UNREACHABLE, errno.ETIMEDOUT: Outcome.TIMEOUT,
    **dict.fromkeys(OURS, Outcome.DROPPED),
}  # fmt: skip


class _Expired(Exception):
    """The request's total deadline has passed."""


class _Closed(Exception):
    """The peer closed before the reply was complete."""


class Lane:
    """One connection and the greenlet that waits on it. `begin(i)` starts request i; the pool gets the lane back at its end."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._hub = gevent.get_hub()
        self._greenlet = greenlet.greenlet(self._live, self._hub)
        self._socket: Any = None
        self._readable: Any = None
        self._timer: Any = None
        self._i = -1
        self._unsent = b""
        self._reused = False
        self._target = 0
        self._broken: OSError | None = None

    def begin(self, i: int) -> None:
        """Called by the dispatcher at the request's moment."""
        self._i, self._broken = i, None
        warm = self._socket is not None and self._target == self._pool.target
        self._target = self._pool.tape.target[i] = self._pool.target
        data = self._unsent = self._pool.wire(i)
        self._reused = warm and not self._closed_while_idle()
        self._pool.tape.sent[i] = monotonic()
        if self._reused:
            try:
                self._unsent = data[self._socket.send(data) :]
            except BlockingIOError:
                pass  # the lane's greenlet sends the rest
            except OSError as error:
                self._broken = error
        self._timer = self._hub.loop.timer(self._pool.plan.timeout_s)
        self._timer.start(self._greenlet.switch, _Expired)
        self._hub.loop.run_callback(self._greenlet.switch)

    def cancel(self) -> None:
        """End a run: forget the connection and whatever is in flight on it. Takes effect in the hub's next round."""
        self._hub.loop.run_callback(self._greenlet.throw, greenlet.GreenletExit)

    def release(self) -> None:
        """After `cancel` took effect: give back what the lane held."""
        self._stop_timer()
        self._drop_connection()

    def _live(self) -> None:
        while True:
            try:
                self._exchange()
            except Exception as error:  # noqa: BLE001 - kept and raised by the dispatcher: a raw greenlet's death would kill the hub
                self._pool.defect = error
            self._stop_timer()
            self._pool.finished(self, self._i)
            self._hub.switch()

    def _exchange(self) -> None:
        tape, i = self._pool.tape, self._i
        try:
            reply = self._talk()
        except _Expired:
            tape.outcome[i] = Outcome.TIMEOUT
        except _Closed:
            tape.outcome[i] = Outcome.EOF
        except wire.TooLong as long:
            tape.status[i] = long.status
            tape.outcome[i] = Outcome.CONTRACT if long.status < 300 else judge(long.status, b"", None, "").outcome
        except wire.WireError:
            tape.outcome[i] = Outcome.ERROR
        except OSError as error:
            tape.outcome[i] = OUTCOMES.get(error.errno or 0, Outcome.RESET)
        else:
            tape.status[i] = reply.status
            tape.keep(i, judge(reply.status, reply.body, self._pool.plan.fields, self._pool.id(i)))
            if not reply.keep_alive:
                self._drop_connection(reset=True)
            return
        tape.done[i] = monotonic()
        self._drop_connection()

    def _talk(self) -> wire.Reply:
        """One exchange; once more on a fresh connection when the server closed an idle one just as we sent."""
        reply = wire.Reply(self._pool.plan.max_reply_bytes)
        try:
            return self._once(reply)
        except (_Closed, ConnectionResetError, BrokenPipeError):
            idle = self._reused and not reply.started and monotonic() - self._pool.tape.sent[self._i] < IDLE_CLOSE_S
            if not idle:
                raise
        self._drop_connection()
        self._pool.tape.retries[self._i] += 1
        self._target = self._pool.tape.target[self._i] = self._pool.target
        self._reused, self._broken, self._unsent = False, None, self._pool.wire(self._i)
        return self._once(wire.Reply(self._pool.plan.max_reply_bytes))

    def _once(self, reply: wire.Reply) -> wire.Reply:
        if self._broken:
            raise self._broken
        if not self._reused:
            self._drop_connection()
            self._connect()
        while self._unsent:
            try:
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
            except BlockingIOError:
                self._await(self._hub.loop.io(self._socket.fileno(), WRITE))
        self._receive(reply)
        return reply

    def _connect(self) -> None:
        self._socket = RawSocket(plain.AF_INET, plain.SOCK_STREAM | plain.SOCK_NONBLOCK)
        self._socket.setsockopt(plain.IPPROTO_TCP, plain.TCP_NODELAY, 1)
        self._socket.setsockopt(plain.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._readable = self._hub.loop.io(self._socket.fileno(), READ)
        code = self._socket.connect_ex((self._pool.hosts[self._target], self._pool.plan.port))
        if code == errno.EINPROGRESS:
            self._await(self._hub.loop.io(self._socket.fileno(), WRITE))
            code = self._socket.getsockopt(plain.SOL_SOCKET, plain.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))

    def _receive(self, reply: wire.Reply) -> None:
        for _ in range(MAX_PIECES):
            self._await(self._readable)
            try:
                data, notes, _flags, _peer = self._socket.recvmsg(65536, 64)
            except BlockingIOError:
                continue
            now = monotonic()
            complete = reply.feed(data) if data else reply.end()
            if complete:
                tape, i = self._pool.tape, self._i
                tape.done[i] = now
                tape.received[i] = _kernel_stamp(notes, tape.sent[i], now)
                return
            if not data:
                raise _Closed
        raise wire.WireError("the answer comes in endless pieces")

    def _await(self, watcher: Any) -> None:
        """Park until the watcher fires or the request's deadline passes."""
        watcher.start(self._greenlet.switch)
        try:
            if self._hub.switch() is _Expired:
                raise _Expired
        finally:
            watcher.stop()

    def _closed_while_idle(self) -> bool:
        """Anything readable on a connection that owes us nothing is its end (or junk): do not use it again."""
        try:
            self._socket.recv(1, plain.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer.close()
            self._timer = None

    def _drop_connection(self, reset: bool = False) -> None:
        """With `reset` our port is free at once: a service that leaves the closing to us would use up the ports of a minute."""
        if self._socket is not None:
            if reset:
                self._socket.setsockopt(plain.SOL_SOCKET, plain.SO_LINGER, AT_ONCE)
            if self._readable is not None:
                self._readable.stop()
                self._readable.close()
            self._socket.close()
            self._socket = self._readable = None


class Pool:
    """Lanes of one plan. `take()` gives the lane used last, a new one, or None at the cap."""

    def __init__(self, plan: Plan, tape: Tape, on_done: Callable[[int], None]) -> None:
        self.plan, self.tape = plan, tape
        self.defect: Exception | None = None
        self.hosts, self.target = plan.hosts, 0
        """Like a load balancer before several instances: what begins from now on goes to this one, on connections of its own."""
        self._heads = [wire.head(plan.method, plan.path, host, plan.port) for host in plan.hosts]
        self._cap = plan.connections
        self._lanes: list[Lane] = []
        self._parked: list[Lane] = []
        self._on_done = on_done

    def wire(self, i: int) -> bytes:
        bodies = self.plan.bodies
        return wire.request(self._heads[self.target], bodies[i % len(bodies)] if bodies else b"")

    def id(self, i: int) -> str:
        return self.plan.ids[i % len(self.plan.ids)] if self.plan.ids else ""

    def take(self) -> Lane | None:
        if self._parked:
            return self._parked.pop()
        if len(self._lanes) >= self._cap:
            return None
        lane = Lane(self)
        self._lanes.append(lane)
        return lane

    def finished(self, lane: Lane, i: int) -> None:
        self._parked.append(lane)
        self._on_done(i)

    @property
    def in_flight(self) -> int:
        return len(self._lanes) - len(self._parked)

    def close(self) -> None:
        for lane in self._lanes:
            lane.cancel()
        gevent.sleep(0)
        for lane in self._lanes:
            lane.release()
        self._lanes.clear()
        self._parked.clear()


def _kernel_stamp(notes: list[tuple[int, int, bytes]], sent: float, now: float) -> float:
    """When the kernel received the last bytes, on CLOCK_MONOTONIC; our own clock where it does not say or the wall clock was set."""
    for level, kind, data in notes:
        if level == plain.SOL_SOCKET and kind == SO_TIMESTAMPNS and len(data) >= STAMP.size:
            seconds, nanoseconds = STAMP.unpack_from(data)
            stamp = seconds - (time() - monotonic()) + nanoseconds * 1e-9
            return float(stamp) if sent <= stamp <= now else now
    return now
