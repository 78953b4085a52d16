"""A candidate's records: legal hold and erasure."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from grader.web import erasure, policy
from grader.web.models import Candidate
from grader.web.pages.person import user_of
from grader.web.trouble import RefusedError


@login_required
@require_POST
def hold(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a legal hold on a candidate's data with its reason, or lift it with an empty one.

    Either waits for an erasure that has begun, and then finds nobody. Only the hold is written: nothing brings back a row that is gone.
    """
    with transaction.atomic():
        person = _find(request, pk, lock=True)
        person.legal_hold = _reason(request)[:400]
        person.save(update_fields=["legal_hold"])
    messages.success(request, "These data are kept until the hold is lifted." if person.legal_hold else "The hold is lifted.")
    return _back(person)


@login_required
@require_POST
def erase(request: HttpRequest, pk: int) -> HttpResponse:
    """Erase a candidate. There is no way back, so the pseudonym has to be typed."""
    person = _find(request, pk)
    if request.POST.get("pseudonym", "").strip().upper() != person.pseudonym:
        messages.error(request, f"Nothing was erased: to confirm, type {person.pseudonym}.")
        return _back(person)
    more = erasure.elsewhere(person)
    try:
        stone = erasure.erase(person, _reason(request), user_of(request).username)
    except RefusedError as error:
        messages.error(request, str(error))
        return _back(person)
    messages.success(request, f"{stone.pseudonym} was erased.")
    if more:
        messages.warning(request, more)
    return redirect(stone.requisition)


def _find(request: HttpRequest, pk: int, *, lock: bool = False) -> Candidate:
    policy.admin(user_of(request))
    rows = policy.candidates(user_of(request))
    found: Candidate = policy.find(rows.select_for_update(of=("self",)) if lock else rows, pk)
    return found


def _reason(request: HttpRequest) -> str:
    """Why, in the administrator's words. BadRequest for a NUL character, which nobody types and no database keeps."""
    reason = request.POST.get("reason", "").strip()
    if "\0" in reason:
        raise BadRequest("The reason holds a NUL character.")
    return reason


def _back(person: Candidate) -> HttpResponse:
    last = person.submissions.order_by("-pk").first()
    return redirect(last or person.requisition)
