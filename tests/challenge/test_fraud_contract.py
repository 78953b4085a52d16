"""The OpenAPI document, the JSON schemas and the samples are one contract."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from challenges.loader import LoadedChallenge

SCHEMAS = ("request", "response", "features", "alert", "audit", "feedback", "version", "error")


@pytest.fixture(scope="module")
def folder(fraud: LoadedChallenge) -> Path:
    return fraud.folder / "contract"


@pytest.fixture(scope="module")
def document(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((folder / "openapi.yaml").read_text("utf-8"))
    return loaded


def walk(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            yield from walk(value, (*path, str(key)))
    elif isinstance(node, list):
        for value in node:
            yield from walk(value, path)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_a_json_schema(folder: Path, name: str) -> None:
    Draft202012Validator.check_schema(json.loads((folder / f"{name}.schema.json").read_text("utf-8")))


def test_no_schema_stands_there_unused_or_unlisted(folder: Path, document: dict[str, Any]) -> None:
    used = {node["$ref"] for _, node in walk(document) if str(node.get("$ref", "")).endswith(".schema.json")}
    assert used == {f"{name}.schema.json" for name in SCHEMAS} == {path.name for path in folder.glob("*.schema.json")}


@pytest.mark.parametrize("name", [name for name in SCHEMAS if name != "error"])
def test_every_schema_has_valid_samples(folder: Path, name: str) -> None:
    schema = json.loads((folder / f"{name}.schema.json").read_text("utf-8"))
    samples = sorted((folder / "samples").glob(f"{name}-*.json"))
    assert samples
    for path in samples:
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(json.loads(path.read_text("utf-8")))


def test_no_sample_stands_there_without_a_schema(folder: Path) -> None:
    assert {path.name.split("-")[0] for path in (folder / "samples").iterdir()} <= set(SCHEMAS)


def test_the_document_has_the_form_of_openapi(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.") and {"title", "version"} <= set(document["info"])
    methods = {"get", "post"}
    operations = [(path, method, item[method]) for path, item in document["paths"].items() for method in methods & set(item)]
    assert len({operation["operationId"] for _, _, operation in operations}) == len(operations) == len(document["paths"])
    for path, method, operation in operations:
        assert path.startswith("/") and operation["summary"] and operation["responses"], path
        assert operation["x-part"] in {"core", "module"}
        assert all(response.get("description") or response.get("$ref") for response in operation["responses"].values())
        assert (method == "post") == ("requestBody" in operation)


def test_every_reference_leads_somewhere(folder: Path, document: dict[str, Any]) -> None:
    for _, node in walk(document):
        target = str(node.get("$ref", ""))
        if target.startswith("#/"):
            found: Any = document
            for step in target[2:].split("/"):
                found = found[step]
        elif target:
            assert (folder / target).is_file(), target
        if "externalValue" in node:
            assert (folder / node["externalValue"]).is_file(), node


def test_the_document_has_exactly_the_routes_of_the_challenge(fraud: LoadedChallenge, document: dict[str, Any]) -> None:
    contract = fraud.spec.contract
    routes = {contract.predict, contract.health, contract.ready, contract.metrics, contract.feedback, contract.version}
    assert set(document["paths"]) == routes
    predict = document["paths"][contract.predict]["post"]
    assert f"contract/{predict['requestBody']['content']['application/json']['schema']['$ref']}" == contract.request_schema
    assert f"contract/{predict['responses']['200']['content']['application/json']['schema']['$ref']}" == contract.response_schema
    assert document["info"]["version"] == fraud.spec.version


def test_the_feature_stores_answers_are_as_the_contract_says(folder: Path, fraud: LoadedChallenge) -> None:
    schema = json.loads((folder / "features.schema.json").read_text("utf-8"))
    validator = Draft202012Validator(schema)
    rows = fraud.simulator().stream(3000, 3)
    assert [error.message for row in rows for error in validator.iter_errors(row.features)] == []
    assert set(rows[0].features) == set(schema["properties"])
