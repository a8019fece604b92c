"""Bad requests to a whole node over its port: every operation, every fault, no 5xx.

What the front door itself must turn away, too much and too strange, is here only. The rest is sent
in memory too, all of it (`tests/night/test_bad_requests.py`); over the port every operation gets a
third of it in turn, so that each kind of fault comes both ways, and all of it if there is time.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

import attrs
import pytest
import trio

from lastlight.auth.keys import KeyRing, load_keys
from lastlight.openapi import openapi_document
from lastlight.places import make_places
from protocol.codes import Code
from protocol.limits import BODY_BYTES_MAX, HEADER_BYTES_MAX
from protocol.operations.base import Operation
from tests.bad_requests import (
    ALL,
    Bad,
    Send,
    Told,
    bad_requests,
    bearer,
    complaints,
    forged_requests,
    is_sos,
    role_for,
    target_of,
)
from tests.forged_tokens import bad_tokens
from tests.system.conftest import Template
from tests.system.guests import PASSWORD, VENUE, Front, Person, arrival, open_front
from tests.system.harness import NodeProcess, open_yard, processes_on

SHARE: Final = 1 if os.environ.get("TEST_LASTLIGHT_LONG") else 3
"""One in so many of the requests that are sent in memory as well."""
STRANGER_ID: Final = "01935d2a-7c00-7000-8000-0000000000b2"


@attrs.frozen
class Battered:
    """A node that gets nothing but bad requests."""

    front: Front
    ring: KeyRing
    elevated: dict[str, str] = attrs.field(factory=dict)
    """Tokens of those who proved again who they are, by name."""

    async def token(self, operation: Operation) -> str | None:
        """A good token for an operation."""
        name = role_for(operation)
        if name is None:
            return None
        token = (await self.front.sign_in(name)).token
        if not operation.step_up:
            return token
        return await self.elevate(name)

    async def elevate(self, name: str) -> str:
        """A token of somebody who proved again who they are."""
        if name not in self.elevated:
            body = {"password": PASSWORD}
            person = await self.front.sign_in(name)
            told = await self.front.need(200, person, "POST", "/api/auth/step-up", body)
            self.elevated[name] = told["access_token"]
        return self.elevated[name]

    @property
    def send(self) -> Send:
        """Sends over the port, byte for byte."""

        async def send(bad: Bad) -> Told:
            # httpx would tidy up the target: it is sent as it stands.
            answer = await self.front.http.request(
                bad.method,
                "/",
                headers=list(bad.headers),
                content=bad.body,
                extensions={"target": bad.target.encode()},
            )
            media = answer.headers.get("content-type", "")
            return Told(status=answer.status_code, media=media, body=answer.content)

        return send


def share_of(requests: Iterable[Bad], operation: Operation) -> list[Bad]:
    """Some of them, others for the next operation, and never none."""
    found = list(requests)
    step = min(SHARE, len(found)) or 1
    return found[list(ALL).index(operation.name) % step :: step]


@pytest.fixture(scope="module")
def battered_node(template: Template) -> Iterator[NodeProcess]:
    """A node of its own: the SOS that are taken would wake the other tests' people."""
    with open_yard() as yard:
        yard.copy(template.data_dir, "battered")
        node = yard.node("battered")
        trio.run(node.start)
        yield node
        assert trio.run(node.stop) == 0, node.tail()
        assert "Traceback" not in node.log.read_text(), node.tail()
        assert processes_on(yard.path) == []


@pytest.fixture
async def battered(battered_node: NodeProcess, template: Template) -> AsyncIterator[Battered]:
    """Its HTTP, and its keys to forge tokens with."""
    ring = load_keys(make_places(battered_node.data_dir).signing_keys)
    async with open_front(battered_node.url, template.known) as front:
        yield Battered(front, ring)


@pytest.mark.parametrize("operation", ALL.values(), ids=ALL.keys())
async def test_what_is_bad_is_told_as_a_problem(operation: Operation, battered: Battered) -> None:
    """Malformed, wrong, too deep, unknown, elsewhere: each has a code, and none is our fault."""
    token = await battered.token(operation)
    bad = share_of(bad_requests(operation, token), operation)
    assert await complaints(battered.send, bad) == []


