"""The queue's settings: environment variables GRADER_*, the same names that the pages read."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from grader.schema.causes import unusable_setting


class JobSettings(BaseSettings):
    """One machine needs none of these; a fleet needs `database_url` and `store_url`."""

    model_config = SettingsConfigDict(env_prefix="GRADER_", extra="ignore", frozen=True)

    data_dir: Path = Field(default=Path("grader-data"), description="SQLite file, local artifacts, work folders")
    database_url: str = Field(default="", description="postgresql://user:password@host/name; empty: SQLite in data_dir")
    store_url: str = Field(default="", description="s3://bucket/prefix or file:///folder; empty: a folder in data_dir")
    worker_jobs: int = Field(default=2, ge=1, le=64, description="gradings under way at once per worker: one measures while others build")
    heartbeat_s: float = Field(default=5.0, gt=0, description="how often a worker says that it lives")
    lost_after_s: float = Field(default=30.0, gt=0, description="silence after which a worker's jobs go to others")
    poll_s: float = Field(default=1.0, gt=0, description="how often a worker looks for work")
    drain_s: float = Field(default=1800.0, ge=0, description="how long a worker that is asked to end waits for what it has begun")
    overdue_s: float = Field(default=4 * 3600.0, gt=0, description="after which a grading is taken to hang: more than slot, build and longest mode")
    stop_s: float = Field(default=30.0, gt=0, description="how long a cancelled grading may take to undo what it made")
    local_origins: bool = Field(default=False, description="grade folders of the worker's machine too; never where strangers hand in")
    pipeline: str = Field(default="grader.jobs.pipeline:pipeline", description="module:function that grades; tests bring shorter ones")
    probe: str = Field(default="grader.jobs.ready:engine_trouble", description="module:function that says what keeps this host from grading, or ''")

    @field_validator("database_url")
    @classmethod
    def _known(cls, url: str) -> str:
        if url and (urlsplit(url).scheme not in ("postgresql", "postgres") or not urlsplit(url).path.strip("/")):
            raise ValueError("must read postgresql://user:password@host/name")
        return url

    @field_validator("pipeline", "probe")
    @classmethod
    def _reference(cls, name: str) -> str:
        if not re.fullmatch(r"[\w.]+:\w+", name):
            raise ValueError("must read module:function")
        return name

    @property
    def folder(self) -> Path:
        return self.data_dir.resolve()

    @property
    def store(self) -> str:
        """Where artifacts stand, as a URL."""
        return self.store_url or (self.folder / "artifacts").as_uri()

    @property
    def sqlalchemy_url(self) -> str:
        """Where the queue's own tables are."""
        if self.database_url:
            return "postgresql+psycopg://" + self.database_url.split("://", 1)[1]
        return f"sqlite:///{self.folder / 'jobs.sqlite3'}"

    @property
    def engine_url(self) -> str:
        """Where the workflow engine keeps its own: the same database, in a schema of its own on PostgreSQL."""
        return "postgresql://" + self.database_url.split("://", 1)[1] if self.database_url else self.sqlalchemy_url


def job_settings() -> JobSettings:
    """The settings of this environment. UsageError names the variable that cannot be used."""
    try:
        return JobSettings()
    except ValidationError as error:
        raise unusable_setting(error) from None
