"""Submissions: the list, one of them, and its stages while they run."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from grader.web import audit, catalogue, keeper, policy
from grader.web.decisions import visible
from grader.web.intake.submit import grade_again, judge_anew
from grader.web.models import OVERALL, Contest, ResultView, State, Submission
from grader.web.pages import forms
from grader.web.pages.cards import area_cards
from grader.web.pages.listing import listing
from grader.web.pages.person import named, user_of
from grader.web.pages.progress import live_view
from grader.web.presence import present
from grader.web.results import without_names
from grader.web.trouble import RefusedError, UnavailableError


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The list; with ?rows=1 only its table, which polls itself while something moves."""
    found = listing(user_of(request), request.session, request.GET)
    template = "web/submissions/rows.html" if request.GET.get("rows") else "web/submissions/list.html"
    return render(request, template, {"list": found, "states": State.choices})


@login_required
@require_GET
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One submission: its stages, or its result once this reader has asked for it, and what people decided."""
    return page(request, find(request, pk))


def page(request: HttpRequest, submission: Submission, status: int = 200, **given: forms.Form) -> HttpResponse:
    """The page of a submission. `given` are forms with what was wrong in them."""
    user = user_of(request)
    seen = ResultView.objects.filter(submission=submission, user=user).exists()
    titles = catalogue.areas()
    hidden = policy.blind(user, submission.requisition, request.session)
    decisions, held_back = visible(user, submission)
    context: dict[str, Any] = {
        "submission": submission,
        "named": named(submission, user, request.session),
        "live": live_view(submission, user, request.session),
        "seen": seen,
        "areas": area_cards(submission) if seen and submission.graded else [],
        "decisions": [
            (made, titles.get(made.area, "Next step"), without_names(submission, made.reason) if hidden else made.reason) for made in decisions
        ],
        "held_back": held_back,
        "decision_form": given.get("decision_form") or forms.DecisionForm(areas=list(titles.items()), prefix="area"),
        "overall_form": given.get("overall_form") or forms.OverallForm(prefix="overall"),
        "OVERALL": OVERALL,
    }
    if user.is_recruiter:
        context |= {
            "notices": submission.candidate.notices.all(),
            "notice_form": given.get("notice_form") or forms.NoticeForm(prefix="notice"),
            "links": submission.links.all()[:10],
            "contests": Contest.objects.filter(submission=submission),
            "link_form": given.get("link_form") or forms.LinkForm(prefix="link"),
            "attempts": Submission.objects.filter(requisition=submission.requisition, origin=submission.origin).exclude(pk=submission.pk),
        }
    return render(request, "web/submissions/one.html", context, status=status)


@login_required
@require_GET
def live(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that polls. It comes back without its trigger once nothing moves any more, and then the page is loaded anew."""
    submission = find(request, pk)
    if submission.is_open:
        with suppress(UnavailableError):  # a queue that is down is said in the part itself, which goes on asking
            keeper.follow([submission])
        submission.refresh_from_db()
    seen_now = live_view(submission, user_of(request), request.session)
    response = render(request, "web/submissions/live.html", {"submission": submission, "live": seen_now})
    if not submission.is_open:
        response.headers["HX-Refresh"] = "true"
    return response


@login_required
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    policy.recruiter(user_of(request))
    submission = find(request, pk)
    done = keeper.cancel(submission)
    messages.info(request, "Cancelled." if done else "It had ended already.")
    return redirect(submission)


@login_required
@require_POST
def first(request: HttpRequest, pk: int) -> HttpResponse:
    """Let it go before everybody's. Others wait for it, so an administrator says so."""
    policy.admin(user_of(request))
    submission = find(request, pk)
    done = keeper.put_first(submission)
    messages.info(request, "It is graded before all others." if done else "It does not wait any more, or goes first already.")
    return redirect(submission)


@login_required
@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    policy.recruiter(user_of(request))
    try:
        fresh = (judge_anew if request.POST.get("how") == "judge" else grade_again)(user_of(request), find(request, pk))
    except RefusedError as error:
        messages.error(request, str(error))
        return redirect("submission", pk)
    messages.success(request, f"Attempt {fresh.attempt} was handed in.")
    return redirect(fresh)


@require_POST
@login_required
def blind(request: HttpRequest) -> HttpResponse:
    """Hide names in this session, or show them again where the role allows."""
    request.session["blind"] = not request.session.get("blind")
    return redirect("submissions")


def find(request: HttpRequest, pk: int) -> Submission:
    """The submission, if this person may see it; 404 otherwise."""
    found: Submission = policy.find(policy.submissions(user_of(request)), pk)
    return found


def seen(submission: Submission, user: Any) -> None:
    """Write down that this person sees the score now, if it is the first time."""
    with transaction.atomic():
        present(submission.candidate_id)
        ResultView.objects.get_or_create(submission=submission, user=user)
        audit.opened(submission)