@pytest.mark.parametrize("operation", ALL.values(), ids=ALL.keys())
async def test_a_forged_token_proves_nobody(operation: Operation, battered: Battered) -> None:
    """Unsigned, by another key, for another audience, expired: 401 at every door."""
    tokens = bad_tokens(battered.ring, datetime.now(UTC))
    forged = share_of(forged_requests(operation, tokens), operation)
    assert await complaints(battered.send, forged) == []


@pytest.mark.parametrize("operation", ALL.values(), ids=ALL.keys())
async def test_too_much_is_refused_before_it_is_read(
    operation: Operation, battered: Battered
) -> None:
    """A body beyond the bound is 413, whether its length is announced or not."""
    headers = (*bearer(await battered.token(operation)), ("content-type", "application/json"))
    too_much = b" " * (BODY_BYTES_MAX + 1)

    async def drip() -> AsyncIterator[bytes]:
        for at in range(0, len(too_much), 65_536):
            yield too_much[at : at + 65_536]

    for content in (too_much, drip()):
        answer = await battered.front.http.request(
            operation.method, target_of(operation), headers=list(headers), content=content
        )
        assert answer.status_code == 413, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == Code.PAYLOAD_TOO_LARGE.value
        assert is_sos(operation) or answer.status_code == 413


async def test_headers_without_end_are_refused(battered: Battered) -> None:
    """Before anybody's token is looked at, and in words that an app can read."""
    huge = {"x-filling": "a" * HEADER_BYTES_MAX}
    answer = await battered.front.http.get("/healthz", headers=huge)
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"


async def test_ids_that_nobody_has_are_not_found(battered: Battered) -> None:
    """An id that is an id and names nothing is 404, whoever asks with whatever else is right."""
    paths = openapi_document()["paths"]
    for role in ("patron50", "staff5", "owner"):
        person = await battered.front.sign_in(role)
        # Reads first: a role that was given and put back again makes somebody known.
        for operation in sorted(ALL.values(), key=lambda row: row.changes):
            # To forget a device that is not there is done at once.
            if not operation.parameters or operation.name == "RemoveDevice":
                continue
            described = paths[operation.path][operation.method.lower()]
            content = described.get("requestBody", {}).get("content", {})
            if operation.step_up and role == "owner":
                person = attrs.evolve(person, token=await battered.elevate(role))
            answer = await battered.front.send(
                person,
                operation.method,
                target_of(operation),
                content["application/json"]["example"] if content else None,
                headers={"if-match": '"v1"'} if operation.precondition else None,
            )
            hidden = {404} if role == "owner" else {403, 404}
            assert answer.status_code in hidden, f"{role} {operation.name}: {answer.text}"


async def test_a_strangers_things_are_not_found(battered: Battered) -> None:
    """Rule 15: another patron's session or wallet is 404 and never 403: nobody learns it exists."""
    front = battered.front
    mine, theirs = await front.patrons(40, 2)
    visit = (await front.check_in(mine))["session_id"]
    path = f"/api/sessions/{visit}"
    fix: dict[str, object] = {"fixes": [arrival("x")["location"]]}
    tried: list[tuple[str, str, dict[str, object] | None]] = [
        ("GET", path, None),
        ("GET", f"{path}/meter", None),
        ("POST", f"{path}/checkout", {}),
        ("POST", f"{path}/pause", {}),
        ("POST", f"{path}/resume", {}),
        ("POST", f"{path}/activity", {"activity": "arcade_time"}),
        ("POST", f"{path}/location", fix),
        ("GET", f"/api/transactions/credits?user_id={mine.user_id}", None),
        (
            "POST",
            "/api/transactions/purchase",
            {
                "venue_id": VENUE,
                "lines": [{"item_id": STRANGER_ID, "qty": 1}],
                "user_id": mine.user_id,
            },
        ),
    ]
    for method, where, body in tried:
        await not_found(front, theirs, method, where, body)
    still = await front.need(200, mine, "GET", path)
    assert still["status"] == "active"


async def not_found(
    front: Front, person: Person, method: str, path: str, body: dict[str, object] | None
) -> None:
    """It is 404, in words that would fit if nothing were there."""
    answer = await front.send(person, method, path, body)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (
        f"{method} {path}: {answer.text}"
    )
