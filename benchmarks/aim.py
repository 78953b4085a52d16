"""Point the engine at any HOST:PORT: what became of every request, and how long users would have waited.

`python -m benchmarks aim HOST:PORT --path /x --body FILE|TEXT` prints it; bad input is one line and exit code 2; whatever the target
does with the requests is counted, exit code 0.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from math import isfinite
from pathlib import Path
from typing import NoReturn

from benchmarks.shot import Order, Shot, fire
from grader.schema.causes import UsageError
from harness.host import hold_slot
from harness.load import schedule
from harness.load.generator import LoadGenerator

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
"""No HEAD: its answers have a length and no body, which the engine would wait for."""

PROFILES: dict[str, Callable[[float, float, int], list[float]]] = {
    "constant": schedule.constant,
    "poisson": schedule.poisson,
    "ramp": lambda rate, seconds, seed: schedule.ramp(rate / 10, rate, seconds, seed),
    "spike": lambda rate, seconds, seed: schedule.spike(rate, 3 * rate, seconds, seed),
}
"""Profile -> (rate, seconds, seed) -> arrivals. A ramp starts at a tenth of the rate; a spike is three times the rate in the middle third."""

MOST_RPS, MOST_S, MOST_REQUESTS, MOST_TIMEOUT_S = 10_000.0, 3600.0, 1_000_000, 60.0
MOST_BODY = 4 << 20
NAME_S, REACH_S = 10.0, 5.0
SLOT_WAIT_S = 900.0
"""Two generators on one core, both in real time, make each other late: no load beside a grading's."""


