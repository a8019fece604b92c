"""The OpenAPI document: whole, true to the table, and the same every time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

import attrs
import pytest

from lastlight.openapi import _parameters, openapi_document
from lastlight.openapi_schemas import Schemas
from protocol.addresses import Role
from protocol.codec import reader_of
from protocol.operations.base import KeyRule, Operation
from protocol.operations.table import BY_NAME, OPERATIONS

every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda row: row.name)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The document as a client reads it."""
    made: dict[str, Any] = json.loads(json.dumps(openapi_document(), allow_nan=False))
    return made


def references(value: Any) -> Iterator[str]:
    """Everything that is referred to."""
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def of(document: dict[str, Any], operation: Operation) -> dict[str, Any]:
    """The part of the document that is about an operation."""
    found: dict[str, Any] = document["paths"][operation.path][operation.method.lower()]
    return found


def fields_of(operation: Operation) -> set[str]:
    """What a client may send for an operation."""
    return set(reader_of(operation.command).members)


def test_everything_referred_to_is_defined(document: dict[str, Any]) -> None:
    """A generator of clients stops at the first reference that leads nowhere."""
    for reference in references(document):
        value: Any = document
        for token in reference.removeprefix("#/").split("/"):
            value = value[token]
        assert value


def test_everything_defined_is_referred_to(document: dict[str, Any]) -> None:
    """What nothing uses is left over from something and misleads."""
    used = {reference.rpartition("/")[2] for reference in references(document)}
    assert set(document["components"]["schemas"]) == used & set(document["components"]["schemas"])


def test_the_document_is_the_same_every_time() -> None:
    """Its ETag is made of its bytes."""
    assert json.dumps(openapi_document()) == json.dumps(openapi_document())


def test_every_route_is_in_it_and_no_other(document: dict[str, Any]) -> None:
    """The document is made of the table that routes are made of."""
    routes = {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert routes == {operation.route for operation in OPERATIONS}


@every_operation
def test_an_operation_tells_its_statuses_and_who_may_ask(
    document: dict[str, Any], operation: Operation
) -> None:
    """A client's author has this page and no other."""
    found = of(document, operation)
    assert {str(operation.status), *map(str, operation.also)} <= set(found["responses"])
    needed = "elevated" if operation.step_up else "bearer"
    assert (found["security"] == [{needed: []}]) == (operation.least is not Role.PUBLIC)
    headers = [parameter.get("$ref", "") for parameter in found.get("parameters", [])]
    required = any(header.endswith("IdempotencyKeyRequired") for header in headers)
    assert required == (operation.key is KeyRule.REQUIRED)


@every_operation
def test_path_parameters_stand_in_the_path_and_not_in_the_body(
    document: dict[str, Any], operation: Operation
) -> None:
    """The decoder refuses them in the body, so the schema must not offer them."""
    found = of(document, operation)
    named = {item["name"] for item in found.get("parameters", []) if item.get("in") == "path"}
    assert named == set(operation.parameters)
    if "requestBody" in found:
        shape = document["components"]["schemas"][operation.name]
        assert set(shape.get("properties", ())) == fields_of(operation) - named


def test_bounds_and_prepared_fields_are_as_the_decoder_has_them(document: dict[str, Any]) -> None:
    """What is shown is what is taken; what steps fill in is nobody else's business."""
    schemas = document["components"]["schemas"]
    check_in = schemas["CheckIn"]
    assert check_in["properties"]["party_size"]["maximum"] == 50
    assert "code_step_at" not in check_in["properties"]
    assert check_in["additionalProperties"] is False
    assert schemas["RaiseSos"]["additionalProperties"] is True
    assert schemas["RegisterUser"]["properties"]["password"]["format"] == "password"
    assert schemas["CheckedIn"]["properties"]["session_id"] == {"type": "string", "format": "uuid"}


@attrs.frozen(kw_only=True)
class Shapes:
    """Types that no command of today has."""

    either: int | bool
    word: Literal["up", "down"] | None
    anything: Any
    maybe: Any | None


def test_every_type_that_is_read_has_a_schema() -> None:
    """A class of tomorrow must not stop the document of everything else."""
    properties = Schemas().of_class(Shapes)["properties"]
    assert [option["type"] for option in properties["either"]["anyOf"]] == ["integer", "boolean"]
    assert properties["word"]["anyOf"][0]["enum"] == ["up", "down"]
    assert properties["anything"] == properties["maybe"] == {}
    assert "description" not in Schemas().of_class(attrs.make_class("Bare", []))


def test_two_classes_of_one_name_are_noticed() -> None:
    """One of them would be described by the other's fields."""
    schemas = Schemas()
    schemas.of(Shapes)
    with pytest.raises(AssertionError, match="two classes"):
        schemas.of(attrs.make_class("Shapes", {"id": attrs.field(type=int)}))


def test_a_version_to_be_changed_is_asked_for_in_a_header() -> None:
    """If-Match is no field of the command, so it stands nowhere else."""
    found = _parameters(attrs.evolve(BY_NAME["CheckOut"], precondition=True), Schemas())
    assert {"$ref": "#/components/parameters/IfMatch"} in found
