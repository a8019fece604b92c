"""What the stock `socket.io-client` makes of a connection that the server ends under way.

It comes again by itself, and no event is missing or told twice: too slow (4408), a role that was
taken (4403), too many messages (4429).
"""

from __future__ import annotations

import signal
from typing import Final

import attrs
import pytest
import trio

from protocol.addresses import Principal, Role
from protocol.limits import SOCKET_MESSAGES_BURST
from tests.lastlight.realtime_kit import STAFF_ROOM, VENUE, event, principal, user
from tests.lastlight.socketio_apps import WAYS, Apps, Log, an_evening

EACH_WAY = pytest.mark.parametrize("way", list(WAYS))
LARGE: Final = 2_000
"""Enough of them to fill a socket; on a quick machine thousands, which come again in one answer.
What the client polls with under Node takes a time for it that grows with the square of its size."""
PATRONS_ROOM: Final = f"venue:{VENUE}:patrons"


async def _open(apps: Apps, url: str, way: str, *rooms: str) -> None:
    await apps.tell("open", "a", url=url, token="1", options=WAYS[way], cursors=True)
    for room in rooms:
        await apps.tell("subscribe", "a", room=room)
    await apps.wait(lambda: len(apps.of("a", "joined")) == len(rooms))
    if way == "default":
        await apps.wait(lambda: apps.of("a", "upgrade") == ["websocket"])


def _add_large(log: Log) -> None:
    seq = len(log.events) + 1
    log.events.append(event(seq, seq, size=LARGE))
    log.stage.hub.publish(log.events[-1])


@EACH_WAY
async def test_a_client_that_sleeps_too_long_is_cut_off_and_then_has_everything(way: str) -> None:
    """4408: a phone in a pocket that wakes up with its connection gone. Rule 17 slow."""
    async with an_evening() as (stage, log, apps, _):
        await _open(apps, stage.url("").split("/socket.io")[0], way, STAFF_ROOM)
        (member,) = stage.hub._members
        apps.script.signal(signal.SIGSTOP)
        while member.outbox.close_code is None:
            _add_large(log)
            await trio.lowlevel.checkpoint()
        assert member.outbox.close_code == 4408
        apps.script.signal(signal.SIGCONT)
        await apps.wait(lambda: len(apps.seqs("a")) >= len(log.events))
        assert apps.seqs("a") == list(range(1, len(log.events) + 1))
        assert apps.of("a", "connect")[-1]["recovered"] is True


@EACH_WAY
async def test_a_client_whose_role_is_taken_is_told_and_keeps_its_other_rooms(way: str) -> None:
    """4403: it says why, and the client that comes again is refused that room, and that one only.

    Rule 15 at_once.
    """

    def demoted(who: Principal) -> Principal:
        return attrs.evolve(who, roles={})

    async with an_evening() as (stage, log, apps, _):
        url = stage.url("").split("/socket.io")[0]
        await _open(apps, url, way, STAFF_ROOM, PATRONS_ROOM)
        stage.people["1"] = principal(1, Role.PATRON)
        stage.hub.recheck(user(1), demoted)
        log.add()
        await apps.wait(lambda: len(apps.of("a", "connect")) == 2)
        await apps.wait(lambda: apps.of("a", "refused") == ["not_found"])
        assert apps.of("a", "room")[0] == STAFF_ROOM
        told = [e["problem"]["code"] for e in apps.of("a", "event") if "problem" in e]
        assert told == ["forbidden"]
        assert apps.seqs("a") == []
        assert apps.of("a", "connect")[1]["recovered"] is False
        await apps.wait(lambda: apps.of("a", "joined")[2:] == [PATRONS_ROOM])
        await apps.tell("emit", "a", event="command", data={"command": "Do", "data": {}})
        await apps.wait(lambda: bool(apps.of("a", "answer")))


@EACH_WAY
async def test_a_client_that_says_too_much_is_cut_off_and_then_has_everything(way: str) -> None:
    """4429: a loop gone wild in one app costs it a new connection, and nobody anything else."""
    async with an_evening() as (stage, log, apps, _):
        await _open(apps, stage.url("").split("/socket.io")[0], way, STAFF_ROOM)
        log.add()
        for _ in range(SOCKET_MESSAGES_BURST + 20):
            await apps.tell("emit", "a", event="ping", data={})
        await apps.wait(lambda: len(apps.of("a", "connect")) >= 2)
        log.add()
        await apps.wait(lambda: len(apps.seqs("a")) == 2)
        assert apps.seqs("a") == [1, 2]
        told = [e["problem"]["code"] for e in apps.of("a", "event") if "problem" in e]
        assert told == ["rate_limited"]
