"""From the head and body of a request to its answer: what every lane of the front door shares.

A lane reads bytes and writes them; that a path decodes, that a browser's preflight is answered, and
what every answer has in its head is decided here, so that no lane is laxer than another.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import attrs
import structlog

from lastlight.web.clients import Proxies, client_of
from lastlight.web.cors import (
    METHODS,
    Origins,
    answer_options,
    answer_preflight,
    headers_for,
    is_preflight,
)
from lastlight.web.http import Handler, Headers, Request, Response
from lastlight.web.paths import BadPath, decode_path
from lastlight.web.problems import problem_response
from protocol.errors import Code, LastLightError, Refusal
from protocol.evolving import evolve
from protocol.limits import BODY_BYTES_MAX, BODY_TIMEOUT_S

_SECURITY: Final[Headers] = (
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("x-frame-options", "DENY"),
)
_TLS_ONLY: Final[Headers] = (("strict-transport-security", "max-age=31536000"),)

log = structlog.get_logger("lastlight.web")


@attrs.frozen(kw_only=True)
class WebSettings:
    """What the operator says about who may ask, and through whom."""

    origins: Origins = attrs.field(factory=Origins)
    proxies: Proxies = attrs.field(factory=Proxies)
    methods_at: Callable[[str], Sequence[str]] = lambda path: ()
    """The methods of a path, for OPTIONS; none if nothing is there."""
    body_timeout_s: float = BODY_TIMEOUT_S


@attrs.define(eq=False)
class BodyTooLarge(LastLightError):
    """The body is longer than BODY_BYTES_MAX. It was not read to its end."""


@attrs.define(eq=False)
class BodyTooSlow(LastLightError):
    """The body did not come as it was announced, or not in time."""


@attrs.frozen(kw_only=True)
class Head:
    """All of a request but its body, as its lane read it. Header names are lower case."""

    method: str
    raw_path: bytes
    query_string: bytes
    headers: Headers
    peer: str
    scheme: str


@attrs.frozen
class Answering:
    """Answers requests with `handler`."""

    handler: Handler
    settings: WebSettings

    async def answer(
        self, head: Head, request_id: str, read_body: Callable[[], Awaitable[bytes]]
    ) -> Response:
        """The answer to a request, complete but for what its lane adds.

        `connection: close` among its headers means that what else the client sends is no request.

        Args:
            read_body: asked for the body at most once, and only if somebody wants it; raises
                BodyTooLarge or BodyTooSlow.
        """
        try:
            request = self._request(head, request_id)
        except BadPath as error:
            return self.finish(None, malformed(str(error), request_id), request_id)
        if is_preflight(request):
            answer = answer_preflight(request, self.settings.origins)
            return self.finish(None, answer, request_id)
        answered = self._answer_early(request) or await self._answer_complete(request, read_body)
        return self.finish(request, answered, request_id)

    def failed(self, error: Exception, request_id: str) -> Response:
        """A bug of ours: told by the request's id, described only in our log."""
        log.error("request_failed", request_id=request_id, exc_info=error)
        refusal = Refusal(
            Code.INTERNAL,
            "the request was not understood by our own code; tell us its id and try again",
        )
        return self.finish(None, problem_response(refusal, request_id), request_id)

    def finish(self, request: Request | None, answer: Response, request_id: str) -> Response:
        """Add what every answer has; what the handler itself said wins."""
        said = dict(answer.headers)
        common: Headers = (("x-request-id", request_id), *_SECURITY)
        if request is not None:
            common += headers_for(request, self.settings.origins)
            common += _TLS_ONLY if request.scheme == "https" else ()
        headers = (*answer.headers, *[pair for pair in common if pair[0] not in said])
        return Response(answer.status, headers, answer.body, answer.stream)

    def _request(self, head: Head, request_id: str) -> Request:
        """The request without its body.

        Raises:
            BadPath: see `decode_path`.
        """
        client = client_of(head.peer, head.scheme, head.headers, self.settings.proxies)
        return Request(
            method=head.method,
            path=decode_path(head.raw_path),
            query_string=head.query_string,
            headers=head.headers,
            body=b"",
            client=client.address,
            scheme=client.scheme,
            request_id=request_id,
        )

    def _answer_early(self, request: Request) -> Response | None:
        """What needs neither body nor handler."""
        if request.method not in METHODS:
            refusal = Refusal(
                Code.METHOD_NOT_ALLOWED,
                f"{request.method[:32]} is not used here; OPTIONS tells what is",
            )
            here = self.settings.methods_at(request.path) or METHODS
            allow = (("allow", ", ".join(here)),)
            return _close_after(problem_response(refusal, request.request_id, allow))
        if "websocket" in (request.header("upgrade") or "").lower():
            return _close_after(
                malformed(
                    "a WebSocket begins on a connection of its own, at /ws, with the headers of"
                    " RFC 6455 in its first request",
                    request.request_id,
                )
            )
        if request.method == "OPTIONS" and (methods := self.settings.methods_at(request.path)):
            return answer_options(methods)
        return None

    async def _answer_complete(
        self, request: Request, read_body: Callable[[], Awaitable[bytes]]
    ) -> Response:
        # HEAD is GET whose body the server keeps to itself (RFC 9110 9.3.2).
        method = "GET" if request.method == "HEAD" else request.method
        try:
            body = await read_body()
        except BodyTooLarge:
            refusal = Refusal(
                Code.PAYLOAD_TOO_LARGE, f"a body may have at most {BODY_BYTES_MAX} bytes"
            )
            return _close_after(problem_response(refusal, request.request_id))
        except BodyTooSlow:
            detail = (
                "the body did not arrive as declared within"
                f" {self.settings.body_timeout_s:g} s; send it again"
            )
            return _close_after(malformed(detail, request.request_id))
        if body or method != request.method:
            request = evolve(request, method=method, body=body)
        try:
            return await self.handler(request)
        except LastLightError as error:
            return problem_response(error.refusal(), request.request_id)


def malformed(detail: str, request_id: str) -> Response:
    """What is no request that can be read."""
    return problem_response(Refusal(Code.MALFORMED_REQUEST, detail), request_id)


def _close_after(answer: Response) -> Response:
    """Say that the connection ends here: the rest of it can't be read as requests."""
    return evolve(answer, headers=(*answer.headers, ("connection", "close")))
