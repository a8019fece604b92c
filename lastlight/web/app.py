"""The Quart application: from ASGI to `Request`, from `Response` to ASGI, and nothing else.

Routes are the operation table's, so Quart's own are not used: one dispatch takes every method and
path. What comes out is always an answer of ours; errors of Quart, Werkzeug and bugs of ours become
problem documents with the request's id, and never carry a traceback.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, cast
from uuid import uuid4

import attrs
import structlog
from quart import Response as QuartResponse
from quart import request as quart_request
from quart.ctx import RequestContext
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, RequestTimeout

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


class WebApp(QuartTrio):
    """The application that Hypercorn runs. `handler` decides; see `make_app`."""

    def __init__(self, handler: Handler, settings: WebSettings) -> None:
        super().__init__("lastlight", static_folder=None)
        self._handler = handler
        self._settings = settings
        self.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
        # Quart's own bound is the last resort: it answers through `handle_exception`.
        self.config["BODY_TIMEOUT"] = settings.body_timeout_s
        # Whoever takes no byte is cut off by the front door; a slow reader may take its time.
        self.config["RESPONSE_TIMEOUT"] = None
        self.config["PROPAGATE_EXCEPTIONS"] = False
        self.register_error_handler(Exception, self._answer_failure)

    async def dispatch_request(self, request_context: RequestContext | None = None) -> Any:
        """Answer any method on any path."""
        return _to_quart(await self._answer())

    async def _answer(self) -> Response:
        request_id = _request_id()
        try:
            request = self._head(request_id)
        except BadPath as error:
            return self._finish(None, _malformed(str(error), request_id), request_id)
        if is_preflight(request):
            answer = answer_preflight(request, self._settings.origins)
            return self._finish(None, answer, request_id)
        answer = self._answer_early(request) or await self._answer_complete(request)
        return self._finish(request, answer, request_id)

    def _answer_early(self, request: Request) -> Response | None:
        """What needs neither body nor handler."""
        if request.method not in METHODS:
            refusal = Refusal(
                Code.METHOD_NOT_ALLOWED,
                f"{request.method[:32]} is not used here; OPTIONS tells what is",
            )
            here = self._settings.methods_at(request.path) or METHODS
            allow = (("allow", ", ".join(here)),)
            return _close_after(problem_response(refusal, request.request_id, allow))
        if "websocket" in (request.header("upgrade") or "").lower():
            return _close_after(
                _malformed(
                    "a WebSocket begins on a connection of its own, at /ws, with the headers of"
                    " RFC 6455 in its first request",
                    request.request_id,
                )
            )
        if request.method == "OPTIONS" and (methods := self._settings.methods_at(request.path)):
            return answer_options(methods)
        return None

    async def _answer_complete(self, request: Request) -> Response:
        try:
            body = await quart_request.get_data(cache=False, parse_form_data=False)
            # HEAD is GET whose body the server keeps to itself (RFC 9110 9.3.2).
            method = "GET" if request.method == "HEAD" else request.method
            return await self._handler(
                attrs.evolve(request, method=method, body=bytes(cast(bytes, body)))
            )
        except RequestEntityTooLarge:
            refusal = Refusal(
                Code.PAYLOAD_TOO_LARGE, f"a body may have at most {BODY_BYTES_MAX} bytes"
            )
            return _close_after(problem_response(refusal, request.request_id))
        except RequestTimeout:
            return _close_after(
                _malformed(
                    "the body did not arrive as declared within"
                    f" {self._settings.body_timeout_s:g} s; send it again",
                    request.request_id,
                )
            )
        except LastLightError as error:
            return problem_response(error.refusal(), request.request_id)

    def _head(self, request_id: str) -> Request:
        """All of the request but its body.

        Raises:
            BadPath: see `decode_path`.
        """
        scope = _scope()
        headers = tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1"))
            for name, value in scope["headers"]
        )
        peer = scope["client"]
        client = client_of(
            peer[0] if peer is not None else "", scope["scheme"], headers, self._settings.proxies
        )
        return Request(
            method=scope["method"],
            path=decode_path(scope["raw_path"]),
            query_string=scope["query_string"],
            headers=headers,
            body=b"",
            client=client.address,
            scheme=client.scheme,
            request_id=request_id,
        )

    def _finish(self, request: Request | None, answer: Response, request_id: str) -> Response:
        """Add what every answer has; what the handler itself said wins."""
        said = {name for name, _ in answer.headers}
        common: Headers = (("x-request-id", request_id), *_SECURITY)
        if request is not None:
            common += headers_for(request, self._settings.origins)
            common += _TLS_ONLY if request.scheme == "https" else ()
        added = tuple(pair for pair in common if pair[0] not in said)
        return attrs.evolve(answer, headers=(*answer.headers, *added))

    async def _answer_failure(self, error: Exception) -> QuartResponse:
        """A bug, or an error of Quart's own: told by its id, described only in our log."""
        request_id = _request_id()
        if isinstance(error, HTTPException) and error.code is not None and error.code < 500:
            answer = _malformed(error.description or "the request can't be read", request_id)
        else:
            log.error("request_failed", request_id=request_id, exc_info=error)
            refusal = Refusal(
                Code.INTERNAL,
                "the request was not understood by our own code; tell us its id and try again",
            )
            answer = problem_response(refusal, request_id)
        return _to_quart(self._finish(None, answer, request_id))


def make_app(handler: Handler, settings: WebSettings) -> WebApp:
    """The application that answers with `handler`."""
    return WebApp(handler, settings)


def _request_id() -> str:
    """One id for a request, made once and kept in its scope."""
    state = _scope().setdefault("state", {})
    return cast(str, state.setdefault("request_id", str(uuid4())))


def _scope() -> dict[str, Any]:
    """The ASGI scope of the request that this task answers."""
    return cast(dict[str, Any], quart_request.scope)


def _malformed(detail: str, request_id: str) -> Response:
    return problem_response(Refusal(Code.MALFORMED_REQUEST, detail), request_id)


def _close_after(answer: Response) -> Response:
    """Say that the connection ends here: the rest of it can't be read as requests."""
    if quart_request.http_version.startswith("2"):
        return answer  # HTTP/2 ends the stream; the connection goes on.
    return attrs.evolve(answer, headers=(*answer.headers, ("connection", "close")))


def _to_quart(answer: Response) -> QuartResponse:
    body = answer.body if answer.stream is None else answer.stream
    response = QuartResponse(body, status=answer.status)
    response.headers.clear()
    for name, value in answer.headers:
        response.headers.add(name, value)
    if answer.stream is None and answer.status >= 200 and answer.status not in {204, 304}:
        response.headers["content-length"] = str(len(answer.body))
    return response
