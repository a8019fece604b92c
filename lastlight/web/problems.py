"""Every answer of no, in one shape: `application/problem+json` (RFC 9457, Rule 17).

The status comes from the code's row in `PROBLEMS`, so no two places can disagree about it. Members
that every problem has can't be overwritten by what a code adds.
"""

from __future__ import annotations

from typing import Final

from lastlight.web.http import Headers, Response
from protocol.codec_json import render_json
from protocol.errors import Code, Refusal

PROBLEM_TYPE: Final = "application/problem+json"
_OWN_WORDS: Final = {
    Code.INTERNAL: "Something went wrong here",
    Code.OUTCOME_UNKNOWN: "Whether it was done is not known",
    Code.PAYLOAD_TOO_LARGE: "The body is too large",
    Code.STARTING: "The server is starting",
}


def title_of(code: Code) -> str:
    """A short sentence that is the same for every occurrence of the code."""
    return _OWN_WORDS.get(code) or code.value.replace("_", " ").capitalize()


def problem_of(refusal: Refusal, request_id: str) -> dict[str, object]:
    """The problem document of a refusal, as plain values."""
    document: dict[str, object] = {
        "type": f"urn:lastlight:problem:{refusal.code.value}",
        "title": title_of(refusal.code),
        "status": refusal.status,
        "detail": refusal.detail,
        "instance": request_id,
        "code": refusal.code.value,
    }
    if refusal.errors:
        document["errors"] = [
            {"pointer": error.pointer, "code": error.code, "detail": error.detail}
            for error in refusal.errors
        ]
    if refusal.current_version is not None:
        document["current_version"] = refusal.current_version
    if refusal.retry_after_s is not None:
        document["retry_after_s"] = refusal.retry_after_s
    return {**refusal.extra, **document}


def problem_response(refusal: Refusal, request_id: str, headers: Headers = ()) -> Response:
    """The answer that tells a refusal; `Retry-After` and `WWW-Authenticate` where they belong."""
    added = [("content-type", PROBLEM_TYPE), ("cache-control", "no-store"), *headers]
    if refusal.retry_after_s is not None:
        added.append(("retry-after", str(refusal.retry_after_s)))
    if refusal.code is Code.UNAUTHENTICATED:
        added.append(("www-authenticate", "Bearer"))
    return Response(refusal.status, tuple(added), render_json(problem_of(refusal, request_id)))
