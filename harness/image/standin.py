"""Build an equivalent of `python:3.11-slim` from Debian's packages, for networks that reach a Debian mirror but no registry.

The result is honest about itself: it carries labels that say so, with the digest of the recipe, which covers every file that
goes in. `harness/image/recipes/standin.sh` says how it comes to have the official image's layout.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import docker

from grader.schema.causes import Trouble
from harness import packages
from harness.image import host_settings

LABEL = "org.grader.standin"
"""On a stand-in: the digest of its recipe. Absent on every other image."""

SUITE = "bookworm"
"""The Debian release whose Python is 3.11."""

RECIPES = Path(__file__).parent / "recipes"

# What the official image holds, and the libraries that Python's extension modules link to.
PACKAGES = (
    "ca-certificates", "netbase", "tzdata", "media-types", "libbz2-1.0", "libcrypt1", "libdb5.3", "libexpat1", "libffi8", "liblzma5",
    "libncursesw6", "libnsl2", "libreadline8", "libsqlite3-0", "libssl3", "libtinfo6", "libtirpc3", "libuuid1", "zlib1g",
)  # fmt: skip

# A slim image holds no manuals or translations.
_EXCLUDE = (
    "path-exclude=/usr/share/man/*", "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/doc/*", "path-include=/usr/share/doc/*/copyright",
)  # fmt: skip
_APT = ('Acquire::Languages "none";',)

CHANGES = (
    "ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
    "ENV LANG=C.UTF-8",
    "ENV PIP_BREAK_SYSTEM_PACKAGES=1",
    "WORKDIR /",
    'CMD ["python3"]',
)

_DEADLINE_S = 600


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what is in the image."""

    packages: tuple[str, ...]
    mirrors: tuple[str, str]
    apt: tuple[str, ...]
    pip_conf: str
    authorities: tuple[str, ...]

    @classmethod
    def of_this_host(cls, extra: Sequence[str] = ()) -> Recipe:
        """The recipe with this host's mirror, proxy, index and authorities, plus `extra` packages."""
        apt = (*_APT, *host_settings.apt_conf())
        pip, authorities = host_settings.pip_conf(), tuple(host_settings.extra_authorities())
        return cls((*PACKAGES, *extra), host_settings.debian_mirrors(), apt, pip, authorities)

    @property
    def digest(self) -> str:
        scripts = [path.read_text(encoding="utf-8") for path in sorted(RECIPES.glob("*")) if path.suffix in (".sh", ".py")]
        # Patience differs from shell to shell and is no reason to build anew.
        pip = [line for line in self.pip_conf.splitlines() if not line.startswith(("timeout", "retries"))]
        facts = [SUITE, self.packages, self.mirrors, self.apt, pip, self.authorities, CHANGES, _EXCLUDE, scripts]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def build(client: docker.DockerClient, repository: str, tag: str, recipe: Recipe) -> str:
    """Build the stand-in and import it as `repository:tag`. Returns the image's id.

    Raises Trouble("image_unavailable") with the reason: no mmdebstrap and no right to install it, or its own last words.
    """
    _ensure_mmdebstrap()
    with tempfile.TemporaryDirectory(prefix="grader-base-") as folder:
        root = Path(folder)
        # An unprivileged mmdebstrap works under other user ids, which must be able to read what it copies in.
        root.chmod(0o755)
        archive = root / "image.tar"
        _bootstrap(archive, _stage(root / "standin", recipe), recipe)
        return _import(client, archive, repository, tag, recipe)


def _ensure_mmdebstrap() -> None:
    wanted = [] if shutil.which("mmdebstrap") else ["mmdebstrap"]
    if packages.distribution() != "debian" and not _keyring():
        wanted.append("debian-archive-keyring")
    if not wanted:
        return
    try:
        packages.install(wanted)
    except Trouble as trouble:
        raise Trouble("image_unavailable", trouble.detail) from trouble


def _keyring() -> list[str]:
    path = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    return [f"--keyring={path}"] if path.exists() else []


def _stage(folder: Path, recipe: Recipe) -> Path:
    """The folder that is copied into the new root."""
    (folder / "authorities").mkdir(parents=True)
    for name in ("standin.sh", "upstream_layout.py"):
        shutil.copy(RECIPES / name, folder)
    (folder / "pip.conf").write_text(recipe.pip_conf, encoding="utf-8")
    for number, certificate in enumerate(recipe.authorities):
        (folder / "authorities" / f"host-{number:02}.crt").write_text(certificate, encoding="ascii")
    return folder


def _bootstrap(archive: Path, stage: Path, recipe: Recipe) -> None:
    main, security = recipe.mirrors
    sources = [f"deb {main} {SUITE} main", f"deb {main} {SUITE}-updates main", f"deb {security} {SUITE}-security main"]
    command = [
        "mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(recipe.packages)}", *_keyring(),
        *(f"--aptopt={option}" for option in recipe.apt), *(f"--dpkgopt={option}" for option in _EXCLUDE),
        f"--customize-hook=copy-in {stage} /tmp", '--customize-hook=chroot "$1" sh /tmp/standin/standin.sh /tmp/standin',
        '--customize-hook=rm -rf "$1/tmp/standin"', SUITE, str(archive), *sources,
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_DEADLINE_S, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as error:
        raise Trouble("image_unavailable", f"mmdebstrap did not end within {_DEADLINE_S} s") from error
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        wrong = [line for line in lines if line.startswith("E:")]
        raise Trouble("image_unavailable", f"mmdebstrap failed: {' / '.join((wrong or lines)[:3])[:600]}")


def _import(client: docker.DockerClient, archive: Path, repository: str, tag: str, recipe: Recipe) -> str:
    changes = [*CHANGES, f"LABEL {LABEL}={recipe.digest}"]
    said = client.api.import_image(str(archive), repository=repository, tag=tag, changes=changes)
    for line in said.splitlines():
        if "error" in (message := json.loads(line)):
            raise Trouble("image_unavailable", f"the engine did not import the image: {message['error']}")
    return str(client.images.get(f"{repository}:{tag}").id)
