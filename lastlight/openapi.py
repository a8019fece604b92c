"""The OpenAPI 3.1 document, made from the operation table and the classes it names.

The same table drives every way in, so the document can't promise a route that isn't there. It is
the same for the same code: nothing in it depends on time, settings or order of import.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

import attrs

from lastlight.openapi_examples import EXAMPLES
from lastlight.openapi_schemas import Schema, Schemas
from protocol.addresses import Role
from protocol.codec import reader_of
from protocol.codes import PROBLEMS, Code
from protocol.limits import IDEMPOTENCY_KEY_CHARS_MAX
from protocol.operations.addresses import Finding
from protocol.operations.base import KeyRule, Operation
from protocol.operations.table import OPERATIONS

API_VERSION: Final = "1.0.0"
_BEARER: Final[dict[str, list[str]]] = {"bearer": []}
_PROBLEM: Final = "application/problem+json"


def openapi_document() -> dict[str, Any]:
    """The whole document as plain values; some milliseconds of work, so keep it."""
    schemas = Schemas()
    _add_problem(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for operation in sorted(OPERATIONS, key=lambda operation: (operation.path, operation.method)):
        path = paths.setdefault(operation.path, {})
        path[operation.method.lower()] = _operation(operation, schemas)
    categories = dict.fromkeys(operation.category for operation in OPERATIONS)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Last Light",
            "version": API_VERSION,
            "summary": "A server for night venues",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": category} for category in categories],
        "paths": paths,
        "components": {
            "schemas": schemas.components(),
            "parameters": _PARAMETERS,
            "headers": _HEADERS,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
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
    if operation.emits:
        made["x-emits"] = list(operation.emits)
    if parameters := _parameters(operation, schemas):
        made["parameters"] = parameters
    if operation.changes and (body := _body(operation, schemas)) is not None:
        made["requestBody"] = body
    made["responses"] = _responses(operation, schemas)
    return made


def _security(operation: Operation) -> list[dict[str, Any]]:
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
    if operation.key is KeyRule.REQUIRED:
        found.append({"$ref": "#/components/parameters/IdempotencyKeyRequired"})
    elif operation.key is KeyRule.ACCEPTED:
        found.append({"$ref": "#/components/parameters/IdempotencyKey"})
    if operation.precondition:
        found.append({"$ref": "#/components/parameters/IfMatch"})
    return found


def _body(operation: Operation, schemas: Schemas) -> dict[str, Any] | None:
    shape = schemas.of_class(operation.command, operation.parameters)
    if not shape["properties"]:
        return None
    if operation.lenient:
        shape["additionalProperties"] = True
    media: dict[str, Any] = {"schema": schemas.add(operation.name, shape)}
    if operation.name in EXAMPLES:
        media["example"] = EXAMPLES[operation.name]
    return {"required": "required" in shape, "content": {"application/json": media}}


def _responses(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    found: dict[str, Any] = {
        str(status): _success(operation, schemas) for status in (operation.status, *operation.also)
    }
    by_status: defaultdict[int, list[Code]] = defaultdict(list)
    for code in operation.problems:
        by_status[PROBLEMS[code].status].append(code)
    if operation.reply is not None and not operation.changes and _is_versioned(operation):
        found["304"] = {"description": "It has the version that If-None-Match names."}
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
        media: dict[str, Any] = {"schema": schemas.of(operation.reply)}
        if operation.reply.__name__ in EXAMPLES:
            media["example"] = EXAMPLES[operation.reply.__name__]
        made["content"] = {operation.media: media}
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
        "content": {_PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if any(PROBLEMS[code].retryable for code in codes):
        made["headers"] = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
    return made


def _add_problem(schemas: Schemas) -> None:
    fault = schemas.add(
        "FieldError",
        {
            "type": "object",
            "properties": {
                "pointer": {"type": "string", "format": "json-pointer"},
                "code": {"type": "string"},
                "detail": {"type": "string"},
            },
            "required": ["pointer", "code"],
        },
    )
    text = {"type": "string"}
    schemas.add(
        "Problem",
        {
            "type": "object",
            "description": "A problem document (RFC 9457). `instance` is the id of the request.",
            "properties": {
                "type": {"type": "string", "pattern": "^urn:lastlight:problem:"},
                "title": text,
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "detail": text,
                "instance": text,
                "code": {"type": "string", "enum": [str(code) for code in Code]},
                "errors": {"type": "array", "items": fault},
                "current_version": {"type": "integer"},
                "retry_after_s": {"type": "integer", "minimum": 0},
            },
            "required": ["type", "title", "status", "code"],
        },
    )


_DESCRIPTION: Final = (
    "Money is in integers of the minor unit, times are RFC 3339 in UTC with milliseconds. What is "
    "answered is durable. A changing request that got no answer, or 504 outcome_unknown, is asked "
    "again with the same Idempotency-Key and has its effect once."
)
_KEY: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Names the request; a repeat with the same key gets the first answer.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": IDEMPOTENCY_KEY_CHARS_MAX,
        "pattern": "^[!-~]+$",
    },
}
_PARAMETERS: Final[dict[str, Any]] = {
    "IdempotencyKey": _KEY,
    "IdempotencyKeyRequired": {**_KEY, "required": True},
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "required": True,
        "description": "The ETag of what is changed, as it was read.",
        "schema": {"type": "string", "pattern": '^"v[0-9]+"$'},
    },
}
_HEADERS: Final[dict[str, Any]] = {
    "ETag": {
        "description": "The version of what is answered.",
        "schema": {"type": "string", "pattern": '^"v[0-9]+"$'},
    },
    "IdempotencyReplayed": {
        "description": "true if this is the stored answer to an earlier request.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "RetryAfter": {
        "description": "Seconds after which the same request may succeed.",
        "schema": {"type": "integer", "minimum": 0},
    },
}


def _document(media: str) -> Schema:
    """What is no reply of ours: an object of another standard, text, or bytes."""
    if media == "application/json":
        return {"type": "object"}
    return {"type": "string"} if media.startswith("text/") else {}
