"""The URL guard with a deadline, since a person waits for the answer."""

from __future__ import annotations

import re
import socket
import string
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from urllib.parse import urlsplit

from grader.schema.causes import UsageError
from grader.web.config import service_settings
from grader.web.trouble import RefusedError
from harness.source.address import guard

ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
RESOLVE_S = 2.0
_resolvers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="resolve")
"""getaddrinfo cannot be interrupted; a name server that does not answer costs one of these threads, never a page."""


class Resolver:
    """Resolves each host once, so that a table of a hundred rows asks for one host once. `patience_s`: how long all of them together may be
    waited for; those after that count as without an answer."""

    def __init__(self, patience_s: float = RESOLVE_S) -> None:
        self._known: dict[tuple[str, int], Sequence[str] | OSError] = {}
        self._left_s = patience_s

    def __call__(self, host: str, port: int) -> Sequence[str]:
        if (host, port) not in self._known:
            self._known[host, port] = self._ask(host, port)
        answer = self._known[host, port]
        if isinstance(answer, OSError):
            raise answer
        return answer

    def _ask(self, host: str, port: int) -> Sequence[str] | OSError:
        if self._left_s <= 0:
            return OSError("the name server took too long for the hosts before it; hand it in again")
        begin = time.monotonic()
        try:
            return _resolvers.submit(look_up, host, port).result(timeout=RESOLVE_S)
        except TooLate:
            return OSError(f"no answer from the name server within {RESOLVE_S:g} s")
        except OSError as error:
            return error
        finally:
            self._left_s -= time.monotonic() - begin


def look_up(host: str, port: int) -> list[str]:
    """The addresses of a host, as texts."""
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def admitted(url: str, resolver: Resolver) -> str:
    """The URL as it will be cloned, in the one spelling that all ways to write it have. RefusedError in the guard's own words."""
    try:
        return plain(guard(url.strip(), service_settings().admitted, resolver).url)
    except UsageError as error:
        raise RefusedError(str(error).replace("; an operator admits it with --allow-host", ""), field="url") from None


def plain(url: str) -> str:
    """A guarded URL without what changes nothing: the port of https, empty and dot segments, escapes of characters that need none (RFC 3986,
    6.2.2). Upper and lower case stay: to many servers they are two repositories. UsageError when no path is left."""
    parts = urlsplit(url)
    segments: list[str] = []
    for segment in ESCAPE.sub(_unescaped, parts.path).split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(segment)
    if not segments:
        raise UsageError(f"{url}: the URL names no repository")
    return f"{parts.scheme}://{parts.netloc.removesuffix(':443')}/{'/'.join(segments)}"


def _unescaped(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if character in UNRESERVED else escape[0].upper()


def spellings(url: str) -> list[str]:
    """The two ways in which people write one repository."""
    short = url.removesuffix(".git")
    return [short, f"{short}.git"]
