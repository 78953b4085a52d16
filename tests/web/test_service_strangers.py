"""Every address of the service, taken from its own tables: what is not theirs does not exist for strangers, whatever they send to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import URLPattern
from django.utils import timezone
from test_service_api import Caller

from grader.web import tokens, urls
from grader.web.models import ApiToken, Requisition, Role, Scope, ShareLink, Submission, User, Webhook

Clients = Callable[..., Client]
Make = Callable[..., Submission]
OBJECTS = [str(one.pattern) for one in urls.urlpatterns if isinstance(one, URLPattern) and "<int:pk>" in str(one.pattern)]
BODIES = {
    "notice": {"version": "1", "sent_at": "2026-01-01T00:00:00Z", "earliest_assessment": "2026-01-01"},
    "decisions": {"area": "overall", "verdict": "advance", "reason": "It survived everything."},
}


@pytest.fixture
def numbers(requisition: Requisition, recruiter: User, interviewer: User, hand_in: Make, graded: Make) -> dict[str, int]:
    """First part of an address -> the number of somebody's object of that kind."""
    row = graded(hand_in())
    later = {"expires": timezone.now() + timedelta(days=1)}
    return {
        "submissions": row.pk,
        "requisitions": requisition.pk,
        "candidates": row.candidate_id,
        "people": interviewer.pk,
        "links": ShareLink.objects.create(submission=row, digest="d", created_by=recruiter, **later).pk,
        "webhooks": Webhook.objects.create(requisition=requisition, url="https://hooks.example.org/x", created_by=recruiter).pk,
        "tokens": ApiToken.objects.create(user=recruiter, name="t", hint="h", digest=tokens.digest("x"), scopes=[], **later).pk,
    }


def all_rows() -> list[Any]:
    """All that the service keeps, but for when people signed in last."""
    people = list(User.objects.order_by("pk").values("pk", "role", "is_active", "password"))
    return [people, *(list(model.objects.order_by("pk").values()) for model in apps.get_app_config("web").get_models() if model is not User)]


def test_there_is_an_object_for_every_address(numbers: dict[str, int]) -> None:
    assert len(OBJECTS) > 20 and {path.partition("/")[0] for path in OBJECTS} == set(numbers)


@pytest.mark.parametrize("role", [Role.RECRUITER, Role.INTERVIEWER])
@pytest.mark.parametrize("path", OBJECTS)
def test_a_page_of_others_does_not_exist(path: str, role: Role, numbers: dict[str, int], client_of: Clients, person: Callable[..., User]) -> None:
    stranger, before = client_of(person("steve", role)), all_rows()
    address = "/" + path.replace("<int:pk>", str(numbers[path.partition("/")[0]]))
    answers = [stranger.get(address), stranger.post(address, {"kind": "url", "act": "link", "reason": "because I say so"})]
    assert {answer.status_code for answer in answers} <= {403, 404, 405}
    assert not any(b"Grace" in answer.content or b"Senior ML engineer" in answer.content for answer in answers)
    assert Client().post(address).headers["Location"].startswith("/accounts/login/")
    assert all_rows() == before


@pytest.mark.parametrize("role", [Role.RECRUITER, Role.INTERVIEWER])
def test_a_call_about_others_does_not_find_them(role: Role, numbers: dict[str, int], person: Callable[..., User]) -> None:
    stranger = Caller(person("steve", role), *Scope)
    document, asked, before = Client().get("/api/openapi.json").json(), 0, all_rows()
    for path, methods in document["paths"].items():
        kind = path.split("/")[2]
        for method in methods if "{pk}" in path else ():
            address = path.removeprefix("/api").replace("{pk}", str(numbers[kind]))
            status, said = stranger.get(address) if method == "get" else stranger.post(address, BODIES.get(path.rpartition("/")[2]))
            assert status == 404 or (status == 403 and method == "post"), (method, path)
            assert "Grace" not in json.dumps(said)
            asked += 1
    assert asked > 10
    into = {"requisition": numbers["requisitions"], "url": "https://git.example.org/mallory/x"}
    assert stranger.post("/submissions", into)[0] in (403, 404)
    assert stranger.get("/submissions")[1] == {"count": 0, "items": []} and stranger.get("/requisitions")[1] == []
    ApiToken.objects.filter(pk=stranger.token.pk).update(last_used=None)  # calling is all that left a trace
    assert all_rows() == before
