"""Results for people: asking to see one, the report, a person's decisions, and several side by side."""

from __future__ import annotations

from collections import defaultdict

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from grader.web import catalogue, policy, results
from grader.web.decisions import decide
from grader.web.models import OVERALL, Requisition, ResultView, State, Submission
from grader.web.pages import forms
from grader.web.pages.cards import area_cards
from grader.web.pages.person import named, user_of
from grader.web.pages.submissions import find, page, seen
from reports.html import style_source

REPORT_CSP = "sandbox; default-src 'none'; style-src {style}; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"


@login_required
@require_POST
def reveal(request: HttpRequest, pk: int) -> HttpResponse:
    """From now on this person has seen the score, and their decisions say so."""
    submission = find(request, pk)
    if submission.graded:
        seen(submission, user_of(request))
    return redirect(f"{submission.get_absolute_url()}#result")


@login_required
@require_GET
def viewer(request: HttpRequest, pk: int) -> HttpResponse:
    """The report in a frame below the service's own bar."""
    submission = _graded(request, pk)
    seen(submission, user_of(request))
    return render(request, "web/submissions/report.html", {"submission": submission, "named": named(submission, user_of(request), request.session)})


@login_required
@require_GET
@xframe_options_sameorigin
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """The report itself, in a sandbox: even a script that got into it would run nowhere and read nothing of this site."""
    submission = _graded(request, pk)
    seen(submission, user_of(request))
    hidden = policy.blind(user_of(request), submission.requisition, request.session)
    return sandboxed(results.report(submission, blind=hidden), ancestors="'self'")


@login_required
@require_GET
def raw(request: HttpRequest, pk: int) -> HttpResponse:
    """result.json, for programs; blind where this reader's view is."""
    submission = _graded(request, pk)
    seen(submission, user_of(request))
    hidden = policy.blind(user_of(request), submission.requisition, request.session)
    body = results.shown(submission, blind=hidden).model_dump_json(indent=1)
    return HttpResponse(body, content_type="application/json", headers={"Content-Disposition": f'attachment; filename="result-{submission.pk}.json"'})


def sandboxed(html: str, ancestors: str = "'none'") -> HttpResponse:
    """A report with the policy that it carries itself, plus the sandbox, which only a header can set."""
    policy_text = REPORT_CSP.format(style=style_source(), ancestors=ancestors)
    return HttpResponse(html, headers={"Content-Security-Policy": policy_text, "Referrer-Policy": "no-referrer"})


@login_required
@require_POST
def decision(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep one decision. Whether the score had been seen is the service's knowledge, not the form's."""
    submission = find(request, pk)
    overall = "overall-area" in request.POST
    form: forms.Form = (
        forms.OverallForm(request.POST, prefix="overall")
        if overall
        else forms.DecisionForm(request.POST, areas=list(catalogue.areas().items()), prefix="area")
    )
    if not form.is_valid():
        return page(request, submission, 422, **{"overall_form" if overall else "decision_form": form})
    kept = decide(
        user_of(request), submission, OVERALL if overall else form.cleaned_data["area"], form.cleaned_data["verdict"], form.cleaned_data["reason"]
    )
    messages.success(request, f"Kept: {kept.says.lower()}, decided {'after' if kept.score_seen else 'before'} you saw the score.")
    return redirect(f"{submission.get_absolute_url()}#decisions")


@login_required
@require_http_methods(["GET", "POST"])
def compare(request: HttpRequest, pk: int) -> HttpResponse:
    """The graded submissions of a requisition side by side, in bands, by name: there is no order of merit.

    Results stand together only when the same rubric judged them. Who opens the comparison sees scores, so it is asked first.
    """
    user = user_of(request)
    requisition: Requisition = policy.find(policy.requisitions(user), pk)
    graded = _latest(requisition)
    known = set(ResultView.objects.filter(submission__in=graded, user=user).values_list("submission_id", flat=True))
    unseen = [row for row in graded if row.pk not in known]
    if request.method == "POST":
        for row in unseen:
            seen(row, user)
        return redirect("compare", pk)
    groups: dict[str, list[dict[str, object]]] = defaultdict(list)
    for row in [] if unseen else graded:
        cards = [card for card in area_cards(row) if card.matters]
        groups[row.rubric_digest].append({"submission": row, "named": named(row, user, request.session), "cards": cards})
    for rows in groups.values():
        rows.sort(key=lambda row: str(row["named"].who).casefold())  # type: ignore[attr-defined]
    context = {"requisition": requisition, "groups": [(digest[:12], rows) for digest, rows in groups.items()], "unseen": unseen, "count": len(graded)}
    return render(request, "web/requisitions/compare.html", context)


def _latest(requisition: Requisition) -> list[Submission]:
    """The last graded attempt per origin."""
    rows = Submission.objects.filter(requisition=requisition, state=State.GRADED).select_related("candidate", "requisition").order_by("attempt", "pk")
    return list({row.origin: row for row in rows}.values())


def _graded(request: HttpRequest, pk: int) -> Submission:
    submission = find(request, pk)
    if not submission.graded:
        raise Http404("It has no result yet.")
    return submission
