"""The operator's settings of the service: environment variables `GRADER_*`, all with a default that suits one machine."""

from __future__ import annotations

import os
import secrets
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import Field, FilePath, ValidationError, field_validator

from grader.jobs import JobSettings
from grader.schema.causes import UsageError, unusable_setting

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
DRAIN_S = 60.0
"""How long requests that have begun may take once the service is asked to end: longer than any page needs. A table waits half a minute for
name servers. Whoever ends us grants more (deploy/compose.yaml)."""
STATEMENTS = "-c statement_timeout=15000"
"""No page may ask more of PostgreSQL than this takes, in ms."""


class ServiceSettings(JobSettings):
    """The queue's settings (data_dir, database_url, store_url) and those of the pages. A fleet needs those two and `public_url`."""

    public_url: str = Field(default="", description="what people type, https://...; empty: http on the bound address")
    host: str = "127.0.0.1"
    port: int = 8000
    trusted_proxy: str = Field(default="", description="address of a reverse proxy whose X-Forwarded-* headers count")
    require_mfa: bool | None = Field(default=None, description="default: only where the service can be reached from elsewhere")
    secret_key: str = Field(default="", description="empty: made once and kept in data_dir")
    upload_mib: int = Field(default=50, ge=1, le=2048)
    ca_file: FilePath | None = Field(default=None, description="certificates that git and webhook hosts are checked against")
    allow_hosts: str = Field(default="", description="git and webhook hosts, by comma, that are admitted although not public")

    @field_validator("public_url")
    @classmethod
    def _whole(cls, url: str) -> str:
        if url and urlsplit(url).scheme not in ("http", "https"):
            raise ValueError("must begin with https:// (or http://)")
        return url.rstrip("/")

    @property
    def on_loopback(self) -> bool:
        return self.host in LOOPBACK and not self.public_url

    @property
    def reachable_safely(self) -> bool:
        """Whether it is known by which name the service is reached, wherever others can reach it."""
        return self.host in LOOPBACK or bool(self.public_url)

    @property
    def mfa_required(self) -> bool:
        return not self.on_loopback if self.require_mfa is None else self.require_mfa

    @property
    def https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def admitted(self) -> tuple[str, ...]:
        return tuple(host.strip() for host in self.allow_hosts.split(",") if host.strip())

    @property
    def key_file(self) -> Path:
        return self.folder / "secret.key"

    def key(self) -> str:
        """The secret that signs sessions and derives webhook secrets. Empty before `make_key`, and then Django refuses to sign anything."""
        return self.secret_key or (self.key_file.read_text().strip() if self.key_file.is_file() else "")

    def make_key(self) -> None:
        """Make the data folder, and draw the secret once for it. UsageError when it cannot be written there."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if self.key():
                return
            draft = self.folder / f".secret.key.{os.getpid()}"
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as made:
                made.write(secrets.token_urlsafe(50))
            try:
                os.link(draft, self.key_file)  # whoever comes second keeps the first one's
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        except OSError as error:
            raise UsageError(f"cannot write {self.key_file} ({error.strerror}): name another folder with GRADER_DATA_DIR") from error


def database(settings: ServiceSettings) -> dict[str, object]:
    """Django's DATABASES entry. WAL and IMMEDIATE, since readers must not wait for a writer and a writer must know at once that it waits.

    PostgreSQL gets a deadline for everything: one that hangs, or whose host is gone, would hold every thread of the service for ever. What
    the URL asks for after its question mark (sslmode, ...) goes before that.
    """
    if not settings.database_url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": settings.folder / "service.sqlite3",
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
            },
        }
    parts, asked = urlsplit(settings.database_url), connection_parameters(settings)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database_name(settings),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": parts.port or "",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5, "tcp_user_timeout": 15_000} | asked | {"options": f"{STATEMENTS} {asked.get('options', '')}".rstrip()},
    }


def database_name(settings: ServiceSettings) -> str:
    """The name of the PostgreSQL database."""
    return unquote(urlsplit(settings.database_url).path.strip("/"))


def connection_parameters(settings: ServiceSettings) -> dict[str, str]:
    """What the URL of the PostgreSQL database asks for after its question mark, in libpq's words."""
    return dict(parse_qsl(urlsplit(settings.database_url).query))


@lru_cache(maxsize=1)
def service_settings() -> ServiceSettings:
    """The settings of this process. UsageError names the variable that cannot be used."""
    try:
        return ServiceSettings()
    except ValidationError as error:
        raise unusable_setting(error) from None
