"""Events over `/ws`: who hears what, in which order, after which absence."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import attrs

from lastlight.realtime.backlog import Snapshot
from lastlight.realtime.services import Resumption
from protocol.errors import Code, Refusal
from protocol.limits import (
    CONNECTION_QUEUE_EVENTS,
)
from tests.lastlight.realtime_kit import (
    STAFF_ROOM,
    VENUE,
    a_client,
    a_stage,
    close_code,
    event,
    hear,
    subscribe,
    tell,
    user,
)


async def test_an_event_reaches_everyone_in_its_room_and_nobody_else() -> None:
    """The envelope of Rule 17, with `seq`, to two of three connections."""
    async with a_stage() as stage, a_client(stage) as a, a_client(stage, "2") as b:
        await subscribe(a)
        await subscribe(b)
        async with a_client(stage, "3") as outsider:
            stage.hub.publish(event(7, 1))
            for ws in (a, b):
                heard = await hear(ws)
                assert (heard["op"], heard["room"], heard["seq"]) == ("event", STAFF_ROOM, 1)
                assert heard["event"] == {
                    "id": str(UUID(int=7)), "room": STAFF_ROOM, "seq": 1, "type": "task.created",
                    "venue_id": str(VENUE), "occurred_at": "2026-01-01T00:00:00.000Z",
                    "version": 1, "data": {"n": 7, "filling": ""},
                }  # fmt: skip
            await tell(outsider, op="ping")
            assert await hear(outsider) == {"op": "pong"}


async def test_what_was_missed_comes_first_and_what_happens_meanwhile_comes_once() -> None:
    """No gap and no duplicate between the backlog and the live events: resume's whole point.

    Rule 17 resume.
    """
    async with a_stage(holds_resume=True) as stage, a_client(stage) as ws:
        await tell(ws, op="subscribe", room=STAFF_ROOM, after_seq=3, epoch="e1")
        await stage.resuming.wait()
        assert stage.asked == [(user(1), STAFF_ROOM, 3, "e1")]
        for seq in (5, 6, 7):
            stage.hub.publish(event(seq, seq))
        stage.resumption = Resumption(
            epoch="e1", seq=6, events=tuple(event(s, s) for s in (4, 5, 6))
        )
        stage.may_resume.set()
        assert await hear(ws) == {"op": "subscribed", "room": STAFF_ROOM, "epoch": "e1", "seq": 6}
        stage.hub.publish(event(7, 7))
        stage.hub.publish(event(8, 8))
        assert [(await hear(ws))["seq"] for _ in range(5)] == [4, 5, 6, 7, 8]


async def test_a_gap_is_bridged_by_a_snapshot() -> None:
    """Whoever was away too long gets where things stand, then what follows. Rule 17 resume."""
    async with a_stage() as stage, a_client(stage) as ws:
        stage.resumption = Resumption(epoch="e2", seq=90, snapshot=Snapshot.of({"present": 12}))
        reply = await subscribe(ws)
        assert (reply["seq"], reply["snapshot"]) == (90, {"present": 12})
        stage.hub.publish(event(90, 90))
        stage.hub.publish(event(91, 91))
        assert (await hear(ws))["seq"] == 91


async def test_whoever_refuses_snapshots_is_told_to_load_anew() -> None:
    """The problem says why, the event names the rooms; the connection stays. Rule 17 resume."""
    async with a_stage() as stage, a_client(stage) as ws:
        extra = {"room": STAFF_ROOM, "reason": "expired"}
        stage.resumption = Refusal(Code.CURSOR_EXPIRED, "not kept any more", extra=extra)
        await tell(ws, op="subscribe", room=STAFF_ROOM, after_seq=3, snapshot=False)
        problem, told = await hear(ws), await hear(ws)
        assert problem["problem"]["code"] == "cursor_expired"  # type: ignore[index]
        assert told["room"] == f"user:{user(1)}"
        assert "seq" not in told
        happened: Any = told["event"]
        assert (happened["type"], happened["data"]["rooms"]) == (
            "system.resync_required", [STAFF_ROOM],
        )  # fmt: skip
        assert happened["data"]["reason"] == "expired"
        stage.resumption = Resumption(epoch="e1", seq=9)
        assert (await subscribe(ws))["seq"] == 9


async def test_a_backlog_longer_than_the_queue_is_no_sign_of_a_slow_client() -> None:
    """Coming back after an hour must not end in 4408."""
    many = CONNECTION_QUEUE_EVENTS * 2
    async with a_stage() as stage, a_client(stage) as ws:
        missed = tuple(event(seq, seq) for seq in range(1, many + 1))
        stage.resumption = Resumption(epoch="e1", seq=many, events=missed)
        await subscribe(ws)
        assert [(await hear(ws))["seq"] for _ in range(many)] == list(range(1, many + 1))


async def test_the_numbered_copy_of_an_urgent_one_is_only_a_cursor() -> None:
    """An SOS must not wait for the disk, nor be shown twice, nor leave a hole in `seq`."""
    sos = event(50, None, type_="emergency.sos_raised")
    async with a_stage() as stage, a_client(stage) as ws:
        await subscribe(ws)
        stage.hub.publish_urgent(sos)
        stage.hub.publish(event(1, 1))
        stage.hub.publish(attrs.evolve(sos, rooms=((STAFF_ROOM, 2),)))
        first, second, third = [await hear(ws) for _ in range(3)]
    assert "seq" not in first
    assert first["event"]["type"] == "emergency.sos_raised"  # type: ignore[index]
    assert second["seq"] == 1
    assert (third["seq"], third["id"]) == (2, str(UUID(int=50)))
    assert "data" not in third["event"]  # type: ignore[operator]


async def test_a_silent_sos_shows_nothing_to_its_raiser() -> None:
    """Rule 8: someone may be looking over their shoulder; `seq` goes on all the same."""
    sos = event(50, None, type_="emergency.sos_raised", hide_from=user(1))
    async with a_stage() as stage, a_client(stage) as raiser, a_client(stage, "2") as colleague:
        await subscribe(raiser)
        await subscribe(colleague)
        stage.hub.publish_urgent(sos)
        stage.hub.publish(attrs.evolve(sos, rooms=((STAFF_ROOM, 1),)))
        assert await hear(raiser) == {"op": "event", "room": STAFF_ROOM, "seq": 1, "event": None}
        assert "seq" not in await hear(colleague)


async def test_a_silent_sos_shows_nothing_in_a_backlog_either() -> None:
    """Reconnecting must not undo what hiding did."""
    async with a_stage() as stage, a_client(stage) as ws:
        stage.resumption = Resumption(epoch="e1", seq=1, events=(event(50, 1, hide_from=user(1)),))
        await subscribe(ws)
        assert (await hear(ws))["event"] is None


async def test_a_slow_client_is_closed_with_4408_and_delays_nobody() -> None:
    """256 queued events are the bound; the others go on hearing at once. Rule 17 slow."""
    async with a_stage() as stage, a_client(stage) as slow, a_client(stage, "2") as quick:
        await subscribe(slow)
        await subscribe(quick)
        seq = 0
        while not any(member.outbox.close_code for member in stage.hub._members):
            seq += 1
            stage.hub.publish(event(seq, seq, size=20_000))
            assert (await hear(quick))["seq"] == seq
        assert await close_code(slow) == 4408


async def test_a_burst_in_one_go_closes_nobody() -> None:
    """A group commit may let out more than the queue holds before any writer has its turn."""
    burst = CONNECTION_QUEUE_EVENTS * 3
    async with a_stage() as stage, a_client(stage) as ws:
        await subscribe(ws)
        for seq in range(1, burst + 1):
            stage.hub.publish(event(seq, seq))
        assert [(await hear(ws))["seq"] for _ in range(burst)] == list(range(1, burst + 1))
