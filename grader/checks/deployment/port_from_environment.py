"""Does the container listen on the port that the platform told it?"""

from __future__ import annotations

from grader.checks.api import Finding, reached
from grader.schema.evidence import BootEvidence


def check(boot: BootEvidence) -> Finding:
    asked = boot.port
    ports = ", ".join(map(str, boot.listening_ports)) or "none"
    if asked in boot.listening_ports:
        return reached("follows", f"PORT={asked} and the service listens there (listening: {ports})")
    if boot.listening_ports:
        return reached("fixed", f"PORT={asked}, but the service listens on {ports}")
    return reached("silent", f"PORT={asked}, and nothing listens")
