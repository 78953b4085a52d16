"""The operator's settings of the service: environment variables `GRADER_*`, all with a default that suits one machine."""

from __future__ import annotations

import os
import secrets
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import Field, FilePath, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from grader.schema.causes import UsageError

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class ServiceSettings(BaseSettings):
    """One machine needs none of these; a fleet needs `database_url`, `store_url` and `public_url`."""

    model_config = SettingsConfigDict(env_prefix="GRADER_", extra="ignore")

    data_dir: Path = Field(default=Path("grader-data"), description="SQLite file, local artifacts, the secret key")
    database_url: str = Field(default="", description="postgresql://user:password@host/name; empty: SQLite in data_dir")
    store_url: str = Field(default="", description="s3://bucket/prefix or file:///folder; empty: a folder in data_dir")
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
    def mfa_required(self) -> bool:
        return not self.on_loopback if self.require_mfa is None else self.require_mfa

    @property
    def https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def admitted(self) -> tuple[str, ...]:
        return tuple(host.strip() for host in self.allow_hosts.split(",") if host.strip())

    @property
    def store(self) -> str:
        """Where artifacts stand, as a URL."""
        return self.store_url or (self.data_dir.resolve() / "artifacts").as_uri()

    def key(self) -> str:
        """The secret that signs sessions and derives webhook secrets; drawn once per data folder."""
        if self.secret_key:
            return self.secret_key
        file = self.data_dir / "secret.key"
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            try:
                descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                return file.read_text().strip()
            with os.fdopen(descriptor, "w") as made:
                made.write(drawn := secrets.token_urlsafe(50))
            return drawn
        except OSError as error:
            raise UsageError(f"cannot write {file} ({error.strerror}): name another folder with GRADER_DATA_DIR") from error


def database(settings: ServiceSettings) -> dict[str, object]:
    """Django's DATABASES entry. WAL and IMMEDIATE, since readers must not wait for a writer and a writer must know at once that it waits."""
    if not settings.database_url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": settings.data_dir / "service.sqlite3",
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
            },
        }
    parts = urlsplit(settings.database_url)
    if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
        raise UsageError("GRADER_DATABASE_URL must read postgresql://user:password@host/name")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.strip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": parts.port or "",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


@lru_cache(maxsize=1)
def service_settings() -> ServiceSettings:
    """The settings of this process. UsageError names the variable that cannot be used."""
    try:
        return ServiceSettings()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UsageError(f"GRADER_{str(first['loc'][0]).upper()}={first['input']}: {first['msg']}") from None
