"""Requests that no honest app sends, for each operation of the table, and what they must come to.

The list is made of the table and the commands' own fields, so a new operation is tried without a
line here. It is sent to a whole node over its port, and to one in memory.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final
from uuid import uuid4

import attrs

from protocol.addresses import Role
from protocol.codec import bare, reader_of
from protocol.codes import PROBLEMS, Code
from protocol.limits import JSON_DEPTH_MAX
from protocol.operations.base import KeyRule, Operation
from protocol.operations.table import OPERATIONS, methods_at

UNKNOWN_ID: Final = "01935d2a-7c00-7000-8000-0000000000b2"
UNKNOWN_DAY: Final = "2001-01-01"
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
JSON: Final = "application/json"
MAY_BE_BUSY: Final = {
    Code.ACTOR_UNAVAILABLE, Code.STALE_READ, Code.STARTING,
    Code.PROVIDER_UNAVAILABLE, Code.PROVIDER_ERROR,
}  # fmt: skip
"""The only 5xx that a bad request may be answered with: nothing was done, here or elsewhere."""
Headers = tuple[tuple[str, str], ...]


@attrs.frozen(kw_only=True)
class Bad:
    """One request and the codes that it may be answered with; None stands for no problem."""

    why: str
    method: str
    target: str
    codes: frozenset[str | None]
    headers: Headers = ()
    body: bytes = b""


@attrs.frozen(kw_only=True)
class Told:
    """An answer."""

    status: int
    media: str
    body: bytes


Send = Callable[[Bad], Awaitable[Told]]


def is_sos(operation: Operation) -> bool:
    """Whether whatever comes is taken (Rule 8)."""
    return operation.lenient


_NOBODY_ELSES: Final = {"LogOut": "patron49", "RequestErasure": "patron48"}
"""Whom nobody else needs: some of it is taken, and ends what they were signed in for."""


def role_for(operation: Operation) -> str | None:
    """Who of the demo may just ask this; None for nobody signed in."""
    if operation.least is Role.PUBLIC:
        return None
    if operation.name in _NOBODY_ELSES:
        return _NOBODY_ELSES[operation.name]
    if operation.least is Role.PATRON:
        return "patron50"
    return "staff5" if operation.least is Role.STAFF else "owner"


def target_of(operation: Operation, value: str | None = None) -> str:
    """The operation's path with `value`, else what may stand there, for each parameter."""
    target = operation.path.replace("{actor_type}", "venue")
    for name in operation.parameters:
        fits = UNKNOWN_DAY if _kind_of(operation, name) is date else UNKNOWN_ID
        target = target.replace("{" + name + "}", fits if value is None else value)
    return target


def _kind_of(operation: Operation, name: str) -> object:
    return bare(reader_of(operation.command).members[name].type)[0]


def _takes_any(operation: Operation, name: str) -> bool:
    """Whether a member is an object whose members the actor judges, when it looks at them."""
    return _kind_of(operation, name) == Mapping[str, Any]


def bearer(token: str | None) -> Headers:
    """The header of a token."""
    return () if token is None else (("authorization", f"Bearer {token}"),)


def bad_requests(operation: Operation, token: str | None) -> Iterator[Bad]:
    """All of them, sent with a good token."""
    yield from _bad_methods(operation, token)
    yield from _bad_paths(operation, token)
    if operation.by_gateway and not operation.parameters and operation.name != "ListActors":
        return
    yield from (
        _bad_bodies(operation, token) if operation.changes else _bad_queries(operation, token)
    )


def _request(
    operation: Operation, token: str | None, why: str, codes: set[Code], **given: Any
) -> Bad:
    allowed: set[str | None] = {code.value for code in codes}
    if is_sos(operation):
        allowed = {None}
    headers = (*_headers(operation, token), *given.pop("headers", ()))
    return Bad(
        why=f"{operation.name}: {why}",
        method=operation.method,
        target=given.pop("target", target_of(operation)),
        codes=frozenset(allowed),
        headers=headers,
        **given,
    )


def _headers(operation: Operation, token: str | None) -> Headers:
    """What the operation needs besides its body, so that nothing else is the matter."""
    headers = bearer(token)
    if operation.key is KeyRule.REQUIRED:
        headers = (*headers, ("idempotency-key", str(uuid4())))
    return (*headers, ("if-match", '"v1"')) if operation.precondition else headers


def _bad_methods(operation: Operation, token: str | None) -> Iterator[Bad]:
    target = target_of(operation)
    for method in METHODS:
        if method not in methods_at(target):
            yield Bad(
                why=f"{operation.name}: {method} is not taken here",
                method=method,
                target=target,
                codes=frozenset({Code.METHOD_NOT_ALLOWED.value}),
                headers=bearer(token),
            )


def _bad_paths(operation: Operation, token: str | None) -> Iterator[Bad]:
    if not operation.parameters:
        return
    expected: set[str | None] = {
        Code.NOT_FOUND.value, Code.MALFORMED_REQUEST.value, Code.VALIDATION_FAILED.value,
        Code.METHOD_NOT_ALLOWED.value,
    }  # fmt: skip
    if any(_kind_of(operation, name) is str for name in operation.parameters):
        expected.add(None)  # a device's own name for itself may be any text
    for value in ("0", "not-an-id", UNKNOWN_ID + "0", "%00", "%ff", "..", "%2e%2e%2f", "x" * 3000):
        yield Bad(
            why=f"{operation.name}: {value[:20]} in its path",
            method=operation.method,
            target=target_of(operation, value),
            codes=frozenset(expected),
            headers=_headers(operation, token),
        )


