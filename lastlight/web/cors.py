"""OPTIONS, and which pages of other origins may read our answers (the Fetch standard's CORS).

Pure: from a request's method and headers to the headers of its answer. Tokens travel in
`Authorization`, never in cookies, so `Access-Control-Allow-Credentials` is never sent, and `*`
gives a page nothing that it could not get without a browser.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from lastlight.web.http import Headers, Request, Response

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ALLOWED_HEADERS: Final = (
    "authorization", "content-type", "idempotency-key", "if-match", "if-none-match",
    "x-request-id",
)  # fmt: skip
EXPOSED_HEADERS: Final = ("etag", "location", "retry-after", "x-request-id")
PREFLIGHT_KEEP_S: Final = 600


@attrs.frozen
class Origins:
    """The origins that are let in, such as `https://app.example`. `*` stands for any."""

    allowed: frozenset[str] = frozenset()

    @classmethod
    def of(cls, origins: Sequence[str]) -> Origins:
        """Origins as in the settings; a trailing slash is forgiven, case does not matter."""
        return cls(frozenset(origin.strip().rstrip("/").lower() for origin in origins))

    def allow(self, origin: str) -> str | None:
        """The value of Access-Control-Allow-Origin for a page of `origin`, or None."""
        if "*" in self.allowed:
            return "*"
        return origin if origin.lower() in self.allowed else None


def is_preflight(request: Request) -> bool:
    """Whether a browser asks what a page may ask."""
    return (
        request.method == "OPTIONS"
        and request.header("origin") is not None
        and request.header("access-control-request-method") is not None
    )


def answer_preflight(request: Request, origins: Origins) -> Response:
    """204 with what is allowed; with nothing but `Vary` for an origin that is not let in."""
    allowed = origins.allow(request.header("origin") or "")
    if allowed is None:
        return Response(204, (("vary", "Origin"),))
    return Response(
        204,
        (
            ("access-control-allow-origin", allowed),
            ("access-control-allow-methods", ", ".join(METHODS)),
            ("access-control-allow-headers", ", ".join(ALLOWED_HEADERS)),
            ("access-control-max-age", str(PREFLIGHT_KEEP_S)),
            ("vary", "Origin"),
        ),
    )


def answer_options(methods: Sequence[str]) -> Response:
    """204 with the methods that a path has (RFC 9110 9.3.7); asked by no page's preflight."""
    return Response(204, (("allow", ", ".join((*methods, "OPTIONS"))),))


def headers_for(request: Request, origins: Origins) -> Headers:
    """What to add to any other answer so that the asking page may read it."""
    origin = request.header("origin")
    if origin is None or not origins.allowed:
        return ()
    allowed = origins.allow(origin)
    if allowed is None:
        return (("vary", "Origin"),)
    return (
        ("access-control-allow-origin", allowed),
        ("access-control-expose-headers", ", ".join(EXPOSED_HEADERS)),
        ("vary", "Origin"),
    )
