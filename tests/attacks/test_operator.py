"""The operator's secrets: tokens, environment and home reach no clone, no build and no run, and a token opens one server's door only."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import time
from base64 import b64encode, urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from git_server import GitServer, serving

from attacks.recording_engine import RecordingEngine, recording
from attacks.test_clone import LIMITS
from grader.run.request import request
from grader.schema.causes import Trouble, UsageError
from harness.image.bases import ensure_bases
from harness.image.buildkit import BuildkitBuild
from harness.image.classic import ClassicBuild
from harness.image.context import Staged
from harness.image.watch import BuildLog
from harness.load.generator import LoadGenerator
from harness.sandbox import engine as engines
from harness.seeds import ENVIRONMENT as OPERATOR_KEY
from harness.source.clone import obtain
from harness.source.instructions import parse
from harness.source.login import ENVIRONMENT, Logins

TOKEN = "ghp_53cr3t/with+signs"
FORMS = [TOKEN, b64encode(TOKEN.encode()).decode(), b64encode(f"x-access-token:{TOKEN}".encode()).decode(), "53cr3t"]
SECRETS = {"AWS_SECRET_ACCESS_KEY": "aws-53cr3t", OPERATOR_KEY: "operator-key-53cr3t", "GITHUB_TOKEN": "gh-53cr3t", "SSH_AUTH_SOCK": "/53cr3t/agent"}


def clean(text: str) -> bool:
    return not any(form in text for form in FORMS)


@pytest.fixture
def private(server: GitServer) -> GitServer:
    server.login = f"x-access-token:{TOKEN}"
    server.repository("x").files({"a": b"x"})
    return server


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An operator's home with all that a careless tool would use, and an environment full of secrets. `mark` appears when something ran."""
    folder = tmp_path / "home"
    (folder / ".docker").mkdir(parents=True)
    hook = folder / "templates" / "hooks" / "post-checkout"
    hook.parent.mkdir(parents=True)
    hook.write_text(f"#!/bin/sh\ntouch {folder}/mark\n")
    hook.chmod(0o755)
    (folder / ".gitconfig").write_text(
        f"[core]\n\tfsmonitor = touch {folder}/mark\n\thooksPath = {hook.parent}\n[init]\n\ttemplateDir = {folder}/templates\n"
        f'[credential]\n\thelper = "!touch {folder}/mark; echo username=u; echo password=53cr3t"\n'
        f'[filter "lfs"]\n\tsmudge = touch {folder}/mark\n\tprocess = touch {folder}/mark\n\trequired = true\n'
    )
    (folder / ".netrc").write_text("machine localhost login u password 53cr3t\n")
    proxies = dict.fromkeys(("httpProxy", "httpsProxy"), "http://u:53cr3t@proxy.corp:3128")
    logins = {"registry.corp": {"auth": b64encode(b"u:53cr3t").decode()}}
    (folder / ".docker" / "config.json").write_text(json.dumps({"proxies": {"default": proxies}, "auths": logins}))
    for name, value in {**SECRETS, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "GIT_TEMPLATE_DIR": str(folder / "templates")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    return folder


@pytest.fixture
def spied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Path:
    """A folder that gets a file per program that is started by name: its arguments and its environment, line by line."""
    seen, programs = tmp_path / "seen", tmp_path / "programs"
    seen.mkdir()
    programs.mkdir()
    for name, real in {"git": shutil.which("git"), "docker": shutil.which("true")}.items():
        script = programs / name
        script.write_text(f'#!{sys.executable} -IS\n{SPY.format(seen=str(seen), real=real)}')
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return seen


SPY = """
import json, os, sys
name = "{seen}/" + str(os.getpid())
open(name, "w").write(json.dumps({{"argv": sys.argv, "env": dict(os.environ)}}))
os.execv("{real}", ["{real}", *sys.argv[1:]])
"""


def started(spied: Path) -> list[dict[str, Any]]:
    return [json.loads(file.read_text()) for file in spied.iterdir()]


def take(server: GitServer, dest: Path, logins: Logins, **more: Any):
    return obtain(server.url("x"), dest, LIMITS, allow_hosts=[server.host], ca_file=server.ca_file, logins=logins, **more)


def test_a_private_repository_is_cloned_with_a_token_that_is_never_written_down(private: GitServer, spied: Path, tmp_path: Path) -> None:
    tree = take(private, tmp_path / "d", Logins.take({ENVIRONMENT: f"other.example=zzz,{private.host}={TOKEN}"}))
    assert tree.paths == ["a"]
    for file in tmp_path.rglob("*"):
        if file.is_file() and spied not in file.parents:
            assert clean(file.read_bytes().decode("latin-1")) or file.is_relative_to(tmp_path / "home"), file
    calls = started(spied)
    assert len(calls) >= 4 and all(clean(" ".join(call["argv"])) for call in calls)
    assert [call["argv"][1] for call in calls if not clean(json.dumps(call["env"]))] == ["clone"], "no other command has the token"


def test_no_secret_of_the_environment_and_nothing_of_the_home_reaches_git(server: GitServer, spied: Path, home: Path, tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 5\n"
    server.repository("x").files({"a": b"x", ".gitattributes": b"*.bin filter=lfs\n", "m.bin": pointer})
    assert take(server, tmp_path / "d", Logins()).notes == ["Git LFS pointer, content not fetched: m.bin"]
    assert not (home / "mark").exists(), "neither hook nor template, monitor, helper or smudge filter ran"
    for call in started(spied):
        assert "53cr3t" not in json.dumps(call) and str(home) not in json.dumps(call["env"])


def test_a_login_of_the_home_is_not_tried(private: GitServer, home: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"no public repository there .*{ENVIRONMENT}"):
        take(private, tmp_path / "d", Logins())
    assert not (home / "mark").exists()


def test_a_server_that_echoes_a_wrong_token_gets_none_of_it_into_the_message(private: GitServer, tmp_path: Path) -> None:
    private.login = "x-access-token:another"
    with pytest.raises(UsageError, match="refuses the token") as caught:
        take(private, tmp_path / "d", Logins({private.host: TOKEN}))
    assert clean(str(caught.value)) and caught.value.__cause__ is None


@pytest.mark.parametrize("place", ["localhost", "localhost:1", "example.org"])
def test_a_token_is_for_one_host_and_port_only(place: str, private: GitServer, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no public repository there"):
        take(private, tmp_path / "d", Logins({place: TOKEN}))


def test_a_token_does_not_follow_a_redirect(private: GitServer, tmp_path: Path, certificates: tuple[Path, Path, Path]) -> None:
    with serving(tmp_path / "elsewhere", certificates) as elsewhere:
        private.redirect_to = f"https://{elsewhere.host}"
        with pytest.raises(UsageError, match="redirects"):
            take(private, tmp_path / "d", Logins({private.host: TOKEN}))
        assert elsewhere.requests == []


def test_tokens_are_taken_out_of_the_environment_and_shown_by_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, f"git.example={TOKEN}")
    asked = request("https://git.example/a/b", "fraud-scoring", "quick", 1, None, None)
    assert ENVIRONMENT not in os.environ
    assert asked.logins.by_host == {"git.example": TOKEN}
    assert clean(repr(asked)) and clean(str(asked.logins))


@pytest.mark.parametrize("given", [TOKEN, f"={TOKEN}", f"git.example={TOKEN}\nX: y", f"https://git.example={TOKEN}", f"git.example={TOKEN} x"])
def test_a_list_of_tokens_that_cannot_be_used_is_refused_without_quoting_it(given: str) -> None:
    with pytest.raises(UsageError, match="entry 1 is not host=token") as caught:
        Logins.take({ENVIRONMENT: given})
    assert clean(str(caught.value))


def test_the_load_generator_inherits_no_secret(home: Path) -> None:
    with LoadGenerator(realtime=False) as generator:
        for _ in range(200):  # it is empty until the new program has begun
            if environment := Path(f"/proc/{generator.pid}/environ").read_bytes().decode():
                break
            time.sleep(0.02)
    assert "53cr3t" not in environment and "PATH=" in environment


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[RecordingEngine]:
    with recording(tmp_path / "engine.sock") as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.url)
        yield engine


def test_a_container_gets_no_proxy_of_the_operators(recorded: RecordingEngine) -> None:
    client = engines.connect()
    client.api.create_container("image", environment={"PORT": "8000"})
    client.close()
    created = next(r for r in recorded.requests if "/containers/create" in r.line)
    assert json.loads(created.body)["Env"] == ["PORT=8000"]
    assert all("53cr3t" not in r.text for r in recorded.requests)


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Staged]:
    with (tmp_path / "tar").open("w+b") as file:
        yield Staged(file, "Dockerfile", 0)


