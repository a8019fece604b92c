"""The examples in the OpenAPI document: there for everything, and taken by what they are for."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31

from lastlight.openapi import openapi_document
from lastlight.openapi_examples import BY_MEMBER, EXAMPLES
from lastlight.openapi_samples import Samples
from protocol.codec import decode
from protocol.codes import PROBLEMS, Code
from protocol.operations.base import Operation
from protocol.operations.requests import read_request
from protocol.operations.table import BY_NAME, OPERATIONS
from protocol.replies.base import REPLIES

DOCUMENT: dict[str, Any] = json.loads(json.dumps(openapi_document(), allow_nan=False))
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda row: row.name)


def of(operation: Operation) -> dict[str, Any]:
    """The part of the document that is about an operation."""
    found: dict[str, Any] = DOCUMENT["paths"][operation.path][operation.method.lower()]
    return found


def examples_in(operation: Operation, where: str) -> dict[str, Any]:
    """The examples of parameters in the path or in the query."""
    parameters = of(operation).get("parameters", ())
    return {
        parameter["name"]: parameter["example"]
        for parameter in parameters
        if parameter.get("in") == where and "example" in parameter
    }


def is_shaped(value: Any, schema: dict[str, Any]) -> list[str]:
    """What is wrong with a value by its schema."""
    whole = {**schema, "components": DOCUMENT["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(value)]


def test_the_document_is_an_openapi_document() -> None:
    """Generators of clients read it by the standard's own schema."""
    validator = jsonschema_rs.Draft202012Validator(OPENAPI_31)
    assert [error.message for error in validator.iter_errors(DOCUMENT)] == []


def test_each_schema_is_a_schema() -> None:
    """The document's schema does not look inside schemas; a wrong keyword there means nothing."""
    for name, schema in DOCUMENT["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid({"$schema": DRAFT, **schema}), name


DRAFT = "https://json-schema.org/draft/2020-12/schema"


@every_operation
def test_what_is_shown_as_a_request_is_taken(operation: Operation) -> None:
    """People copy examples first and read later."""
    body = b""
    if (described := of(operation).get("requestBody")) is not None and not operation.raw:
        media = described["content"]["application/json"]
        assert is_shaped(media["example"], media["schema"]) == []
        body = json.dumps(media["example"]).encode()
    query = parse_qsl(urlencode(examples_in(operation, "query")))
    path = {name: str(value) for name, value in examples_in(operation, "path").items()}
    assert set(path) == set(operation.parameters)
    read_request(operation, path, query, body)


@every_operation
def test_what_is_shown_as_an_answer_could_be_one(operation: Operation) -> None:
    """Whoever writes a client without a server has nothing else to try it on."""
    for status in (operation.status, *operation.also):
        content = of(operation)["responses"][str(status)].get("content", {})
        if operation.reply is None:
            assert "example" not in content.get(operation.media, {})
            continue
        media = content[operation.media]
        assert is_shaped(media["example"], media["schema"]) == []
        decode(operation.reply, media["example"])


@pytest.mark.parametrize("code", Code)
def test_each_problem_is_shown(code: Code) -> None:
    """A client's author sees what to look at before it ever happens."""
    shown = DOCUMENT["components"]["examples"][code.value]["value"]
    assert is_shaped(shown, {"$ref": "#/components/schemas/Problem"}) == []
    assert (shown["code"], shown["status"]) == (code.value, PROBLEMS[code].status)


def test_each_example_written_by_hand_is_shown() -> None:
    """One of a name that is gone is wrong before long."""
    assert set(EXAMPLES) <= {*BY_NAME, *REPLIES}
    text = json.dumps(DOCUMENT)
    for name, value in BY_MEMBER.items():
        assert json.dumps(value) in text, name


def test_what_is_nested_in_itself_is_noticed() -> None:
    """An example of it would never end."""
    endless = {"Endless": {"type": "object", "properties": {}, "required": ["again"]}}
    endless["Endless"]["properties"] = {"again": {"$ref": "#/components/schemas/Endless"}}
    with pytest.raises(AssertionError, match="nested in itself"):
        Samples(endless).of({"$ref": "#/components/schemas/Endless"}, whole=True)


def test_what_no_sample_fits_is_to_be_written_by_hand() -> None:
    """A wrong example is worse than none."""
    with pytest.raises(AssertionError, match="by hand"):
        Samples({}).of({"type": "string", "pattern": "^q{7}$", "minLength": 7}, whole=True)
