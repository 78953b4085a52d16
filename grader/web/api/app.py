"""The API's routes. Errors are JSON of one shape; what a token's owner may not see does not exist."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError
from ninja.errors import ValidationError as BadBody

from grader import __version__
from grader.web.api import requisitions, submissions
from grader.web.trouble import RefusedError, problem

api = NinjaAPI(
    title="Take-home grader",
    version=__version__,
    description="Hand in repositories, follow their grading, read results, record decisions. Scores support people's decisions.",
    docs_url=None,  # our own page shows it, without a script
    openapi_url="/openapi.json",
    urls_namespace="api",
)
NOT_FIELDS = ("body", "payload", "query", "path", "form", "file")
"""What the framework puts before a field's name: where in the request it looked."""

api.add_router("/submissions", submissions.router, tags=["submissions"])
api.add_router("/requisitions", requisitions.router, tags=["requisitions"])


@api.exception_handler(RefusedError)
def _refused(request: HttpRequest, error: RefusedError) -> Any:
    status = 409 if error.existing else 422
    return api.create_response(request, problem(str(error), error.field, error.existing), status=status)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> Any:
    return api.create_response(request, problem(" ".join(error.messages), next(iter(getattr(error, "error_dict", {})), "")), status=422)


@api.exception_handler(BadBody)
def _bad_body(request: HttpRequest, error: BadBody) -> Any:
    first = error.errors[0]
    field = ".".join(str(part) for part in first["loc"] if part not in NOT_FIELDS)
    return api.create_response(request, problem(f"{field}: {first['msg']}" if field else first["msg"], field), status=422)


@api.exception_handler(PermissionDenied)
def _denied(request: HttpRequest, error: PermissionDenied) -> Any:
    return api.create_response(request, problem(str(error)), status=403)


@api.exception_handler(HttpError)
def _unreadable(request: HttpRequest, error: HttpError) -> Any:
    return api.create_response(request, problem(str(error)), status=error.status_code)


@api.exception_handler(Http404)
def _missing(request: HttpRequest, error: Http404) -> Any:
    return api.create_response(request, problem("There is no such thing, or it is not yours to see."), status=404)


@api.exception_handler(AuthenticationError)
def _unknown(request: HttpRequest, error: AuthenticationError) -> Any:
    says = "A usable token with the scope of this call is needed: Authorization: Bearer ..."
    return api.create_response(request, problem(says), status=401)
