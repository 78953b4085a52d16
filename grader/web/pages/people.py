"""People and their keys, and the log of what they did."""

from __future__ import annotations

from datetime import timedelta

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from auditlog.models import LogEntry
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from grader.web import audit, policy, tokens
from grader.web.config import service_settings
from grader.web.models import ApiToken, Role, User
from grader.web.pages import forms
from grader.web.pages.person import user_of
from reports import redact

TELLING = {
    "candidate": frozenset({"name", "email", "reference", "legal_hold"}), "submission": frozenset({"origin", "label", "error"}),
    "decision": frozenset({"reason"}), "contest": frozenset({"says"}), "tombstone": frozenset({"reason"}),
}  # fmt: skip
"""Model -> fields that may say who a candidate is."""


@login_required
@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """Everybody; a new person gets a link to set a password, which the administrator passes on."""
    policy.admin(user_of(request))
    form = forms.PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        first, _, last = form.cleaned_data["full_name"].partition(" ")
        person = User(username=form.cleaned_data["username"], first_name=first, last_name=last, role=form.cleaned_data["role"])
        person.set_unusable_password()
        person.save()
        return _password_link(request, person)
    everybody = User.objects.annotate(factors=Count("authenticator")).order_by("username")
    people = [(person, forms.RoleForm(initial={"role": person.role}, prefix=f"p{person.pk}")) for person in everybody]
    return render(request, "web/people/list.html", {"people": people, "form": form}, status=422 if form.errors else 200)


@login_required
@require_POST
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """A person's role, whether they may sign in, a fresh password link, or an end to a second factor that they have lost. The last
    administrator stays one."""
    policy.admin(user_of(request))
    person: User = policy.find(User.objects.all(), pk)
    act = request.POST.get("act")
    if act == "link":
        return _password_link(request, person)
    if act == "factor":
        return _without_factor(request, person)
    with transaction.atomic():
        _change(request, pk, str(act))
    return redirect("people")


def _change(request: HttpRequest, pk: int, act: str) -> None:
    """Under a lock on all administrators, always taken in one order: two of them who end each other's role at once would leave none."""
    admins = list(User.objects.select_for_update(no_key=True).filter(role=Role.ADMIN).order_by("pk"))
    if user_of(request).pk not in {one.pk for one in admins if one.is_active}:
        raise PermissionDenied("You are no administrator any more.")
    person: User = next((one for one in admins if one.pk == pk), None) or policy.find(User.objects.select_for_update(no_key=True), pk)
    role = request.POST.get(f"p{pk}-role", person.role) if act == "role" else person.role
    active = not person.is_active if act == "active" else person.is_active
    left = sum(one.is_active for one in admins if one != person)
    if role not in Role.values:
        messages.error(request, "There is no such role.")
    elif person.is_admin and person.is_active and (role != Role.ADMIN or not active) and not left:
        messages.error(request, "This is the last administrator; make somebody else one first.")
    else:
        person.role, person.is_active = role, active
        person.save(update_fields=["role", "is_active"])
        messages.success(request, f"{person.username}: {person.get_role_display()}{'' if active else ', may not sign in'}.")


@login_required
@require_http_methods(["GET", "POST"])
def my_tokens(request: HttpRequest) -> HttpResponse:
    """A person's own API tokens; a new one is shown once."""
    user = user_of(request)
    form = forms.TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        secret = tokens.draw(tokens.API_PREFIX)
        data = form.cleaned_data
        expires = timezone.now() + timedelta(days=data["days"])
        ApiToken.objects.create(user=user, name=data["name"], scopes=data["scopes"], hint=secret[:8], digest=tokens.digest(secret), expires=expires)
        says = f"It works until {expires:%Y-%m-%d}. Send it as “Authorization: Bearer …”. It is not shown again."
        return render(request, "web/secret.html", {"what": "API token", "secret": secret, "says": says, "back": reverse("tokens")})
    return render(request, "web/people/tokens.html", {"tokens": user.tokens.all(), "form": form}, status=422 if form.errors else 200)


@login_required
@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    token = policy.find(user_of(request).tokens.all(), pk)
    token.revoked = token.revoked or timezone.now()
    token.save()
    messages.success(request, "The token no longer works.")
    return redirect("tokens")


@login_required
@require_GET
def audit_log(request: HttpRequest) -> HttpResponse:
    """Who did what, newest first; without names of candidates for whoever chose not to see any."""
    policy.admin(user_of(request))
    blind = bool(request.session.get("blind"))
    rows = LogEntry.objects.select_related("actor", "content_type").order_by("-timestamp", "-pk")
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    return render(request, "web/people/audit.html", {"page": page, "rows": [(entry, _changes(entry, blind=blind)) for entry in page]})


def _changes(entry: LogEntry, *, blind: bool) -> list[tuple[str, str]]:
    """(field, what became of it), without what was empty and stayed so. In a `blind` view only that a text about a candidate has changed."""
    hidden = TELLING.get(entry.content_type.model, frozenset()) if blind else frozenset()
    found = []
    for field, change in (entry.changes_dict or {}).items():
        if isinstance(change, dict):
            found.append((field, f"{change.get('operation', '')} {', '.join(change.get('objects', []))}"))
            continue
        before, after = ("" if value in (None, "None") else str(value) for value in change)
        if field in hidden and before != after:
            found.append((field, redact.HIDDEN))
        elif field not in ("id", "created") and before != after:
            found.append((field, f"{before} → {after or 'nothing'}" if before else after))
    return found


def _without_factor(request: HttpRequest, person: User) -> HttpResponse:
    """Their authenticator and recovery codes go; where a second factor is required, they set up another one at the next sign-in."""
    Authenticator.objects.filter(user=person).delete()
    messages.success(request, f"{person.username}: signs in by password, until another authenticator is set up.")
    return redirect("people")


def _password_link(request: HttpRequest, person: User) -> HttpResponse:
    audit.noted(person, "password link", "made")  # whoever holds it can become this person
    path = reverse("account_reset_password_from_key", args=[user_pk_to_url_str(person), default_token_generator.make_token(person)])
    address = (service_settings().public_url or request.build_absolute_uri("/").rstrip("/")) + path
    context = {
        "what": f"Link for {person.username} to set a password",
        "secret": address,
        "says": "It works once. Pass it on by a way that you trust.",
        "back": reverse("people"),
    }
    return render(request, "web/secret.html", context)
