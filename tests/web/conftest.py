"""The service in one process: a real database (SQLite, or the one that `DATABASE` names), a real artifact folder, and a queue in memory."""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest_web import DATABASE, PASSWORD, PUBLIC

pytest.importorskip("django", reason="the extra [web] is not installed")

_FOLDER = tempfile.mkdtemp(prefix="grader-web-tests-")
_BEFORE = {name: os.environ.get(name) for name in ("GRADER_DATA_DIR", "GRADER_PUBLIC_URL", "GRADER_DATABASE_URL", "GRADER_STORE_URL")}
for _name in _BEFORE:
    os.environ.pop(_name, None)
os.environ["GRADER_DATA_DIR"] = _FOLDER
os.environ["GRADER_DATABASE_URL"] = os.environ.get(DATABASE, "")

from grader.web.boot import boot  # noqa: E402 - models can be imported by tests only once Django is set up
from grader.web.config import service_settings  # noqa: E402

boot()
service_settings()
for _name, _value in _BEFORE.items():
    os.environ.pop(_name, None)
    if _value is not None:
        os.environ[_name] = _value

from django.conf import settings  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment, teardown_test_environment  # noqa: E402
from queue_in_memory import QueueInMemory  # noqa: E402

from grader.run import score as scoring  # noqa: E402
from grader.run.layout import copy_recorded  # noqa: E402
from grader.web import catalogue, keeper, seam  # noqa: E402
from grader.web.intake import address  # noqa: E402
from grader.web.models import Requisition, Role, Submission, User  # noqa: E402

RECORDED = Path(__file__).parents[2] / "challenges/fraud-scoring/recorded/oracle-quick"


@pytest.fixture(scope="session", autouse=True)
def _migrated() -> Iterator[None]:
    setup_test_environment()
    catalogue.all_challenges()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    call_command("migrate", verbosity=0, interactive=False)
    yield
    connection.close()
    teardown_test_environment()
    shutil.rmtree(_FOLDER, ignore_errors=True)


@pytest.fixture(autouse=True)
def _rolled_back(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test sees an empty database, except those that say they bring a server of their own."""
    cache.clear()
    if request.node.get_closest_marker("committed"):
        yield
        return
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Host -> address, instead of a name server. Unknown hosts are public, `*.invalid` cannot be resolved."""
    known = {"metadata.example.org": "169.254.169.254", "inside.example.org": "10.0.0.7", "localhost": "127.0.0.1"}

    def look_up(host: str, port: int) -> list[str]:
        if host.endswith(".invalid"):
            raise OSError("Name or service not known")
        try:
            return [str(ipaddress.ip_address(host))]
        except ValueError:
            return [known.get(host, PUBLIC)]

    monkeypatch.setattr(address, "look_up", look_up)
    return known


@pytest.fixture(autouse=True)
def jobs(monkeypatch: pytest.MonkeyPatch) -> QueueInMemory:
    queue = QueueInMemory()
    monkeypatch.setattr(seam, "queue", lambda: queue)
    monkeypatch.setattr(seam, "figures", lambda: b"grader_jobs 0\n")
    return queue


@pytest.fixture
def person() -> Callable[..., User]:
    def make(name: str, role: Role = Role.RECRUITER) -> User:
        return User.objects.create_user(name, password=PASSWORD, role=role)

    return make


@pytest.fixture
def recruiter(person: Callable[..., User]) -> User:
    return person("rita")


@pytest.fixture
def interviewer(person: Callable[..., User]) -> User:
    return person("ivan", Role.INTERVIEWER)


@pytest.fixture
def admin(person: Callable[..., User]) -> User:
    return person("ada", Role.ADMIN)


@pytest.fixture
def requisition(recruiter: User, interviewer: User) -> Requisition:
    made = Requisition.objects.create(
        title="Senior ML engineer", challenge="fraud-scoring", mode="quick", owner=recruiter, bars={"deployment": "solid"}, notice_due=False,
        notice_exemption="a demonstration",
    )  # fmt: skip
    made.members.add(interviewer)
    return made


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """A browser's worth of client, signed in; CSRF is enforced as in real life only where a test asks for it."""

    def make(user: User, **options: Any) -> Client:
        client = Client(**options)
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return make


@pytest.fixture(scope="session")
def result_json(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The oracle's recorded evidence, judged: a real result."""
    out = tmp_path_factory.mktemp("oracle")
    copy_recorded(RECORDED, out)
    return scoring.dump(scoring.score(out)).encode()


@pytest.fixture
def graded(jobs: QueueInMemory, result_json: bytes) -> Callable[..., Submission]:
    """Brings a submission to its end as the worker would: result into the store, then a pass of the keeper."""

    def grade(submission: Submission, **changes: Any) -> Submission:
        submission.refresh_from_db()
        plain = json.loads(result_json)
        plain["submission"]["origin"] = submission.source
        plain.update(changes)
        seam.store().put_once(f"results/{submission.job}/result.json", json.dumps(plain).encode())
        jobs.finish(submission.job)
        keeper.one_pass()
        submission.refresh_from_db()
        return submission

    return grade


@pytest.fixture
def hand_in(requisition: Requisition, recruiter: User) -> Callable[..., Submission]:
    from grader.web.intake.submit import Entry
    from grader.web.intake.submit import hand_in as really

    def make(url: str = "https://git.example.org/grace/fraud-service", name: str = "Grace Hopper", **more: str) -> Submission:
        return really(recruiter, more.pop("into", requisition), Entry(url, name, **more))  # type: ignore[arg-type]

    return make
