"""Settings of tools in INI files: tox.ini, setup.cfg, pytest.ini."""

from __future__ import annotations

import configparser


def sections(text: str) -> dict[str, dict[str, str]]:
    """Section -> key -> value; empty for what is no such file. Keys without a value are left out."""
    reader = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        reader.read_string(text)
    except (configparser.Error, ValueError):
        return {}
    return {name: {key: value for key, value in reader.items(name) if value is not None} for name in reader.sections()}