def test_a_classic_build_gets_no_login_and_no_proxy(recorded: RecordingEngine, staged: Staged, tmp_path: Path) -> None:
    build = ClassicBuild(staged, "none", {}, "x:y", LIMITS, None)
    with BuildLog(tmp_path / "log", 1 << 16) as log, pytest.raises(Trouble, match="without a result"):
        build.run(log)
    asked = next(r for r in recorded.requests if "/build?" in r.line)
    assert "X-Registry-Config" not in asked.headers and "buildargs" not in asked.line
    assert b64encode(b"u:53cr3t").decode() not in asked.text and "53cr3t" not in asked.text


def test_the_images_that_a_dockerfile_names_are_pulled_without_a_login(recorded: RecordingEngine) -> None:
    client = engines.connect()
    with pytest.raises(Trouble, match="no such image"):
        ensure_bases(client, parse("FROM registry.corp/private:1\n"))
    client.close()
    asked = next(r for r in recorded.requests if "/images/create" in r.line)
    assert "registry.corp" in asked.line and json.loads(urlsafe_b64decode(asked.headers["X-Registry-Auth"])) == {}


def test_a_buildkit_build_has_an_empty_home_and_no_secret(spied: Path, home: Path, staged: Staged, tmp_path: Path) -> None:
    build = BuildkitBuild(str(tmp_path / "programs" / "docker"), "unix:///nowhere", staged, {}, "x:y")
    with BuildLog(tmp_path / "log", 1 << 16) as log:
        build.run(log)
    call = started(spied)[0]
    assert call["argv"][1] == "build"
    assert "53cr3t" not in json.dumps(call) and str(home) not in json.dumps(call["env"])
    assert call["env"]["HOME"].startswith(os.environ.get("TMPDIR", "/tmp")) and stat.S_ISDIR(home.stat().st_mode)


def test_docker_py_would_have_sent_all_of_it(recorded: RecordingEngine) -> None:
    """Silence proves something only where noise is heard."""
    client = docker.DockerClient(base_url=recorded.url, version="1.41")
    client.api.create_container("image")
    created = recorded.requests[-1].text
    headers: dict[str, str] = {}
    client.api._set_auth_headers(headers)
    client.api.pull("registry.corp/private", tag="1")
    client.close()
    assert "53cr3t" in created and "X-Registry-Config" in headers
    assert "53cr3t" in urlsafe_b64decode(recorded.requests[-1].headers["X-Registry-Auth"]).decode()
