"""HTTP requests over the operation table: the same for every lane that reads them."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

import attrs
import msgspec
import trio

from actors.rules.idempotency import fingerprint_of, refuse_key
from actors.rules.preconditions import etag_of, is_unchanged, parse_if_match
from actors.runtime.answers import Answer
from lastlight.auth.ratelimit import Caller as Counter
from lastlight.gateway.calls import NOBODY, Call, Caller, Refused
from lastlight.gateway.dispatch import Dispatcher
from lastlight.gateway.media import HTML, Document, media_of
from lastlight.logs import bound_request, log_request
from lastlight.metrics import Metrics
from lastlight.web.http import Headers, Request, Response
from lastlight.web.problems import problem_response
from protocol.addresses import Principal
from protocol.codec import Invalid, Malformed
from protocol.errors import Code, LastLightError, Refusal
from protocol.messages import KeyScope
from protocol.operations.base import KeyRule, Operation, RateRule
from protocol.operations.requests import Taken, read_request
from protocol.operations.table import MethodNotAllowed, find

_JSON: Final = "application/json"
_UNKNOWN: Final = "unknown"


class HttpGateway:
    """Answers requests."""

    def __init__(self, dispatcher: Dispatcher, metrics: Metrics) -> None:
        self._dispatcher = dispatcher
        self._guard = dispatcher.guard
        self._metrics = metrics

    async def handle(self, request: Request) -> Response:
        """The answer to a request, whatever it is. Refusals are problem documents."""
        started = trio.current_time()
        found = find(request.method, request.path)
        name = _UNKNOWN if found is None or isinstance(found, MethodNotAllowed) else found[0].name
        with bound_request(request.request_id):
            try:
                response = await self._answer(request, found)
            except LastLightError as error:
                response = problem_response(error.refusal(), request.request_id)
            elapsed_s = trio.current_time() - started
            self._metrics.observe_request(
                operation=name, status=response.status, elapsed_s=elapsed_s
            )
            log_request(request.request_id, name, response.status, elapsed_s)
        return response

    async def _answer(
        self,
        request: Request,
        found: tuple[Operation, dict[str, str]] | MethodNotAllowed | None,
    ) -> Response:
        if found is None:
            raise Refused(Refusal(Code.NOT_FOUND, f"there is nothing at {request.path[:200]}"))
        if isinstance(found, MethodNotAllowed):
            refusal = Refusal(
                Code.METHOD_NOT_ALLOWED, f"this takes {', '.join(found.allowed)} only"
            )
            allow = (("allow", ", ".join(found.allowed)),)
            return problem_response(refusal, request.request_id, allow)
        operation, path = found
        principal = self._guard.principal_of(request.header("authorization"), operation)
        counter = self._guard.counter_of(operation, principal, request.client)
        self._guard.take(counter)
        self._guard.refuse_role(principal, operation)
        call = self._read(request, operation, path, principal)
        if operation.rate is RateRule.FAMILY:
            self._guard.take_family(call.command, request.client)
        answer = await self._dispatcher.perform(call)
        self._give_back(operation, counter, answer)
        return respond(call, answer, request.header("if-none-match"))

    def _read(
        self,
        request: Request,
        operation: Operation,
        path: dict[str, str],
        principal: Principal | None,
    ) -> Call:
        raw = operation.raw
        if not raw:
            _refuse_media(request, operation)
        key = request.header("idempotency-key")
        if operation.changes and operation.key is not KeyRule.NONE:
            refusal = refuse_key(key, required=operation.key is KeyRule.REQUIRED)
            if refusal is not None:
                if not operation.emergency:
                    raise Refused(refusal)
                key = None
        expected = parse_if_match(request.header("if-match"))
        creates = operation.creates and request.header("if-none-match") == "*"
        if expected is None and operation.precondition and not creates:
            expected = Refusal(
                Code.PRECONDITION_REQUIRED, "send the ETag of what you change as If-Match"
            )
        if isinstance(expected, Refusal):
            raise Refused(expected)
        taken = _take(attrs.evolve(request, body=b"") if raw else request, operation, path)
        scope = None
        if key is not None and operation.changes and operation.key is not KeyRule.NONE:
            scope = KeyScope(
                user_id=NOBODY if principal is None else principal.user_id,
                method=operation.method,
                route=operation.path,
                key=key,
                fingerprint=fingerprint_of(_body_of(request), path),
            )
        return Call(
            operation=operation,
            command=taken.command,
            principal=principal,
            caller=Caller(
                client=request.client,
                user_agent=request.header("user-agent"),
                request_id=request.request_id,
            ),
            scope=scope,
            expected_version=expected,
            creates=creates,
            raw_body=request.body if raw else b"",
            signature=request.header("stripe-signature") if raw else None,
            media=media_of(request.header("accept"), operation),
            dropped=taken.dropped,
        )

    def _give_back(self, operation: Operation, counter: Counter | None, answer: Answer) -> None:
        if operation.rate is RateRule.GIVEN_BACK and answer.refusal is None:
            self._guard.give_back(counter)


def _take(request: Request, operation: Operation, path: dict[str, str]) -> Taken:
    """The command of a request.

    Raises:
        Refused: 400 or 422 with a pointer for each fault.
    """
    try:
        # What is no UTF-8 is refused, never replaced: nobody meant what that makes of it.
        text = request.query_string.decode("ascii")
        query = parse_qsl(text, keep_blank_values=True, errors="strict") if text else ()
        return read_request(operation, path, query, request.body)
    except UnicodeDecodeError:
        refusal = Refusal(Code.MALFORMED_REQUEST, "the query string must be percent-encoded UTF-8")
    except Malformed as error:
        refusal = error.refusal()
    except Invalid as error:
        refusal = error.refusal()
    raise Refused(refusal)


def _refuse_media(request: Request, operation: Operation) -> None:
    """415 for a body that does not say it is JSON; an emergency is read anyway (Rule 8)."""
    if not operation.changes or not request.body or operation.lenient:
        return
    given = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if given != _JSON:
        raise Refused(
            Refusal(
                Code.UNSUPPORTED_MEDIA_TYPE,
                f"send the body as {_JSON}, not as {given or 'nothing'}",
            )
        )


def _body_of(request: Request) -> object:
    """The body as plain values, for its fingerprint. It was read once without complaint."""
    try:
        return msgspec.json.decode(request.body) if request.body else {}
    except msgspec.DecodeError:
        return request.body.hex()


def respond(call: Call, answer: Answer, none_match: str | None) -> Response:
    """An answer as HTTP says it."""
    if answer.refusal is not None:
        replayed: Headers = (("idempotency-replayed", "true"),) if answer.replayed else ()
        return problem_response(answer.refusal, call.caller.request_id, replayed)
    headers = _headers(call, answer)
    if isinstance(answer, Document):
        return Response(answer.status, headers, answer.body, answer.stream)
    known = none_match if call.operation.method == "GET" else None
    if answer.version is not None and is_unchanged(known, etag_of(answer.version)):
        return Response(304, headers)
    return Response(answer.status, headers, answer.body if answer.status != 204 else b"")


def _headers(call: Call, answer: Answer) -> Headers:
    headers: list[tuple[str, str]] = []
    if isinstance(answer, Document):
        headers += _document_headers(answer)
    elif answer.status != 204:
        headers.append(("content-type", call.operation.media))
    if answer.version is not None:
        headers.append(("etag", etag_of(answer.version)))
    if answer.replayed:
        headers.append(("idempotency-replayed", "true"))
    if call.operation.least > 0 or call.operation.changes:
        headers.append(("cache-control", "no-store"))
    return tuple(headers)


def _document_headers(answer: Document) -> Headers:
    headers: list[tuple[str, str]] = [("content-type", answer.media)]
    if answer.filename is not None:
        headers.append(("content-disposition", f'attachment; filename="{answer.filename}"'))
    if answer.media.startswith(HTML):
        # Our own pages have their style in them, and nothing else.
        policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
        headers.append(("content-security-policy", policy))
    return tuple(headers)
