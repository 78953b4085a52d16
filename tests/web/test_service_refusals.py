"""What the framework refuses by itself: in the service's look for people, in its one shape for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from grader.web import tokens
from grader.web.models import ApiToken, Submission, User

Clients = Callable[..., Client]
Make = Callable[..., Submission]
PROBLEM = {"detail", "field", "existing"}


@pytest.fixture
def bearer(recruiter: User) -> dict[str, str]:
    expires = timezone.now() + timedelta(days=1)
    ApiToken.objects.create(user=recruiter, name="x", digest=tokens.digest("t"), hint="h", scopes=["read", "submit"], expires=expires)
    return {"Authorization": "Bearer t"}


def test_a_method_that_an_address_does_not_have(client_of: Clients, recruiter: User, bearer: dict[str, str], hand_in: Make) -> None:
    page = client_of(recruiter).get(f"/submissions/{hand_in().pk}/decide/")
    assert page.status_code == 405 and page.headers["Allow"] == "POST" and b"<h1>Not by this way</h1>" in page.content
    for method in ("put", "delete"):
        answer = getattr(Client(), method)("/api/submissions", headers=bearer)
        assert answer.status_code == 405 and set(answer.json()) == PROBLEM and "GET" in answer.headers["Allow"], answer.content
        assert "GET" in answer.json()["detail"]


def test_too_many_tries(recruiter: User) -> None:
    client = Client()
    answers = [client.post("/accounts/login/", {"login": f"nobody{number}", "password": "wrong"}) for number in range(31)]
    last = answers[-1]
    assert last.status_code == 429 and b"<h1>Too many tries</h1>" in last.content and int(last.headers["Retry-After"]) > 0


def test_a_body_that_is_too_large(client_of: Clients, recruiter: User, bearer: dict[str, str]) -> None:
    large = "x" * (13 << 20)
    answer = Client().post("/api/submissions", json.dumps({"url": large}), content_type="application/json", headers=bearer)
    assert answer.status_code == 413 and set(answer.json()) == PROBLEM
    page = client_of(recruiter).post("/tokens/", f"name={large}", content_type="application/x-www-form-urlencoded")
    assert page.status_code == 413 and b"<h1>Too large</h1>" in page.content


def test_the_document_names_these_answers() -> None:
    paths = Client().get("/api/openapi.json").json()["paths"]
    assert all({"405", "413"} <= set(operation["responses"]) for methods in paths.values() for operation in methods.values())
    assert b"too large" in Client().get("/api/docs").content
