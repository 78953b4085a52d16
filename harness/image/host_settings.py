"""What a base image of ours inherits from this host so that builds in it reach what the host reaches: never a credential.

Certificate authorities, pip's index, apt's mirror and proxy. Candidate code can read every image it is built on, so user names and
passwords are cut out of URLs, and what cannot work from inside a container (files of the host, its loopback) is dropped.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
"""Where Debian keeps the authorities it trusts: on a Debian-like host and in the image alike."""

MOZILLA = Path("/usr/share/ca-certificates/mozilla")
"""The authorities that Debian ships; the image has them already."""

PIP_KEYS = ("index-url", "extra-index-url", "trusted-host", "timeout", "retries")
_LISTS = ("extra-index-url", "trusted-host")
_URLS = ("index-url", "extra-index-url")
_SAME_AS = {"default-timeout": "timeout"}

APT_KEYS = ("Acquire::http::Proxy", "Acquire::https::Proxy", "Acquire::Check-Valid-Until", "Acquire::Check-Date", "Acquire::ForceIPv4")

_PEM = re.compile(r"-----BEGIN (?:TRUSTED )?CERTIFICATE-----(.+?)-----END (?:TRUSTED )?CERTIFICATE-----", re.DOTALL)
_SOURCE_URL = re.compile(r"https?://[^\s\]]+")


def public_url(url: str) -> str | None:
    """The URL without user and password, or None where a container could not use it (a file, the host's loopback, nonsense)."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or host == "localhost" or host.startswith("127.") or host == "::1":
        return None
    place = f"[{host}]" if ":" in host else host
    return urlunsplit((parts.scheme, place if port is None else f"{place}:{port}", parts.path, parts.query, ""))


def pip_settings(listing: str) -> dict[str, str]:
    """The settings worth carrying, from the text of `pip config list` (lines of `section.key='value'`, weakest first)."""
    settings: dict[str, str] = {}
    for line in listing.splitlines():
        name, _, quoted = line.partition("=")
        key = name.rpartition(".")[2].strip()
        key = _SAME_AS.get(key, key)
        if key not in PIP_KEYS:
            continue
        words = _unquoted(quoted).split()
        kept = [word for word in (public_url(w) if key in _URLS else w for w in words) if word]
        settings.pop(key, None)
        if kept:
            settings[key] = "\n    ".join(kept) if key in _LISTS else kept[0]
    return settings


def _unquoted(text: str) -> str:
    try:
        return str(ast.literal_eval(text))
    except (SyntaxError, ValueError):
        return text


def pip_conf() -> str:
    """The image's /etc/pip.conf."""
    listing = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, errors="replace", timeout=60)
    lines = [f"{key} = {value}" for key, value in sorted(pip_settings(listing.stdout).items())]
    return "\n".join(["[global]", f"cert = {CA_BUNDLE}", *lines, ""])


def extra_authorities(env: Mapping[str, str] | None = None, shipped: Path = MOZILLA) -> list[str]:
    """Certificates (PEM) that this host trusts beyond Debian's own set: a company's, a lab's. Sorted, each once."""
    env = os.environ if env is None else env
    bundles = {env.get("SSL_CERT_FILE", ""), env.get("REQUESTS_CA_BUNDLE", ""), env.get("PIP_CERT", ""), CA_BUNDLE}
    known = _certificates(shipped.glob("*.crt"))
    trusted = _certificates(Path(bundle) for bundle in bundles if bundle)
    return [trusted[digest] for digest in sorted(trusted.keys() - known.keys())]


def _certificates(paths: Iterable[Path]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in paths:
        if not path.is_file():
            continue
        for body in _PEM.findall(path.read_text(encoding="ascii", errors="replace")):
            flat = "".join(body.split())
            lines = "\n".join(flat[i : i + 64] for i in range(0, len(flat), 64))
            found[hashlib.sha256(base64.b64decode(flat)).hexdigest()] = f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"
    return found


def apt_options(dump: str) -> list[str]:
    """Options for the image's apt, from the text of `apt-config dump` (lines of `Key "value";`)."""
    options = []
    for key, value in re.findall(r'^(\S+) "(.*)";$', dump, re.MULTILINE):
        carried = public_url(value) if key.endswith("Proxy") else value
        if key in APT_KEYS and carried:
            options.append(f'{key} "{carried}";')
    return options


def apt_conf() -> list[str]:
    """`apt_options` of this host; empty where apt is absent."""
    try:
        dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, errors="replace", timeout=30).stdout
    except FileNotFoundError:
        return []
    return apt_options(dump)


def debian_mirrors(sources: Path = Path("/etc/apt")) -> tuple[str, str]:
    """(archive, security archive) that this host uses for Debian; Debian's own where it names none."""
    files = [sources / "sources.list", *sorted((sources / "sources.list.d").glob("*"))]
    lines = [line for file in files if file.is_file() for line in file.read_text(encoding="utf-8", errors="replace").splitlines()]
    urls = [u for line in lines if not line.lstrip().startswith("#") for w in _SOURCE_URL.findall(line) if (u := public_url(w.rstrip("/")))]
    archive = next((url for url in urls if url.endswith("/debian")), "http://deb.debian.org/debian")
    security = next((url for url in urls if url.endswith("/debian-security")), "http://deb.debian.org/debian-security")
    return archive, security
