"""The operator's settings of a grading (environment variables GRADER_*)."""

from __future__ import annotations

from pydantic import DirectoryPath, FilePath, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from challenges.loader import ROOT
from grader.schema.causes import unusable_setting


class Settings(BaseSettings):
    """The operator's settings. Command-line options win.

    `allow_hosts` is separated by commas; `challenges_root` lets the author of a challenge grade with one that is not installed; `prices` is
    a price table instead of the challenge's.
    """

    model_config = SettingsConfigDict(env_prefix="GRADER_")

    allow_hosts: str = ""
    ca_file: FilePath | None = None
    mode: str = "standard"
    challenges_root: DirectoryPath = ROOT
    prices: FilePath | None = None


def settings() -> Settings:
    """The settings of this environment. UsageError names the variable that cannot be used."""
    try:
        return Settings()
    except ValidationError as error:
        raise unusable_setting(error) from None
