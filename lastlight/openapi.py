"""The OpenAPI 3.1 document, made from the operation table and the classes it names.

The same table drives every way in, so the document can't promise a route that isn't there. It is
the same for the same code: nothing in it depends on time, settings or order of import.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from lastlight.openapi_examples import EXAMPLES
from lastlight.openapi_parts import (
    DESCRIPTION,
    HEADERS,
    PARAMETERS,
    SECURITY_SCHEMES,
    add_problem,
    problem_examples,
)
from lastlight.openapi_samples import Samples
from lastlight.openapi_schemas import Schema, Schemas
from protocol.addresses import Role
from protocol.codec import reader_of
from protocol.codes import PROBLEMS, Code
from protocol.operations.addresses import Finding
from protocol.operations.base import KeyRule, Operation
from protocol.operations.table import OPERATIONS

API_VERSION: Final = "1.0.0"
_BEARER: Final[dict[str, list[str]]] = {"bearer": []}
_ELEVATED: Final[dict[str, list[str]]] = {"elevated": []}
_JSON: Final = "application/json"
_PROBLEM: Final = "application/problem+json"


def openapi_document() -> dict[str, Any]:
    """The whole document as plain values; some milliseconds of work, so keep it."""
    schemas = Schemas()
    add_problem(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for operation in sorted(OPERATIONS, key=lambda operation: (operation.path, operation.method)):
        path = paths.setdefault(operation.path, {})
        path[operation.method.lower()] = _operation(operation, schemas)
    components = schemas.components()
    _add_examples(paths, Samples(components))
    categories = dict.fromkeys(operation.category for operation in OPERATIONS)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Last Light",
            "version": API_VERSION,
            "summary": "A server for night venues",
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": category} for category in categories],
        "paths": paths,
        "components": {
            "schemas": components,
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "examples": problem_examples(),
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def _operation(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.category],
        "summary": operation.summary,
        "security": _security(operation),
        "x-least-role": operation.least.label,
        "x-websocket": operation.socket and not operation.precondition,
        "x-offline": operation.offline,
        "x-step-up": operation.step_up,
    }
    if operation.audited is not None:
        made["x-audited"] = operation.audited
    if operation.emits:
        made["x-emits"] = list(operation.emits)
    if parameters := _parameters(operation, schemas):
        made["parameters"] = parameters
    if operation.changes and (body := _body(operation, schemas)) is not None:
        made["requestBody"] = body
    made["responses"] = _responses(operation, schemas)
    return made


def _security(operation: Operation) -> list[dict[str, Any]]:
    if operation.step_up:
        return [_ELEVATED]
    if operation.least is not Role.PUBLIC:
        return [_BEARER]
    # A password can be reset with a token from a message, or signed in.
    return [{}, _BEARER] if operation.address.finding is Finding.TOKEN else []


def _parameters(operation: Operation, schemas: Schemas) -> list[dict[str, Any]]:
    members = reader_of(operation.command).members
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": schemas.of(members[name].type)}
        for name in operation.parameters
    ]
    if not operation.changes:
        shapes = schemas.of_class(operation.command, operation.parameters)["properties"]
        found.extend(
            {
                "name": name,
                "in": "query",
                "required": members[name].required,
                "schema": schema,
            }
            for name, schema in shapes.items()
        )
    found.extend({"$ref": f"#/components/parameters/{name}"} for name in _headers(operation))
    return found


def _headers(operation: Operation) -> Iterator[str]:
    """The headers that an operation heeds, by their names among the components."""
    if operation.key is KeyRule.REQUIRED:
        yield "IdempotencyKeyRequired"
    elif operation.key is KeyRule.ACCEPTED:
        yield "IdempotencyKeyIfAny" if operation.emergency else "IdempotencyKey"
    if operation.creates:
        yield from ("IfMatchOrNew", "IfNew")
    elif operation.precondition:
        yield "IfMatch"
    elif not operation.changes and _is_versioned(operation):
        yield "IfNoneMatch"
    if operation.raw:
        yield "StripeSignature"


def _body(operation: Operation, schemas: Schemas) -> dict[str, Any] | None:
    shape = schemas.of_class(operation.command, operation.parameters)
    if operation.raw:
        # Another's document: only its signature is checked before it is taken.
        shape = {"type": "object", "description": "An event of the payment provider."}
    elif not shape["properties"]:
        return None
    if operation.lenient:
        shape["additionalProperties"] = True
    content = {_JSON: {"schema": schemas.add(operation.name, shape)}}
    return {"required": operation.raw or "required" in shape, "content": content}


def _responses(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    found: dict[str, Any] = {
        str(status): _success(operation, schemas) for status in (operation.status, *operation.also)
    }
    by_status: defaultdict[int, list[Code]] = defaultdict(list)
    for code in operation.problems:
        by_status[PROBLEMS[code].status].append(code)
    if operation.reply is not None and not operation.changes and _is_versioned(operation):
        found["304"] = {
            "description": "It has the version that If-None-Match names.",
            "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
        }
    for status, codes in sorted(by_status.items()):
        found.setdefault(str(status), _problem(codes))
    return dict(sorted(found.items()))


def _success(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    made: dict[str, Any] = {"description": operation.summary}
    headers: dict[str, Any] = {}
    if operation.key is not KeyRule.NONE:
        headers["Idempotency-Replayed"] = {"$ref": "#/components/headers/IdempotencyReplayed"}
    if operation.reply is not None:
        if _is_versioned(operation):
            headers["ETag"] = {"$ref": "#/components/headers/ETag"}
        made["content"] = {operation.media: {"schema": schemas.of(operation.reply)}}
    elif operation.status == 200:
        made["content"] = {operation.media: {"schema": _document(operation.media)}}
    for media_type in operation.offers:
        made.setdefault("content", {})[media_type] = {"schema": _document(media_type)}
    if headers:
        made["headers"] = headers
    return made


def _is_versioned(operation: Operation) -> bool:
    """Whether the answer has an `ETag`."""
    reply = operation.reply
    return reply is not None and any(field.name == "version" for field in attrs.fields(reply))


def _problem(codes: list[Code]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "description": ", ".join(codes),
        "content": {
            _PROBLEM: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {
                    code.value: {"$ref": f"#/components/examples/{code.value}"} for code in codes
                },
            }
        },
    }
    if any(PROBLEMS[code].retryable for code in codes):
        made["headers"] = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
    if Code.METHOD_NOT_ALLOWED in codes:
        made["headers"] = {"Allow": {"$ref": "#/components/headers/Allow"}}
    return made


def _document(media: str) -> Schema:
    """What is no reply of ours: an object of another standard, text, or bytes."""
    if media == _JSON:
        return {"type": "object"}
    return {"type": "string"} if media.startswith("text/") else {}


def _add_examples(paths: Mapping[str, Mapping[str, Any]], samples: Samples) -> None:
    """Give each parameter, body and answer an example; what refers to it is known by now."""
    for operation in OPERATIONS:
        made = paths[operation.path][operation.method.lower()]
        for parameter in made.get("parameters", ()):
            if parameter.get("required") and "schema" in parameter:
                name, schema = parameter["name"], parameter["schema"]
                parameter["example"] = samples.of_member(name, schema)
        for media in made.get("requestBody", {}).get("content", {}).values():
            media["example"] = _example(operation.name, media["schema"], samples, whole=False)
        if operation.reply is None:
            continue
        for status in (operation.status, *operation.also):
            media = made["responses"][str(status)]["content"][operation.media]
            name = operation.reply.__name__
            media["example"] = _example(name, media["schema"], samples, whole=True)


def _example(name: str, schema: Schema, samples: Samples, *, whole: bool) -> Any:
    return EXAMPLES[name] if name in EXAMPLES else samples.of(schema, whole=whole)
