"""People over real HTTP, sockets and tables: roles that bite, masks, a copy, an erasure."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_client_stream

from tests.system.guests import PASSWORD, VENUE, Front, Person
from tests.system.harness import NodeProcess, wait_until

READY_S: Final = 20.0


async def elevated(front: Front, name: str) -> Person:
    """Somebody who has just proved again who they are."""
    person = await front.sign_in(name)
    body = {"password": PASSWORD}
    told = await front.need(200, person, "POST", "/api/auth/step-up", body)
    return Person(
        name=name,
        user_id=person.user_id,
        token=told["access_token"],
        signed_in_at=person.signed_in_at,
    )


@asynccontextmanager
async def open_phone(node: NodeProcess) -> AsyncIterator[WebSocketConnection]:
    """A connection to the node whose stream is closed whoever hangs up."""
    url = urlsplit(node.url)
    assert url.hostname is not None
    assert url.port is not None
    stream = await trio.open_tcp_stream(url.hostname, url.port)
    async with stream, trio.open_nursery() as nursery:
        yield await wrap_client_stream(
            nursery, stream, url.netloc, "/ws", subprotocols=["lastlight.v1"]
        )
        nursery.cancel_scope.cancel()


async def hear(ws: WebSocketConnection, op: str) -> dict[str, Any]:
    """The next message of a kind."""
    with trio.fail_after(READY_S):
        while True:
            message: dict[str, Any] = json.loads(await ws.get_message())
            if message["op"] == op:
                return message


async def test_a_role_taken_closes_the_socket_in_its_room_before_it_is_answered(
    node: NodeProcess, front: Front
) -> None:
    """Rule 15: between the answer and the last word of the staff's room there is nothing."""
    staff, manager = await front.sign_in("staff5"), await elevated(front, "manager")
    async with open_phone(node) as ws:
        await ws.send_message(json.dumps({"op": "hello", "token": staff.token}))
        await hear(ws, "welcome")
        room = f"venue:{VENUE}:staff"
        await ws.send_message(json.dumps({"op": "subscribe", "room": room}))
        await hear(ws, "subscribed")
        body = {"venue_id": VENUE, "roles": []}
        answer = await front.need(200, manager, "PUT", f"/api/users/{staff.user_id}/roles", body)
        assert answer["roles"] == []
        door = await front.send(staff, "GET", f"/api/venues/{VENUE}/checkin-code")
        assert (door.status_code, door.json()["code"]) == (401, "unauthenticated")
        with pytest.raises(ConnectionClosed) as closed:
            await hear(ws, "nothing that a server says")
        assert closed.value.reason is not None
        assert closed.value.reason.code == 4403


async def test_a_guest_is_masked_copied_and_gone(front: Front) -> None:
    """One person through the whole of it: seen by others, seen by themselves, and then no more."""
    (guest,) = await front.patrons(3, 1)
    staff, manager = await front.sign_in("staff1"), await front.sign_in("manager")
    path = f"/api/users/{guest.user_id}"
    stranger = await front.send(staff, "GET", path)
    assert stranger.status_code == 404
    visit = await front.check_in(guest)
    seen = await front.need(200, staff, "GET", path)
    assert (seen["visit"]["session_id"], seen["email"]) == (visit["session_id"], None)
    known = await front.need(200, manager, "GET", path)
    assert known["email"] == f"{guest.name}@lastlight.example"
    assert known["wallets"][0]["currency"] == "JPY"
    name = known["display_name"]
    found = await front.need(200, staff, "GET", f"/api/users?q={name[:6].replace(' ', '%20')}")
    assert guest.user_id in {one["user_id"] for one in found["items"]}
    short = await front.send(staff, "GET", "/api/users?q=ab")
    assert (short.status_code, short.json()["code"]) == (400, "malformed_request")

    profile = await front.send(guest, "GET", "/api/users/me")
    changed = await front.send(
        guest,
        "PATCH",
        "/api/users/me",
        {"locale": "ja"},
        headers={"if-match": profile.headers["etag"]},
    )
    assert changed.status_code == 200, changed.text
    again = await front.send(guest, "GET", "/api/users/me")
    assert again.json() == changed.json(), "the account and the tables say the same"

    job = await front.need(202, guest, "GET", "/api/users/me/export")
    copies: list[httpx.Response] = []

    async def is_made() -> bool:
        copies.append(await front.send(guest, "GET", job["path"]))
        return copies[-1].status_code == 200

    await wait_until(is_made, within_s=READY_S)
    assert copies[-1].headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(copies[-1].content)) as archive:
        (user,) = json.loads(archive.read("users.json"))
        assert user["email"] == known["email"]
        assert {"sessions.json", "credit_grants.json", "sessions_auth.json"} <= {
            *archive.namelist()
        }
    assert (await front.send(staff, "GET", job["path"])).status_code == 404

    await front.need(200, guest, "POST", f"/api/sessions/{visit['session_id']}/checkout")
    await front.need(202, guest, "DELETE", "/api/users/me", {"forfeit": True})
    assert (await front.send(guest, "GET", "/api/users/me")).status_code == 401
