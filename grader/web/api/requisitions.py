"""Requisitions by API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from grader.schema.causes import UsageError
from grader.web import catalogue, policy
from grader.web.api import schemas
from grader.web.api.submissions import ERRORS, MANAGE, READ
from grader.web.models import Requisition
from grader.web.pages.person import user_of
from grader.web.trouble import RefusedError

router = Router()


@router.get("", auth=READ, response={200: list[schemas.RequisitionOut]} | ERRORS, summary="List requisitions")
def index(request: HttpRequest) -> Any:
    return [schemas.requisition(row) for row in policy.requisitions(user_of(request))]


@router.post("", auth=MANAGE, response={201: schemas.RequisitionOut} | ERRORS, summary="Open a requisition")
def create(request: HttpRequest, payload: schemas.RequisitionIn) -> Any:
    """Challenge, mode, modules and bars stay as they are once somebody is queued."""
    policy.recruiter(user_of(request))
    _check(payload)
    row = Requisition(owner=user_of(request), **payload.dict())
    row.full_clean()
    row.save()
    return Status(201, schemas.requisition(row))


@router.get("/{pk}", auth=READ, response={200: schemas.RequisitionOut} | ERRORS, summary="One requisition")
def one(request: HttpRequest, pk: int) -> Any:
    return schemas.requisition(policy.find(policy.requisitions(user_of(request)), pk))


def _check(payload: schemas.RequisitionIn) -> None:
    try:
        spec = catalogue.challenge(payload.challenge)
    except UsageError as error:
        raise RefusedError(str(error), field="challenge") from None
    if payload.mode not in spec.modes:
        raise RefusedError(f"Challenge {spec.slug} has no mode {payload.mode!r}; it has {', '.join(spec.modes)}.", field="mode")
    strange = sorted(set(payload.modules) - set(spec.scoring.modules))
    if strange:
        raise RefusedError(f"Unknown modules: {', '.join(strange)}; there are {', '.join(spec.scoring.modules)}.", field="modules")
    areas = {*spec.scoring.core, *spec.scoring.modules}
    wrong = sorted(f"{area} = {band}" for area, band in payload.bars.items() if area not in areas or band not in spec.scoring.bands)
    if wrong:
        raise RefusedError(
            f"Unusable bars: {', '.join(wrong)}; areas are {', '.join(sorted(areas))}, bands {', '.join(spec.scoring.bands)}.", field="bars"
        )
