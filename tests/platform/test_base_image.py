"""Dockerfiles written for the official python:3.11-slim must work unchanged, or the candidate gets the blame for our stand-in."""

from __future__ import annotations

import io
import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest

from harness.image import base, standin
from harness.image.standin import Recipe
from harness.sandbox.owner import labels

pytestmark = pytest.mark.engine

MULTI_STAGE = """
FROM python:3.11-slim AS build
RUN pip install --no-cache-dir --prefix=/install itsdangerous
RUN pip install --no-cache-dir colorama build
RUN python -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir six
RUN pip install --no-cache-dir --target=/target idna
FROM python:3.11-slim
COPY --from=build /install /usr/local
COPY --from=build /usr/local/lib/python3.11/site-packages /usr/local/lib/python3.11/site-packages
COPY --from=build /usr/local/bin /usr/local/bin
COPY --from=build /opt/venv /opt/venv
COPY --from=build /target /target
RUN useradd --create-home app
USER app
RUN pip install --no-cache-dir --user tomli
ENV PYTHONPATH=/target
"""

IMPORTS = """
import importlib, json, subprocess
places = {name: importlib.import_module(name).__file__ for name in ("itsdangerous", "colorama", "tomli", "idna")}
places["six"] = subprocess.check_output(["/opt/venv/bin/python", "-c", "import six; print(six.__file__)"], text=True).strip()
places["script"] = subprocess.check_output(["pyproject-build", "--version"], text=True)
print(json.dumps(places))
"""

FACTS = """
import json, os, pathlib, ssl, sqlite3, bz2, lzma, ctypes, readline, curses, uuid, zoneinfo, sys, sysconfig, site, venv, ensurepip, distutils.core
print(json.dumps({
    "version": sys.version_info[:2], "prefix": sys.prefix, "executable": sys.executable, "purelib": sysconfig.get_path("purelib"),
    "scripts": sysconfig.get_path("scripts"), "cwd": os.getcwd(), "zone": str(zoneinfo.ZoneInfo("Europe/Berlin")),
    "header": pathlib.Path(sysconfig.get_path("include"), "Python.h").exists(), "prefix_var": sysconfig.get_config_var("prefix"),
    "managed": pathlib.Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").exists(),
    "authorities": len(ssl.create_default_context().get_ca_certs()),
}))
"""


@contextmanager
def built(engine: docker.DockerClient, dockerfile: str) -> Iterator[str]:
    tag = f"grader-test:{uuid.uuid4().hex[:12]}"
    run = labels("test-base-image")
    try:
        engine.images.build(fileobj=io.BytesIO(dockerfile.encode()), tag=tag, rm=True, forcerm=True, labels=run)
        yield tag
    finally:
        engine.images.remove(tag, force=True)


def run(engine: docker.DockerClient, image: str, *command: str) -> str:
    return bytes(engine.containers.run(image, list(command), remove=True, labels=labels("test-base-image"))).decode()


@pytest.mark.usefixtures("base_image")
def test_an_unmodified_multi_stage_dockerfile_works(engine: docker.DockerClient) -> None:
    with built(engine, MULTI_STAGE) as image:
        places = json.loads(run(engine, image, "python", "-c", IMPORTS))
    assert places["itsdangerous"].startswith("/usr/local/lib/python3.11/")
    assert places["colorama"].startswith("/usr/local/lib/python3.11/")
    assert places["tomli"].startswith("/home/app/.local/lib/python3.11/site-packages/")
    assert places["idna"].startswith("/target/")
    assert places["six"].startswith("/opt/venv/lib/python3.11/site-packages/")
    assert places["script"].startswith("build ")


@pytest.mark.usefixtures("base_image")
def test_python_has_the_official_images_layout(engine: docker.DockerClient) -> None:
    facts = json.loads(run(engine, base.BASE, "python", "-W", "ignore", "-c", FACTS))
    assert facts["version"] == [3, 11]
    assert facts["prefix"] == facts["prefix_var"] == "/usr/local"
    assert facts["executable"] == "/usr/local/bin/python"
    assert facts["purelib"] == "/usr/local/lib/python3.11/site-packages"
    assert facts["scripts"] == "/usr/local/bin"
    assert facts["cwd"] == "/"
    assert facts["header"], "compiled dependencies need Python.h"
    assert not facts["managed"], "pip would refuse to install"
    assert facts["authorities"] > 100


def test_the_command_is_pythons_prompt(engine: docker.DockerClient, base_image: str) -> None:
    config = engine.images.get(base_image).attrs["Config"]
    assert config["Cmd"] == ["python3"]
    assert not config["Entrypoint"]
    assert not config["User"]


def test_a_stand_in_says_so_and_carries_no_credential(engine: docker.DockerClient, base_image: str) -> None:
    image = engine.images.get(base_image)
    if standin.LABEL not in image.labels:
        pytest.skip("this engine has the official image")
    assert "@" not in run(engine, base_image, "sh", "-c", "cat /etc/pip.conf /etc/apt/sources.list /etc/apt/apt.conf.d/99mmdebstrap")
    assert run(engine, base_image, "sh", "-c", "ls /tmp /usr/local/lib/python3.11/site-packages/pip/__main__.py").split()[0].endswith("__main__.py")


def test_an_image_that_is_there_is_used_as_it_is(engine: docker.DockerClient, base_image: str) -> None:
    assert base.ensure_base(engine) == base_image


@pytest.mark.usefixtures("base_image")
def test_packages_can_be_installed_in_a_build(engine: docker.DockerClient) -> None:
    dockerfile = "FROM python:3.11-slim\nRUN apt-get update -q && apt-get install -q -y --no-install-recommends tini && tini --version\n"
    with built(engine, dockerfile) as image:
        assert "tini" in run(engine, image, "tini", "--version")


def test_our_own_image_has_the_tools_and_this_checkouts_sidecars(engine: docker.DockerClient, sidecar_image: str) -> None:
    assert base.find_sidecar_image(engine) == sidecar_image
    said = run(engine, sidecar_image, "sh", "-c", "iptables --version; tc -Version; ps --version; ls /opt/sidecars; pwd")
    for expected in ("iptables v", "tc utility", "procps", "feature_store.py", "/opt"):
        assert expected in said


def test_other_sidecars_make_another_image(engine: docker.DockerClient, sidecar_image: str, tmp_path: Path) -> None:
    sources = tmp_path / "sidecars"
    shutil.copytree(base.SIDECARS, sources)
    (sources / "one_more.py").write_text("VALUE = 1\n")
    name = base.ensure_sidecar_image(engine, sources)
    try:
        assert name != sidecar_image
        assert run(engine, name, "python3", "-c", "import sidecars.one_more as m; print(m.VALUE)").strip() == "1"
    finally:
        engine.images.remove(name)


@pytest.mark.soak
def test_a_stand_in_can_be_built_from_nothing(engine: docker.DockerClient) -> None:
    tag = uuid.uuid4().hex[:12]
    image = standin.build(engine, "grader-test", tag, Recipe.of_this_host())
    try:
        assert json.loads(run(engine, image, "python", "-W", "ignore", "-c", FACTS))["prefix"] == "/usr/local"
    finally:
        engine.images.remove(f"grader-test:{tag}")
