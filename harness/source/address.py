"""The URL guard: what may be cloned from where, decided before any connection is made, with the address pinned for the clone."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from grader.schema.causes import UsageError
from harness.text import is_plain, one_line

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]

_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:(//|:)")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
MAX_URL = 2048


@dataclass(frozen=True)
class Remote:
    """A URL that passed the guard, and the addresses it resolved to at that moment."""

    url: str
    host: str
    port: int
    addresses: tuple[str, ...]

    @property
    def origin(self) -> str:
        """Scheme, host and port as they stand in `url`."""
        return "/".join(self.url.split("/")[:3])

    @property
    def pin(self) -> str:
        """The `http.curloptResolve` value that keeps git on the checked addresses, so a second DNS answer cannot move it."""
        return f"{self.host}:{self.port}:{','.join(self.addresses)}"


def looks_like_url(origin: str) -> bool:
    """Whether `origin` is meant as a URL of any scheme (`x://`, git's `helper::`) or as scp-like `user@host:path`."""
    return bool(_SCHEME.match(origin)) or bool(re.match(r"^[\w.-]+@[\w.-]+:", origin))


def guard(origin: str, allow_hosts: Sequence[str] = (), resolve: Resolver | None = None) -> Remote:
    """Check `origin` and resolve its host. Raises UsageError that names what is wrong.

    `allow_hosts` are hosts (`name` or `name:port`) that an operator admits although their address is not public.
    """
    shown = one_line(_without_secrets(origin), 200)
    if origin.startswith("-"):
        raise UsageError(f"{shown}: a URL cannot start with a dash")
    if len(origin) > MAX_URL or not is_plain(origin) or any(c.isspace() or c in "\\\"'<>`" for c in origin):
        raise UsageError(f"{shown}: not a usable URL (blanks, quotes, control characters, or too long)")
    try:
        parts = urlsplit(origin)
        port = parts.port or 443
    except ValueError as error:
        raise UsageError(f"{shown}: not a usable URL ({one_line(str(error), 80)})") from None
    if origin[:8].lower() != "https://":
        raise UsageError(f"{shown}: only https:// URLs are cloned")
    if "@" in parts.netloc:
        raise UsageError(f"{shown}: a URL must not hold credentials; tokens for private repositories go into GRADER_GIT_TOKENS")
    if parts.query or parts.fragment or "?" in origin or "#" in origin:
        raise UsageError(f"{shown}: a clone URL has no query or fragment")
    if not parts.path.strip("/"):
        raise UsageError(f"{shown}: the URL names no repository")
    host = _host(parts.hostname or "", shown)
    addresses = _addresses(host, port, shown, resolve or _resolve)
    if host not in allow_hosts and f"{host}:{port}" not in allow_hosts:
        for address in addresses:
            if not is_public(address):
                raise UsageError(f"{shown}: {host} resolves to {address}, which is not a public address; an operator admits it with --allow-host")
    netloc = f"[{host}]" if ":" in host else host
    return Remote(f"https://{netloc}{f':{port}' if parts.port else ''}{parts.path}", host, port, tuple(str(a) for a in addresses))


def is_public(address: Address) -> bool:
    """Whether `address` is one that anybody on the internet could reach; looks through IPv6 forms that carry an IPv4 address."""
    inner = _embedded(address)
    if inner is not None:
        return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


def _embedded(address: Address) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def _host(raw: str, shown: str) -> str:
    try:
        host = raw if ":" in raw else raw.rstrip(".").encode("idna").decode("ascii")
    except UnicodeError:
        raise UsageError(f"{shown}: {one_line(raw, 80)} is not a host name") from None
    if not host or not re.fullmatch(r"[A-Za-z0-9._:-]+", host) or host.startswith("-"):
        raise UsageError(f"{shown}: the URL names no usable host")
    return host.lower()


def _addresses(host: str, port: int, shown: str, resolve: Resolver) -> list[Address]:
    try:
        found = resolve(host, port)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{shown}: the host {host} cannot be resolved ({one_line(str(error), 80)})") from None
    addresses = [ipaddress.ip_address(text.split("%")[0]) for text in dict.fromkeys(found)]
    if not addresses:
        raise UsageError(f"{shown}: the host {host} has no address")
    return addresses


def _resolve(host: str, port: int) -> list[str]:
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _without_secrets(origin: str) -> str:
    """`origin` as it may be shown: user information in a URL is somebody's password."""
    return re.sub(r"(?<=//)[^/@]*@", "***@", origin)
