"""What candidates are told: notices before, and their own copy of the report after."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from grader.web import audit, policy, results, tokens
from grader.web.config import service_settings
from grader.web.models import Contest, ShareLink
from grader.web.notices import record_notice
from grader.web.pages import forms
from grader.web.pages.person import user_of
from grader.web.pages.results import sandboxed
from grader.web.pages.submissions import find, page, seen
from grader.web.presence import present
from grader.web.trouble import RefusedError

MOST_CONTESTS = 30
"""Per link."""
WITHIN_PAGE = timedelta(minutes=1)
"""So soon after the page, its report is taken for the one that the page shows."""


@login_required
@require_POST
def notice(request: HttpRequest, pk: int) -> HttpResponse:
    """Record that the candidate of this submission was told; grading starts by itself once the day has come."""
    user = user_of(request)
    policy.recruiter(user)
    submission = find(request, pk)
    form = forms.NoticeForm(request.POST, prefix="notice")
    if form.is_valid():
        try:
            record_notice(user, submission.candidate, **form.cleaned_data)
        except RefusedError as error:
            form.add_error(error.field, str(error))
    if not form.is_valid():
        return page(request, submission, 422, notice_form=form)
    messages.success(request, "The notice is on record.")
    return redirect(submission)


@login_required
@require_POST
def share(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a link to the candidate's copy. It is shown once; only its digest is kept."""
    user = user_of(request)
    policy.recruiter(user)
    submission = find(request, pk)
    form = forms.LinkForm(request.POST, prefix="link")
    if not form.is_valid() or not submission.graded:
        return page(request, submission, 422, link_form=form)
    secret = tokens.draw()
    expires = timezone.now() + timedelta(days=form.cleaned_data["days"])
    with transaction.atomic():
        present(submission.candidate_id)
        ShareLink.objects.create(submission=submission, digest=tokens.digest(secret), expires=expires, created_by=user)
    address = (service_settings().public_url or request.build_absolute_uri("/").rstrip("/")) + reverse("candidates-copy", args=[secret])
    return render(
        request,
        "web/secret.html",
        {
            "what": "Link to the candidate's copy",
            "secret": address,
            "says": f"It works until {expires:%Y-%m-%d %H:%M} UTC, without signing in.",
            "back": submission.get_absolute_url(),
        },
    )


@login_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    user = user_of(request)
    policy.recruiter(user)
    link = policy.find(ShareLink.objects.filter(submission__in=policy.submissions(user)), pk)
    link.revoked = link.revoked or timezone.now()
    link.save()
    messages.success(request, "The link no longer works.")
    return redirect(link.submission)


@require_http_methods(["GET", "POST"])
def copy(request: HttpRequest, secret: str) -> HttpResponse:
    """The candidate's own page: their copy of the report, and a way to contest a check. Unknown, expired and revoked links look alike."""
    link = _link(secret)
    if link is None:
        return render(request, "web/link_gone.html", status=410)
    _seen_by_insider(request, link)
    result = results.load(link.submission)
    sent = request.POST if request.method == "POST" else None
    contests = Contest.objects.filter(link=link)
    form = forms.ContestForm(sent, checks=[(check.id, f"{check.title} ({check.id})") for check in result.checks])
    if sent is not None and contests.count() >= MOST_CONTESTS:
        form.add_error(None, f"You have sent {MOST_CONTESTS} already; write to the person who sent you the link.")
    if form.is_valid():
        with transaction.atomic():
            present(link.submission.candidate_id)
            Contest.objects.create(submission=link.submission, link=link, **form.cleaned_data)
        messages.success(request, "It was sent, and is kept with your submission.")
        return redirect("candidates-copy", secret)
    if sent is None:
        _opened(link)
    context = {"link": link, "secret": secret, "title": result.challenge.title, "form": form, "contests": contests}
    return render(request, "web/candidate/copy.html", context, status=422 if form.errors else 200)


@require_GET
@xframe_options_sameorigin
def copy_file(request: HttpRequest, secret: str) -> HttpResponse:
    """The redacted report itself, in its sandbox. The page shows it within itself, which is no second opening."""
    link = _link(secret)
    if link is None:
        return render(request, "web/link_gone.html", status=410)
    _seen_by_insider(request, link)
    if link.last_used is None or timezone.now() - link.last_used > WITHIN_PAGE:
        _opened(link)
    return sandboxed(results.candidates_copy(link.submission), ancestors="'self'")


def _opened(link: ShareLink) -> None:
    ShareLink.objects.filter(pk=link.pk).update(opened=F("opened") + 1, last_used=timezone.now())
    audit.opened(link)


def _seen_by_insider(request: HttpRequest, link: ShareLink) -> None:
    """The candidate's copy says how well it went to whoever decides about it, too."""
    if request.user.is_authenticated and policy.submissions(user_of(request)).filter(pk=link.submission_id).exists():
        seen(link.submission, user_of(request))


def _link(secret: str) -> ShareLink | None:
    """The link of this secret, if it still works."""
    link = ShareLink.objects.select_related("submission__candidate").filter(digest=tokens.digest(secret)).first()
    return link if link is not None and link.usable and link.submission.graded else None
