"""What attacks are made of: a real https git server, and the catalogue that says what must come of each."""

from __future__ import annotations

from git_server import certificates, server

__all__ = ["certificates", "server"]
