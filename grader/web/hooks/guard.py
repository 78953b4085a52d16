"""Where a webhook may go: the rules of the clone guard, with a query allowed, and the connection held to the checked address."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from grader.schema.causes import UsageError
from grader.web.config import service_settings
from grader.web.intake.address import Resolver
from grader.web.trouble import RefusedError
from harness.source.address import guard


@dataclass(frozen=True)
class Target:
    """Where to connect and what to ask there."""

    host: str
    port: int
    address: str
    path: str

    @property
    def authority(self) -> str:
        """The Host header."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == 443 else f"{name}:{self.port}"


def checked(url: str) -> Target:
    """RefusedError unless `url` is https on a public address (or on a host that the operator admits)."""
    plain, mark, query = url.strip().partition("?")
    if mark and (not query.isascii() or any(c.isspace() or c in "\"'<>`#\\" for c in query)):
        raise RefusedError("The query of the URL holds characters that a URL cannot hold.", field="url")
    try:
        remote = guard(plain, service_settings().admitted, Resolver())
    except UsageError as error:
        text = (
            str(error)
            .replace("only https:// URLs are cloned", "only https:// URLs are called")
            .replace("the URL names no repository", "give a path, at least /x")
        )
        raise RefusedError(text.replace("; an operator admits it with --allow-host", ""), field="url") from None
    path = quote(urlsplit(remote.url).path, safe="/%:@!$&'()*+,;=-._~")  # a request line is ASCII
    return Target(remote.host, remote.port, remote.addresses[0], path + (f"?{query}" if mark else ""))
