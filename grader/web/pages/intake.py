"""The page where submissions are handed in: one URL, a table, or an archive."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from grader.web import policy
from grader.web.intake.submit import Entry, hand_in
from grader.web.intake.table import COLUMNS, EXAMPLE, MAX_ROWS, READ_BYTES, Outcome, hand_in_table
from grader.web.intake.tarball import hand_in_archive
from grader.web.models import Requisition, Submission
from grader.web.pages import forms
from grader.web.pages.person import user_of
from grader.web.trouble import RefusedError

KINDS = {"url": forms.UrlForm, "table": forms.TableForm, "archive": forms.ArchiveForm}


@login_required
@require_http_methods(["GET", "POST"])
def hand_in_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Three forms for one requisition; what was wrong stands beside the field that it concerns."""
    policy.recruiter(user_of(request))
    requisition: Requisition = policy.find(policy.requisitions(user_of(request)), pk)
    if request.method == "GET":
        return _page(request, requisition, {})
    kind = request.POST.get("kind", "url") if request.POST.get("kind") in KINDS else "url"
    form = KINDS[kind](request.POST, request.FILES, prefix=kind)
    if not form.is_valid():
        return _page(request, requisition, {kind: form}, 422)
    try:
        taken = _hand_in(request, requisition, kind, form)
    except RefusedError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return _page(request, requisition, {kind: form}, 422, existing=error.existing)
    if isinstance(taken, Outcome):
        return render(request, "web/intake/outcome.html", {"requisition": requisition, "outcome": taken}, status=200 if taken.accepted else 422)
    messages.success(request, "Handed in." if not taken.waiting_for else f"Handed in. It waits for {taken.waiting_for}.")
    return redirect(taken)


def _hand_in(request: HttpRequest, requisition: Requisition, kind: str, form: forms.Form) -> Submission | Outcome:
    data, user = form.cleaned_data, user_of(request)
    if kind == "table":
        return hand_in_table(user, requisition, data["table"].read(READ_BYTES))
    about = Entry(data.get("url", ""), data["name"], data["email"], data["reference"])
    if kind == "archive":
        file = data["archive"]
        return hand_in_archive(user, requisition, file.file, file.name or "", file.size or 0, about)
    return hand_in(user, requisition, about)


def _page(
    request: HttpRequest, requisition: Requisition, given: dict[str, forms.Form], status: int = 200, existing: int | None = None
) -> HttpResponse:
    made = {kind: given.get(kind) or form(prefix=kind) for kind, form in KINDS.items()}
    context = {
        "requisition": requisition,
        "forms": made,
        "open": next(iter(given), "url"),
        "existing": existing,
        "columns": COLUMNS,
        "example": EXAMPLE,
        "max_rows": MAX_ROWS,
    }
    return render(request, "web/intake/hand_in.html", context, status=status)
