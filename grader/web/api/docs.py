"""/api/docs: the OpenAPI document as a plain page, so that reading it needs no script."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from grader.web.api.app import api
from grader.web.api.auth import TOKEN


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    summary: str
    scope: str
    parameters: list[dict[str, Any]]
    body: list[dict[str, Any]]
    media: str
    answers: list[tuple[str, str]]


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Every operation with its parameters, body and answers."""
    schema = json.loads(json.dumps(api.get_openapi_schema(), default=str))
    operations = [_operation(schema, path, method, spec) for path, methods in schema["paths"].items() for method, spec in methods.items()]
    return render(request, "web/api_docs.html", {"operations": operations, "info": schema["info"]})


def _operation(schema: dict[str, Any], path: str, method: str, spec: dict[str, Any]) -> Operation:
    content = spec.get("requestBody", {}).get("content", {})
    media = next(iter(content), "")
    body = _resolved(schema, content[media]["schema"]) if media else {}
    return Operation(
        id=f"{method}-{path.strip('/').replace('/', '-').replace('{', '').replace('}', '')}",
        method=method.upper(),
        path=path,
        summary=spec.get("summary", ""),
        scope=next(iter(spec.get("security", [{}])[0]), "").removeprefix(TOKEN),
        parameters=[
            {"name": p["name"], "in": p["in"], "type": _type(p["schema"]), "required": p.get("required", False)} for p in spec.get("parameters", [])
        ],
        body=[
            {"name": name, "type": _type(field), "required": name in body.get("required", []), "says": field.get("description", "")}
            for name, field in body.get("properties", {}).items()
        ],
        media=media,
        answers=[(str(code), ANSWERS.get(str(code), answer.get("description", ""))) for code, answer in spec["responses"].items()],
    )


def _resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """The schema behind a $ref."""
    name = part.get("$ref", "").rsplit("/", 1)[-1]
    found: dict[str, Any] = schema["components"]["schemas"][name] if name else part
    return found


def _type(field: dict[str, Any]) -> str:
    """A type in a word or two."""
    if "anyOf" in field:
        return " or ".join(_type(part) for part in field["anyOf"] if part.get("type") != "null") + ", may be null"
    kind = field.get("format") or field.get("type", "object")
    return f"list of {_type(field['items'])}" if kind == "array" and "items" in field else str(kind)


ANSWERS = {
    "200": "done", "201": "made", "401": "no usable token", "403": "your role does not allow it", "404": "no such thing, or not yours to see",
    "405": "not by this method", "409": "it would repeat an earlier one, which “existing” names", "413": "too large",
    "422": "something cannot be used; “detail” says what", "503": "a part of the service is down; try again",
}  # fmt: skip
