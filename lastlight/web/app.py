"""The Quart application: from ASGI to `Head`, from `Response` to ASGI, and nothing else.

Routes are the operation table's, so Quart's own are not used: one dispatch takes every method and
path. What comes out is always an answer of ours; errors of Quart, Werkzeug and bugs of ours become
problem documents with the request's id, and never carry a traceback.
"""

from __future__ import annotations

from typing import Any, cast

import attrs
from quart import Response as QuartResponse
from quart import request as quart_request
from quart.ctx import RequestContext
from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, RequestTimeout

from lastlight.web.answering import Answering, BodyTooLarge, BodyTooSlow, Head, malformed
from lastlight.web.http import Response
from lastlight.web.request_ids import fresh_request_id
from protocol.limits import BODY_BYTES_MAX


class WebApp(QuartTrio):
    """The application that Hypercorn runs. `answering` decides; see `make_app`."""

    def __init__(self, answering: Answering) -> None:
        super().__init__("lastlight", static_folder=None)
        self._answering = answering
        self.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
        # Quart's own bound is the last resort: it answers through `handle_exception`.
        self.config["BODY_TIMEOUT"] = answering.settings.body_timeout_s
        # Whoever takes no byte is cut off by the front door; a slow reader may take its time.
        self.config["RESPONSE_TIMEOUT"] = None
        self.config["PROPAGATE_EXCEPTIONS"] = False
        self.register_error_handler(Exception, self._answer_failure)

    async def dispatch_request(self, request_context: RequestContext | None = None) -> Any:
        """Answer any method on any path."""
        return _to_quart(await self._answering.answer(_head(), _request_id(), _read_body))

    async def _answer_failure(self, error: Exception) -> QuartResponse:
        """A bug, or an error of Quart's own."""
        request_id = _request_id()
        if isinstance(error, HTTPException) and error.code is not None and error.code < 500:
            answer = malformed(error.description or "the request can't be read", request_id)
            return _to_quart(self._answering.finish(None, answer, request_id))
        return _to_quart(self._answering.failed(error, request_id))


def make_app(answering: Answering) -> WebApp:
    """The application that answers as `answering` does."""
    return WebApp(answering)


def _head() -> Head:
    """All of the request but its body."""
    scope = _scope()
    peer = scope["client"]
    return Head(
        method=scope["method"],
        raw_path=scope["raw_path"],
        query_string=scope["query_string"],
        headers=tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1"))
            for name, value in scope["headers"]
        ),
        peer=peer[0] if peer is not None else "",
        scheme=scope["scheme"],
    )


async def _read_body() -> bytes:
    """The body, of BODY_BYTES_MAX at most.

    Raises:
        BodyTooLarge, BodyTooSlow: it is not to be had.
    """
    try:
        body = await quart_request.get_data(cache=False, parse_form_data=False)
    except RequestEntityTooLarge:
        raise BodyTooLarge from None
    except RequestTimeout:
        raise BodyTooSlow from None
    return bytes(cast(bytes, body))


def _request_id() -> str:
    """One id for a request, made once and kept in its scope."""
    state = _scope().setdefault("state", {})
    return cast(str, state.setdefault("request_id", fresh_request_id()))


def _scope() -> dict[str, Any]:
    """The ASGI scope of the request that this task answers."""
    return cast(dict[str, Any], quart_request.scope)


def _to_quart(answer: Response) -> QuartResponse:
    if quart_request.http_version.startswith("2"):
        # HTTP/2 ends the stream; the connection goes on.
        kept = tuple(pair for pair in answer.headers if pair[0] != "connection")
        answer = attrs.evolve(answer, headers=kept)
    body = answer.body if answer.stream is None else answer.stream
    response = QuartResponse(body, status=answer.status)
    response.headers.clear()
    for name, value in answer.headers:
        response.headers.add(name, value)
    if answer.stream is None and answer.status >= 200 and answer.status not in {204, 304}:
        response.headers["content-length"] = str(len(answer.body))
    return response