class Parser(argparse.ArgumentParser):
    """One line instead of argparse's two."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")


def main(arguments: Sequence[str]) -> int:
    asked = parser().parse_args(arguments)
    order = understood(asked)
    _reach(order)
    out = None if asked.out is None else _writable(Path(asked.out))
    with hold_slot(SLOT_WAIT_S, confine=False, waiting=_waiting) as slot, LoadGenerator(slot.cores.ours) as generator:
        shot = fire(order, generator)
    print(shot.text())
    if out is not None:
        _write(out, shot)
    return 0


def parser() -> Parser:
    made = Parser(prog="python -m benchmarks aim", description=__doc__, allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("target", metavar="HOST:PORT", help="name or IPv4 address, and port; plain HTTP")
    made.add_argument("--path", default="/", help="request target, / by default")
    made.add_argument("--body", default="{}", metavar="FILE|TEXT", help="@FILE, the path of a file, or the text itself; {} by default")
    made.add_argument("--method", default="POST", help=f"one of {', '.join(METHODS)}")
    made.add_argument("--rate", default="100", metavar="R", help="requests per second, 100 by default")
    made.add_argument("--profile", default="poisson", help=f"one of {', '.join(PROFILES)}; poisson by default")
    made.add_argument("--seconds", default="10", metavar="S", help="how long, 10 by default")
    made.add_argument("--timeout", default="2", metavar="S", help="deadline of one request, connect included, 2 by default")
    made.add_argument("--seed", default="1", help="of the schedule, 1 by default")
    made.add_argument("-o", "--out", metavar="FILE", help="write the figures as JSON, too")
    return made


def understood(asked: argparse.Namespace) -> Order:
    """The order behind the words. Raises UsageError for whatever cannot be sent."""
    host, port = _target(asked.target)
    rate, seconds = _number("--rate", asked.rate, MOST_RPS), _number("--seconds", asked.seconds, MOST_S)
    if (profile := PROFILES.get(asked.profile)) is None:
        raise UsageError(f"--profile {_shown(asked.profile)}: choose one of {', '.join(PROFILES)}")
    if asked.method.upper() not in METHODS:
        raise UsageError(f"--method {_shown(asked.method)}: choose one of {', '.join(METHODS)}")
    path = asked.path
    if not path.startswith("/") or not path.isascii() or any(c <= " " or c == "\x7f" for c in path):
        raise UsageError(f"--path {_shown(path)}: it must begin with / and hold printable ASCII without spaces")
    if rate * seconds > MOST_REQUESTS:
        raise UsageError(f"{rate * seconds:.0f} requests are too many: at most {MOST_REQUESTS}; lower --rate or --seconds")
    seed = _seed(asked.seed)
    body, kind = _body(asked.body)
    arrivals = profile(rate, seconds, seed)
    if not arrivals:
        raise UsageError(f"at {rate:g}/s no request falls into {seconds:g} s: raise --rate or --seconds")
    timeout_s = _number("--timeout", asked.timeout, MOST_TIMEOUT_S)
    address = _address(host, port)
    return Order(host, address, port, asked.method.upper(), path, body, kind, asked.profile, rate, seconds, seed, timeout_s, arrivals)


def _target(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or "/" in text or not port.isascii() or not port.isdigit() or len(port) > 5 or not 0 < int(port) < 65536:
        raise UsageError(f"{_shown(text)} is no HOST:PORT (no scheme, no path; a port from 1 to 65535)")
    if ":" in host:
        raise UsageError(f"{_shown(text)}: the engine speaks IPv4 only")
    return host, int(port)


def _number(option: str, text: str, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        raise UsageError(f"{option} {_shown(text)}: not a number") from None
    if not isfinite(value) or not 0 < value <= most:
        raise UsageError(f"{option} {_shown(text)}: it must be over 0 and at most {most:g}")
    return value


def _seed(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"--seed {_shown(text)}: not a whole number") from None


def _body(text: str) -> tuple[bytes, str]:
    """(body, where it came from). A path that exists is a file; `@` insists on one, so that a mistyped name is not sent as text."""
    path = Path(text.removeprefix("@"))
    try:
        if not text or not (text.startswith("@") or path.exists()):
            return text.encode(), "text"
        if not path.is_file():  # a pipe or device could block for ever
            raise UsageError(f"--body {_shown(text)}: {'no regular file' if path.exists() else 'no such file'}")
        if path.stat().st_size > MOST_BODY:
            raise UsageError(f"--body {_shown(text)}: larger than {MOST_BODY >> 20} MiB")
        return path.read_bytes(), "file"
    except (OSError, ValueError) as error:
        if text.startswith("@"):
            raise UsageError(f"--body {_shown(text)}: {getattr(error, 'strerror', None) or error}") from None
        return text.encode(errors="surrogateescape"), "text"  # too long, or with bytes that no path may hold


def _address(host: str, port: int) -> str:
    """The IPv4 address of a name. The system's resolver has no deadline of its own that would suit us, hence the thread."""
    found: list[str] = []
    said: list[str] = []

    def look_up() -> None:
        try:
            found.append(str(socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)[0][4][0]))
        except (OSError, UnicodeError) as error:
            said.append(getattr(error, "strerror", None) or str(error))

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(NAME_S)
    if not found:
        raise UsageError(f"no IPv4 address of {_shown(host)}: {said[0] if said else 'the name service does not answer'}")
    return found[0]


def _reach(order: Order) -> None:
    """One connection before the load, so that a mistyped port is one line instead of a thousand refusals."""
    try:
        socket.create_connection((order.address, order.port), REACH_S).close()
    except OSError as error:
        why = "no connection in time" if isinstance(error, TimeoutError) else error.strerror
        raise UsageError(f"{order.host}:{order.port} cannot be reached: {why}") from None


def _waiting() -> None:
    print("waits: a grading on this machine holds the measurement slot", file=sys.stderr, flush=True)


def _writable(path: Path) -> Path:
    """Found out before the load, not after it."""
    try:
        with path.open("a"):
            return path
    except OSError as error:
        raise UsageError(f"-o {_shown(str(path))}: {error.strerror}") from None


def _write(path: Path, shot: Shot) -> None:
    try:
        path.write_text(json.dumps(shot.record(), indent=2, allow_nan=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"-o {_shown(str(path))}: {error.strerror}") from None


def _shown(text: str) -> str:
    return repr(text if len(text) <= 200 else text[:197] + "...")
