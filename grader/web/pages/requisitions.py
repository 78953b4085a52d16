"""Requisitions: what a job asks for, who works on it, and who is told."""

from __future__ import annotations

from contextlib import nullcontext

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from grader.web import catalogue, policy
from grader.web.hooks import guard, sign
from grader.web.models import OPEN, Requisition, State, Tombstone, Webhook
from grader.web.pages import forms
from grader.web.pages.person import user_of
from grader.web.trouble import RefusedError


@login_required
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    rows = (
        policy.requisitions(user_of(request))
        .select_related("owner")
        .annotate(
            total=Count("submissions"),
            graded=Count("submissions", filter=Q(submissions__state=State.GRADED)),
            moving=Count("submissions", filter=Q(submissions__state__in=OPEN)),
        )
    )
    return render(request, "web/requisitions/list.html", {"requisitions": rows})


@login_required
@require_GET
def one(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _find(request, pk))


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """A new requisition, or changes to one; what people are graded by is fixed once somebody is. Whoever hands in meanwhile waits: else the
    row that was read here would be written over the one that says so."""
    user = user_of(request)
    policy.recruiter(user)
    with transaction.atomic() if request.method == "POST" else nullcontext():
        known = _find(request, pk, lock=request.method == "POST") if pk else Requisition(owner=user)
        form = forms.RequisitionForm(request.POST or None, instance=known)
        if request.method == "POST" and form.is_valid():
            form.save()
            messages.success(request, "Saved.")
            return redirect(known)
    return render(request, "web/requisitions/edit.html", {"form": form, "requisition": known if pk else None}, status=422 if form.errors else 200)


@login_required
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Take no more submissions, or take them again."""
    policy.recruiter(user_of(request))
    with transaction.atomic():
        requisition = _find(request, pk, lock=True)
        requisition.closed = not requisition.closed
        requisition.save(update_fields=["closed"])
    messages.success(request, "Closed: nothing more can be handed in." if requisition.closed else "Open again.")
    return redirect(requisition)


@login_required
@require_POST
def add_hook(request: HttpRequest, pk: int) -> HttpResponse:
    """Tell an address when submissions end. Its secret is shown once."""
    user = user_of(request)
    policy.recruiter(user)
    requisition = _find(request, pk)
    form = forms.WebhookForm(request.POST, prefix="hook")
    if form.is_valid():
        try:
            guard.checked(form.cleaned_data["url"])
        except RefusedError as error:
            form.add_error("url", str(error))
    if not form.is_valid():
        return _page(request, requisition, form, 422)
    hook = Webhook.objects.create(requisition=requisition, url=form.cleaned_data["url"].strip(), created_by=user)
    says = "The receiver verifies the signature header with it. It is not shown again."
    return render(
        request,
        "web/secret.html",
        {"what": "Secret of the webhook", "secret": sign.secret(hook), "says": says, "back": requisition.get_absolute_url()},
    )


@login_required
@require_POST
def drop_hook(request: HttpRequest, pk: int) -> HttpResponse:
    """Call an address no more; what it had still to be told is given up."""
    policy.recruiter(user_of(request))
    hook = policy.find(Webhook.objects.filter(requisition__in=policy.requisitions(user_of(request))), pk)
    with transaction.atomic():
        hook.active = False
        hook.save(update_fields=["active"])
        hook.deliveries.update(next_try=None)
    messages.success(request, "The webhook is no longer called.")
    return redirect(hook.requisition)


def _find(request: HttpRequest, pk: int, *, lock: bool = False) -> Requisition:
    rows = policy.requisitions(user_of(request))
    found: Requisition = policy.find(rows.select_for_update() if lock else rows, pk)
    return found


def _page(request: HttpRequest, requisition: Requisition, form: forms.Form | None = None, status: int = 200) -> HttpResponse:
    titles = catalogue.areas()
    hooks = [(hook, list(hook.deliveries.all()[:3])) for hook in requisition.webhooks.filter(active=True)]
    context = {
        "requisition": requisition,
        "bars": [(titles.get(id, id), band) for id, band in requisition.bars.items()],
        "modules": [titles.get(id, id) for id in requisition.modules],
        "members": requisition.members.order_by("username"),
        "counts": _counts(requisition),
        "tombstones": Tombstone.objects.filter(requisition=requisition),
        "hooks": hooks,
        "hook_form": form or forms.WebhookForm(prefix="hook"),
    }
    return render(request, "web/requisitions/one.html", context, status=status)


def _counts(requisition: Requisition) -> list[tuple[str, str, int]]:
    """(state, label, how many)."""
    counted = dict(requisition.submissions.order_by().values_list("state").annotate(Count("pk")))
    return [(state, label, counted[state]) for state, label in State.choices if counted.get(state)]
