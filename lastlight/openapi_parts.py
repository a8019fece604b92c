"""What the OpenAPI document says once and refers to: problems, headers, parameters, tokens."""

from __future__ import annotations

from typing import Any, Final

from lastlight.openapi_schemas import Schemas
from lastlight.web.problems import problem_of
from protocol.codec import parse_json, render_json
from protocol.codes import PROBLEMS, Code
from protocol.errors import FieldError, Refusal
from protocol.limits import IDEMPOTENCY_KEY_CHARS_MAX


def add_problem(schemas: Schemas) -> None:
    """Put in what every refusal looks like."""
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


DESCRIPTION: Final = (
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
        "pattern": "^[!-~]([ -~]*[!-~])?$",
    },
}
_IF_MATCH: Final[dict[str, Any]] = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of what is changed, as it was read.",
    "schema": {"type": "string", "pattern": '^"v[0-9]+"$'},
}
PARAMETERS: Final[dict[str, Any]] = {
    "IdempotencyKey": _KEY,
    "IdempotencyKeyRequired": {**_KEY, "required": True},
    "IdempotencyKeyIfAny": {
        **_KEY,
        "description": "Names the request; a repeat with the same key gets the first answer. What "
        "is no key is dropped: no fault of form keeps an emergency from being heard.",
        "schema": {"type": "string"},
    },
    "IfMatch": _IF_MATCH,
    "IfMatchOrNew": {
        **_IF_MATCH,
        "required": False,
        "description": "The ETag of what is replaced. To make it anew, If-None-Match: * instead.",
    },
    "IfNew": {
        "name": "If-None-Match",
        "in": "header",
        "required": False,
        "description": "* makes what is not there yet.",
        "schema": {"type": "string", "enum": ["*"]},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "required": False,
        "description": "The ETag of what is known; 304 if that is still what stands here.",
        "schema": {"type": "string"},
    },
    "StripeSignature": {
        "name": "Stripe-Signature",
        "in": "header",
        "required": True,
        "description": "Time and HMAC over the body as it was sent; 300 s are tolerated.",
        "schema": {"type": "string", "minLength": 1},
    },
}
HEADERS: Final[dict[str, Any]] = {
    "Allow": {
        "description": "The methods that this path has.",
        "schema": {"type": "string"},
    },
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
SECURITY_SCHEMES: Final[dict[str, Any]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of a sign-in; good for 15 minutes.",
    },
    "elevated": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of `POST /api/auth/step-up`; elevated for 5 minutes.",
    },
}


def problem_examples() -> dict[str, Any]:
    """A problem document of each code, by the code."""
    return {code.value: {"value": _problem_of(code)} for code in sorted(Code)}


def _problem_of(code: Code) -> dict[str, object]:
    more: dict[Code, dict[str, Any]] = {
        Code.VERSION_CONFLICT: {"current_version": 4},
        Code.VALIDATION_FAILED: {
            "errors": (FieldError("/lines/0/qty", "out_of_range", "must be 1 to 20; is 0"),)
        },
    }
    retry_after_s = 1 if PROBLEMS[code].retryable else None
    given = {"retry_after_s": retry_after_s, **more.get(code, {})}
    said = Refusal(code, "what is the matter here, and what may be done", **given)
    made = parse_json(render_json(problem_of(said, _REQUEST)))
    assert isinstance(made, dict)
    return made


_REQUEST: Final = "01935d2a-7c00-4000-8000-0000000000f6"
