"""Answers, and refusals as `application/problem+json`, in the words of the contract."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

import msgspec
from starlette.responses import Response

HEADERS: Final = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
}
STATUSES: Final = {
    "malformed_request": 400,
    "idempotency_key_required": 400,
    "unauthenticated": 401,
    "insufficient_credits": 402,
    "age_unverified": 403,
    "alcohol_refused": 403,
    "banned": 403,
    "excluded": 403,
    "forbidden": 403,
    "geofence_outside": 403,
    "location_untrusted": 403,
    "spend_limit_reached": 403,
    "not_found": 404,
    "capacity_full": 409,
    "item_unavailable": 409,
    "price_changed": 409,
    "safety_hold_active": 409,
    "service_stopped": 409,
    "session_active": 409,
    "session_closed": 409,
    "venue_closed": 409,
    "qr_expired": 410,
    "idempotency_key_reused": 422,
    "location_inaccurate": 422,
    "quantity_limit": 422,
    "validation_failed": 422,
    "actor_unavailable": 503,
}


class Refused(Exception):
    """Nothing was done; `code` says why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def answered(status: int, body: bytes, **more: str) -> Response:
    """A JSON body that is encoded already."""
    headers = {**HEADERS, "x-request-id": str(uuid4()), **more}
    return Response(body, status, headers, "application/json")


def refused(refusal: Refused) -> Response:
    """The problem document of a refusal."""
    request_id = str(uuid4())
    document: dict[str, Any] = {
        "type": f"urn:lastlight:problem:{refusal.code}",
        "title": refusal.code.replace("_", " ").capitalize(),
        "status": STATUSES[refusal.code],
        "detail": refusal.detail,
        "instance": request_id,
        "code": refusal.code,
    }
    headers = {**HEADERS, "x-request-id": request_id}
    if refusal.code == "unauthenticated":
        headers["www-authenticate"] = "Bearer"
    body = msgspec.json.encode(document)
    return Response(body, document["status"], headers, "application/problem+json")
