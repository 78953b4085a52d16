"""The operator's tokens for private repositories: taken out of the environment once, kept in memory, shown to one host each.

A token never stands in a URL, an argument, a file, a message or the evidence. git gets it through the environment of the one command that
talks to the server, as a header that its configuration binds to that server's address; no other process of a grading has it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from urllib.parse import quote

from grader.schema.causes import UsageError
from harness.source.address import Remote

ENVIRONMENT = "GRADER_GIT_TOKENS"
HIDDEN = "***"
USER = "x-access-token"
"""GitHub wants this name beside a token; GitLab, Gitea and Azure take any. `user:token` names another (Bitbucket: x-token-auth)."""

_ENTRY = re.compile(r"([A-Za-z0-9._-]+(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?)=([!-+\--~]+)")


@dataclass(frozen=True, repr=False)
class Login:
    """A secret for one server. What it prints as holds no secret."""

    origin: str
    """https://host:port, without a path: what git compares a request's address with."""
    user: str
    token: str

    @property
    def environment(self) -> dict[str, str]:
        """git's configuration through its environment: nothing is written, and nothing is in a list of processes."""
        key, value = f"http.{self.origin}/.extraHeader", f"Authorization: Basic {self._basic}"
        return {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": key, "GIT_CONFIG_VALUE_0": value}

    def removed_from(self, text: str) -> str:
        """`text` without the secret in any form in which a server that echoes it could have sent it back."""
        for form in (self._basic, self.token, quote(self.token, safe=""), base64.b64encode(self.token.encode()).decode()):
            text = text.replace(form, HIDDEN)
        return text

    @property
    def _basic(self) -> str:
        return base64.b64encode(f"{self.user}:{self.token}".encode()).decode()

    def __repr__(self) -> str:
        return f"Login({self.origin}, {HIDDEN})"


@dataclass(frozen=True)
class Logins:
    """Secrets by host (`name` or `name:port`)."""

    by_host: Mapping[str, str] = field(default_factory=dict, repr=False)

    @staticmethod
    def take(environment: MutableMapping[str, str]) -> Logins:
        """Read `GRADER_GIT_TOKENS` (host=token, separated by commas) and remove it, so that no child process inherits it.

        UsageError for what is no such list; the message quotes nothing of it.
        """
        given = environment.pop(ENVIRONMENT, "")
        by_host: dict[str, str] = {}
        for number, entry in enumerate((part.strip() for part in given.split(",") if part.strip()), 1):
            found = _ENTRY.fullmatch(entry)
            if found is None:
                raise UsageError(f"{ENVIRONMENT}: entry {number} is not host=token (or host:port=token, host=user:token)")
            by_host[found[1].lower()] = found[2]
        return Logins(by_host)

    def for_remote(self, remote: Remote) -> Login | None:
        """The secret for exactly this host and port; a host without a port stands for port 443 only."""
        place = f"[{remote.host}]" if ":" in remote.host else remote.host
        secret = self.by_host.get(f"{place}:{remote.port}") or (self.by_host.get(place) if remote.port == 443 else None)
        if secret is None:
            return None
        user, colon, token = secret.partition(":")
        return Login(remote.origin, user if colon else USER, token if colon else secret)
