"""Whoever writes something about a candidate holds on to them meanwhile: an erasure that comes between would leave it with nobody."""

from __future__ import annotations

from django.http import Http404

from grader.web.models import Candidate


def present(candidate: int) -> Candidate:
    """The candidate of this number, whom nobody erases until the transaction ends, which the caller has begun. An erasure that has begun is
    waited for. Http404 when they are gone: to everybody it is as if they had never been."""
    found = Candidate.objects.select_for_update(no_key=True).filter(pk=candidate).first()
    if found is None:
        raise Http404("These data were erased.")
    return found
