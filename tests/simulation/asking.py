"""How a phone asks: over HTTP or a socket, again by the same key, dropped at any moment.

What was asked before it went away is asked again until there is an answer, sometimes only hours
later. Every operation that is asked is counted by its name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl

import attrs
import trio

from lastlight.web.http import Headers
from protocol.errors import Refusal
from protocol.operations.base import Operation
from protocol.operations.table import OPERATIONS
from tests.twins.people import Heard, Someone, ask

DROPPED: Final = Heard(status=0, headers={}, body=None, raw=b"")
"""What is heard on a line that is cut."""


@attrs.frozen(kw_only=True)
class Sent:
    """A request as it can be sent again."""

    name: str
    method: str
    path: str
    body: Any
    version: int | None
    key: str
    kind: str

    @property
    def operation(self) -> Operation | None:
        """What it asks for."""
        found = operation_of(self.method, self.path.partition("?")[0])
        return None if found is None else found[0]


@cache
def _routes() -> tuple[tuple[re.Pattern[str], Operation], ...]:
    # Static routes beat those with names in them.
    rows = sorted(OPERATIONS, key=lambda row: "{" in row.path)
    return tuple((re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", r.path)), r) for r in rows)


@cache
def operation_of(method: str, path: str) -> tuple[Operation, Mapping[str, str]] | None:
    """The operation of a path without its query, and what the path names."""
    for pattern, row in _routes():
        if row.method == method and (found := pattern.fullmatch(path)):
            return row, found.groupdict()
    return None


async def over_http(person: Someone, sent: Sent) -> Heard:
    """Ask as most do."""
    headers: Headers = (("authorization", f"Bearer {person.token}"),)
    if sent.method != "GET":
        headers = (*headers, ("idempotency-key", sent.key))
    if sent.version is not None:
        headers = (*headers, ("if-match", f'"v{sent.version}"'))
    return await ask(person.house, sent.method, sent.path, sent.body, headers=headers)


def goes_over_sockets(sent: Sent) -> bool:
    """Whether a socket takes such a command."""
    operation = sent.operation
    return operation is not None and operation.socket and not operation.precondition


async def over_a_socket(person: Someone, sent: Sent) -> Heard:
    """Ask for the same operation by its name."""
    path, _, query = sent.path.partition("?")
    found = operation_of(sent.method, path)
    assert found is not None
    operation, named = found
    services = person.house.services
    who = await services.authenticate(person.token)
    if isinstance(who, Refusal):
        return _refused(who)
    data = {**dict(parse_qsl(query)), **named, **(sent.body or {})}
    key = sent.key if sent.method != "GET" else None
    answer = await services.command(who, operation.name, data, key)
    if isinstance(answer, Refusal):
        return _refused(answer)
    body = answer.data
    return Heard(status=answer.status, headers={}, body=body, raw=json.dumps(body).encode())


Way: TypeAlias = Callable[[Someone, Sent], Awaitable[Heard]]
"""How somebody asks."""


def _refused(refusal: Refusal) -> Heard:
    body: dict[str, object] = {"code": refusal.code.value, "detail": refusal.detail}
    body |= {"current_version": refusal.current_version, **refusal.extra}
    return Heard(status=refusal.status, headers={}, body=body, raw=b"")


async def dropped_after(turns: int, person: Someone, sent: Sent, way: Way = over_http) -> Heard:
    """Ask, and go away after so many turns of the node, whatever is said then."""
    heard = DROPPED

    async def asking() -> None:
        nonlocal heard
        heard = await way(person, sent)
        nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(asking)
        for _ in range(turns):
            await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    return heard