_MALFORMED: Final[Mapping[str, bytes]] = {
    "no JSON": b"hello",
    "half an object": b'{"a":',
    "two objects": b"{}{}",
    "no UTF-8": b'{"a": "\xff\xfe"}',
    "a byte order mark in UTF-16": "{}".encode("utf-16"),
    "a lone surrogate": b'{"a": "\\ud800"}',
    "NaN": b'{"a": NaN}',
    "a number without end": b'{"a": 1e999999}',
    "single quotes": b"{'a': 1}",
    "a nul": b"\x00",
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "one level too deep": b'{"a":' * (JSON_DEPTH_MAX + 1) + b"1" + b"}" * (JSON_DEPTH_MAX + 1),
    "a member twice": b'{"a": 1, "a": 2}',
}
_NO_OBJECT: Final = (b"[]", b"3", b"null", b'"text"', b"true", b"[{}]")
_WRONG: Final[tuple[Any, ...]] = (
    {"a": {"b": []}}, [[[]]], 3.5, True, -1, 10**30, "x" * 10_000, "a\u0000b", "", None, "NaN",
)  # fmt: skip
_ALL_WRONG: Final[tuple[Any, ...]] = ({"a": {"b": []}}, [[[]]], "x" * 10_000, "a\u0000b")
"""What no field takes, whatever it is."""


def _bad_bodies(operation: Operation, token: str | None) -> Iterator[Bad]:
    media = (("content-type", JSON),)
    invalid = {Code.MALFORMED_REQUEST, Code.VALIDATION_FAILED}
    for why, body in _MALFORMED.items():
        yield _request(operation, token, why, invalid, headers=media, body=body)
    for body in _NO_OBJECT:
        why = f"{body.decode()} is no object"
        yield _request(operation, token, why, invalid, headers=media, body=body)
    for given in ("text/plain", "application/xml", "multipart/form-data; boundary=x", "", "json"):
        headers = (("content-type", given),)
        unsupported = {Code.UNSUPPORTED_MEDIA_TYPE}
        yield _request(operation, token, f"as {given}", unsupported, headers=headers, body=b"{}")
    for name in reader_of(operation.command).members:
        if name in operation.parameters:
            continue
        for wrong in _WRONG:
            body = json.dumps({name: wrong}).encode()
            bad = _request(
                operation, token, f"{name} is {str(wrong)[:20]!r}", invalid,
                headers=media, body=body,
            )  # fmt: skip
            if wrong in _ALL_WRONG and not (
                isinstance(wrong, dict) and _takes_any(operation, name)
            ):
                yield bad
            else:
                # It may just fit, and then something else is or is not the matter.
                yield attrs.evolve(bad, codes=frozenset({*(code.value for code in Code), None}))
    extra = b'{"no_such_member": 1, "": 2, "~/": 3}'
    yield _request(
        operation, token, "unknown members", {Code.VALIDATION_FAILED}, headers=media, body=extra
    )
    many = json.dumps({f"m{n}": n for n in range(20_000)}).encode()
    yield _request(
        operation, token, "20,000 members", {Code.VALIDATION_FAILED}, headers=media, body=many
    )
    yield _request(
        operation, token, "a query", {Code.VALIDATION_FAILED}, headers=media,
        target=target_of(operation) + "?a=1",
    )  # fmt: skip


def _bad_queries(operation: Operation, token: str | None) -> Iterator[Bad]:
    invalid = {Code.MALFORMED_REQUEST, Code.VALIDATION_FAILED}
    target = target_of(operation)
    for query in ("no_such=1", "%00=1", "a=%ff", "=", "a&b&c", "a=" + "x" * 3000):
        yield _request(operation, token, f"?{query[:20]}", invalid, target=f"{target}?{query}")
    for name in reader_of(operation.command).members:
        if name in operation.parameters:
            continue
        for value in ("%00", "x" * 3000, "%ed%a0%80"):
            where = f"{target}?{name}={value}"
            yield _request(operation, token, f"?{name}={value[:20]}", invalid, target=where)


def forged_requests(operation: Operation, tokens: Mapping[str, str]) -> Iterator[Bad]:
    """A request with each of these tokens, and one without any."""
    if operation.least is Role.PUBLIC:
        return
    for why, token in {**tokens, "none at all": None}.items():
        yield Bad(
            why=f"{operation.name}: token {why}",
            method=operation.method,
            target=target_of(operation),
            codes=frozenset({Code.UNAUTHENTICATED.value}),
            headers=(*bearer(token), ("idempotency-key", str(uuid4()))),
        )


async def complaints(send: Send, requests: Iterable[Bad]) -> list[str]:
    """What is wrong with the answers."""
    found = []
    for bad in requests:
        told = await send(bad)
        if (complaint := _complaint(bad, told)) is not None:
            found.append(f"{bad.why}: {complaint}: {told.status} {told.body[:300]!r}")
    return found


def _complaint(bad: Bad, told: Told) -> str | None:
    if told.status < 400:
        return None if None in bad.codes else "was taken"
    if told.media != "application/problem+json":
        return f"is {told.media}"
    problem = json.loads(told.body)
    code = problem["code"]
    if code not in set(Code):
        return "has an unknown code"
    if (told.status, problem["status"]) != (PROBLEMS[Code(code)].status,) * 2:
        return "has the status of another code"
    if problem["type"] != f"urn:lastlight:problem:{code}":
        return "has another type"
    if code in MAY_BE_BUSY and (bad.codes & {None, *MAY_BE_BUSY}):
        return None
    if told.status >= 500:
        return "is our fault"
    return None if code in bad.codes else "has not the code that was expected"


ALL: Final = {operation.name: operation for operation in OPERATIONS}
