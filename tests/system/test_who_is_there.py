"""Who is connected, who has an alert, and who may hear: over real sockets, HTTP and tables."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection

from protocol.limits import PRESENCE_RIGHT_S
from tests.lastlight.dead_cell import cut_off
from tests.system.guests import VENUE, Front, Person, here
from tests.system.harness import NodeProcess, wait_until
from tests.system.test_people import hear, open_phone

SOS: Final = "/api/emergency/sos"
SHIFTS: Final = f"/api/staff/shifts?venue_id={VENUE}&open=true"
RAISED: Final = "emergency.sos_raised"
KNOWN_S: Final = 10.0


async def say(ws: WebSocketConnection, **message: object) -> None:
    await ws.send_message(json.dumps(message))


@asynccontextmanager
async def listening(
    node: NodeProcess, person: Person, room: str
) -> AsyncIterator[WebSocketConnection]:
    """Somebody's phone in a room, of which it has everything up to now."""
    async with open_phone(node) as ws:
        await say(ws, op="hello", token=person.token)
        await hear(ws, "welcome")
        await say(ws, op="subscribe", room=room)
        subscribed = await hear(ws, "subscribed")
        await say(ws, op="ack", room=room, seq=subscribed["seq"])
        yield ws


async def on_duty(front: Front, person: Person) -> dict[str, dict[str, Any]]:
    """Shifts that are open, by name of the person."""
    page = await front.need(200, person, "GET", SHIFTS)
    return {shift["staff_id"]: shift for shift in page["items"]}


async def test_who_is_on_duty_and_connected_and_who_has_an_alert(
    node: NodeProcess, front: Front
) -> None:
    """A phone without network is missed in five seconds; one that shows an SOS is in its timeline.

    Rule 8 received.
    """
    staff, other, manager, owner = [
        await front.sign_in(name) for name in ("staff1", "staff2", "manager", "owner")
    ]
    for person in (staff, other):
        body = {"venue_id": VENUE, "location": here()}
        await front.need(201, person, "POST", "/api/staff/clock-in", body)
    dashboard = f"/api/analytics/dashboard?venue_id={VENUE}"
    async with (
        listening(node, staff, f"venue:{VENUE}:staff") as lost,
        listening(node, manager, f"venue:{VENUE}:management") as kept,
        listening(node, owner, f"venue:{VENUE}:owner"),
    ):
        shifts = await on_duty(front, other)
        assert shifts[staff.user_id]["connected"] is True
        assert shifts[staff.user_id]["last_seen_at"] is None
        assert shifts[other.user_id]["connected"] is False
        figures = await front.need(200, manager, "GET", dashboard)
        assert (figures["on_duty"], figures["on_duty_connected"]) == (2, 1)

        cut_off(lost)
        with trio.fail_after(PRESENCE_RIGHT_S):
            await wait_until(lambda: _is_gone(front, staff), within_s=KNOWN_S)
        figures = await front.need(200, manager, "GET", dashboard)
        assert (figures["on_duty"], figures["on_duty_connected"]) == (2, 0)
        shifts = await on_duty(front, manager)
        assert shifts[staff.user_id]["last_seen_at"] is not None

        raised = await front.need(201, other, "POST", SOS, {})
        copy = await hear(kept, "event")
        assert (copy["event"]["type"], "seq" in copy) == (RAISED, False)
        await say(kept, op="ack", room=copy["room"], id=copy["event"]["id"])
        await wait_until(lambda: _is_received(front, manager, 1), within_s=KNOWN_S)
        (incident,) = (await front.need(200, manager, "GET", "/api/safety/incidents"))["items"]
        assert incident["incident_id"] == raised["incident_id"]
        assert incident["received_by"] == [manager.user_id]
        assert incident["received_after_s"] == 0
        kinds = [line["kind"] for line in incident["timeline"]]
        assert kinds == ["raised", "received"]
        assert [*incident["timeline"][1]["detail"]["by"]] == [manager.user_id]
        lost_socket = lost._stream
        await trio.aclose_forcefully(lost_socket)
    body = {"action": "resolve"}
    await front.need(200, manager, "POST", f"{SOS}/{raised['incident_id']}/respond", body)


async def _is_gone(front: Front, person: Person) -> bool:
    return (await on_duty(front, person))[person.user_id]["connected"] is False


async def _is_received(front: Front, person: Person, count: int) -> bool:
    page = await front.need(200, person, "GET", "/api/safety/incidents")
    return [len(item["received_by"]) for item in page["items"]] == [count]


@pytest.mark.parametrize("part", ["staff", "management", "owner"])
async def test_a_guest_is_in_no_room_of_those_who_work_there(
    shared_node: NodeProcess, shared_front: Front, part: str
) -> None:
    """Over a real socket: it is told, and ended, and learns nothing of the room (Rule 15)."""
    guest = await shared_front.sign_in("patron101")
    async with open_phone(shared_node) as ws:
        await say(ws, op="hello", token=guest.token)
        await hear(ws, "welcome")
        await say(ws, op="subscribe", room=f"venue:{VENUE}:{part}")
        assert (await hear(ws, "error"))["problem"]["code"] == "not_found"
        with pytest.raises(ConnectionClosed) as closed:
            await hear(ws, "nothing that a server says")
        assert closed.value.reason is not None
        assert closed.value.reason.code == 4403
