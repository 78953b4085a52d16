"""The list of submissions: filter, search, sort. Sorted by time, name or state, never by a score."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.http import QueryDict

from grader.web import policy
from grader.web.models import Requisition, State, Submission, User
from grader.web.pages.person import Named, named

PER_PAGE = 50
NUMBER = re.compile(r"[0-9]{1,18}")
"""A key as a database can hold it."""
SORTS = {  # by the number in the end: rows that are alike in all else would move between pages
    "created": ("created", "pk"),
    "candidate": ("candidate__pseudonym", "pk"),
    "requisition": ("requisition__title", "pk"),
    "state": ("state", "-created", "-pk"),
}


@dataclass(frozen=True)
class Row:
    submission: Submission
    named: Named


@dataclass
class Listing:
    """One page of rows and what was asked for."""

    page: Page[Submission]
    rows: list[Row]
    requisitions: QuerySet[Requisition]
    state: str
    requisition: str
    search: str
    sort: str
    query: str
    moving: bool

    @property
    def headers(self) -> list[tuple[str, str, str, str]]:
        """(key, label, aria-sort, the sort that a click asks for)."""
        labels = {"candidate": "Candidate", "requisition": "Requisition", "state": "State", "created": "Handed in"}
        key, down = self.sort.lstrip("-"), self.sort.startswith("-")
        return [
            (name, label, ("descending" if down else "ascending") if name == key else "none", f"-{name}" if name == key and not down else name)
            for name, label in labels.items()
        ]


def listing(user: User, session: Mapping[str, Any], asked: QueryDict) -> Listing:
    """The rows that this person may see and asked for. Unknown filters are ignored."""
    rows = policy.submissions(user)
    state = asked.get("state", "") if asked.get("state", "") in State.values else ""
    requisition = asked.get("requisition", "") if NUMBER.fullmatch(asked.get("requisition", "")) else ""
    search = asked.get("q", "").strip()[:120].replace("\0", "")
    sort = asked.get("sort", "-created") if asked.get("sort", "-created").lstrip("-") in SORTS else "-created"
    if state:
        rows = rows.filter(state=state)
    if requisition:
        rows = rows.filter(requisition=int(requisition))
    if search:
        rows = rows.filter(_found(user, session, search))
    page = Paginator(_sorted(rows, user, session, sort), PER_PAGE).get_page(asked.get("page"))
    kept = asked.copy()
    for name in ("page", "sort", "rows"):
        kept.pop(name, None)
    return Listing(
        page=page, rows=[Row(row, named(row, user, session)) for row in page.object_list], requisitions=policy.requisitions(user).order_by("title"),
        state=state, requisition=requisition, search=search, sort=sort, query=kept.urlencode(), moving=any(row.is_open for row in page.object_list),
    )  # fmt: skip


def _found(user: User, session: Mapping[str, Any], search: str) -> Q:
    """Names are searched only where the reader may see them: else a search would tell whose pseudonym it is."""
    words = Q(candidate__pseudonym__iexact=search) | Q(requisition__title__icontains=search)
    if session.get("blind"):
        return words
    names = (
        Q(candidate__name__icontains=search) | Q(candidate__reference__icontains=search) | Q(origin__icontains=search) | Q(label__icontains=search)
    )
    return words | (names if user.is_recruiter else names & Q(requisition__blind=False))


def _sorted(rows: QuerySet[Submission], user: User, session: Mapping[str, Any], sort: str) -> QuerySet[Submission]:
    key, down = sort.lstrip("-"), sort.startswith("-")
    names: tuple[str, ...] = SORTS[key]
    if key == "candidate" and user.is_recruiter and not session.get("blind"):
        names = ("candidate__name", "candidate__reference", "candidate__pseudonym", "pk")
    return rows.order_by(*(_turned(name) for name in names) if down else names)


def _turned(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"
