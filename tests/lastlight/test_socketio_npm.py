"""The stock `socket.io-client` from npm: each way to connect, cut off at every thing that is said.

The node is a stage: a hub, and a log of one room that is as durable as the test. What the client
says that it heard is compared with the log, place by place.
"""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.lastlight.realtime_kit import STAFF_ROOM, VENUE
from tests.lastlight.socketio_apps import WAYS, Apps, Log, an_evening

EACH_WAY = pytest.mark.parametrize("way", list(WAYS))


@EACH_WAY
async def test_the_stock_client_connects_subscribes_commands_and_hears(way: str) -> None:
    """With its own options: polling and then an upgrade, or one of both alone."""
    async with an_evening() as (stage, log, apps, net):
        await apps.tell("open", "a", url=net.url, token="1", options=WAYS[way])
        await apps.wait(lambda: bool(apps.of("a", "connect")))
        assert apps.of("a", "connect")[0]["recovered"] is False
        await apps.tell("subscribe", "a", room=STAFF_ROOM)
        await apps.wait(lambda: bool(apps.of("a", "joined")))
        for _ in range(20):
            log.add()
        await apps.wait(lambda: len(apps.seqs("a")) == 20)
        assert apps.seqs("a") == list(range(1, 21))
        heard = apps.of("a", "event")
        assert {(told["name"], told["count"], told["room"]) for told in heard} == {
            ("task.created", 1, STAFF_ROOM)
        }
        wish = {"command": "Do", "data": {"a": 1}, "idempotency_key": "k"}
        await apps.tell("emit", "a", event="command", data=wish)
        await apps.wait(lambda: bool(apps.of("a", "answer")))
        assert apps.of("a", "answer") == [{"status": 201, "data": {"done": "Do"}}]
        assert (UUID(int=1), "Do", {"a": 1}, "k") in stage.asked
        await apps.tell("subscribe", "a", room=f"venue:{VENUE}:owner")
        await apps.wait(lambda: bool(apps.of("a", "refused")))
        assert apps.of("a", "refused") == ["forbidden"]
        if way == "default":
            await apps.wait(lambda: apps.of("a", "upgrade") == ["websocket"])


async def test_a_bad_token_is_a_connect_error_and_a_revoked_one_a_disconnect() -> None:
    """In both cases the client stops by itself, instead of knocking for ever."""
    async with an_evening() as (stage, _, apps, net):
        await apps.tell("open", "a", url=net.url, token="nobody")
        await apps.wait(lambda: bool(apps.of("a", "connect_error")))
        assert apps.of("a", "connect_error") == ["unauthenticated"]
        assert apps.of("a", "active") == [False]
        for way, options in WAYS.items():
            await apps.tell("open", way, url=net.url, token="2", options=options)
            await apps.wait(lambda way=way: bool(apps.of(way, "connect")))  # type: ignore[misc]
        stage.hub.revoke(lambda who: who.user_id == UUID(int=2))
        for way in WAYS:
            await apps.wait(lambda way=way: bool(apps.of(way, "disconnect")))  # type: ignore[misc]
            assert apps.of(way, "disconnect") == ["io server disconnect"]
            assert apps.of(way, "event")[-1]["problem"]["code"] == "unauthenticated"


@EACH_WAY
@pytest.mark.parametrize("cursors", [True, False])
async def test_a_dropped_client_is_recovered_and_misses_nothing(way: str, cursors: bool) -> None:
    """By the stock client's own pid alone, if all had arrived; by cursors in any case."""
    async with an_evening() as (stage, log, apps, net):
        await apps.tell("open", "a", url=net.url, token="1", options=WAYS[way], cursors=cursors)
        await apps.tell("subscribe", "a", room=STAFF_ROOM)
        await apps.wait(lambda: bool(apps.of("a", "joined")))
        log.add()
        await apps.wait(lambda: apps.seqs("a") == [1])
        if not cursors:
            await apps.wait(stage.all_arrived)
        for n in (1, 2):
            await apps.tell("drop", "a")
            await apps.wait(lambda n=n: len(apps.of("a", "disconnect")) == n)  # type: ignore[misc]
            if not cursors:
                # What is written to it meanwhile would be in doubt.
                await apps.wait(lambda: not stage.server.lines())
            log.add()
            await apps.wait(lambda n=n: len(apps.of("a", "connect")) == n + 1)  # type: ignore[misc]
            await apps.wait(lambda n=n: len(apps.seqs("a")) == n + 1)  # type: ignore[misc]
            if not cursors:
                await apps.wait(stage.all_arrived)
        assert apps.seqs("a") == [1, 2, 3]
        connects = apps.of("a", "connect")
        assert [told["recovered"] for told in connects] == [False, True, True]
        assert len({told["id"] for told in connects}) == 1


@pytest.mark.parametrize(
    ("way", "cursors", "half"),
    [
        ("default", True, False),
        ("default", False, True),
        ("websocket", True, True),
        ("polling", True, False),
    ],
)
async def test_a_cut_anywhere_loses_nothing_and_tells_nothing_twice(
    way: str, cursors: bool, half: bool
) -> None:
    """At each thing said of a handshake and of a resume: none missing, none twice, in order."""
    async with an_evening() as (stage, log, apps, net):
        app, who, places, begin = "", 99, 0, 0
        for at in range(80):
            who += 1
            app, begin = f"app{at}", len(log.events)
            net.arm(at, half=half)
            cuts = net.cut_count
            await apps.tell(
                "open", app, url=net.url, token=str(who), options=WAYS[way], cursors=cursors
            )
            await apps.tell("subscribe", app, room=STAFF_ROOM)
            await _happens(log, apps, app, begin)
            if net.cut_count == cuts:
                break
            places += 1
            await apps.tell("close", app)
            await apps.wait(lambda app=app: bool(apps.of(app, "closed")))  # type: ignore[misc]
        else:
            pytest.fail("a handshake has no end")
        resumes = 0
        for at in range(80):
            net.is_away = True
            net.cut()
            await apps.wait(lambda: not apps.is_connected(app))
            log.add()
            net.arm(at, half=half)
            net.is_away = False
            cuts = net.cut_count
            await _happens(log, apps, app, begin)
            if net.cut_count == cuts:
                break
            resumes += 1
        else:
            pytest.fail("a resume has no end")
        net.arm(None)
        assert places >= 6, "nothing was cut"
        assert resumes >= 6, "nothing was cut"
        if cursors:
            recovered = [told["recovered"] for told in apps.of(app, "connect")]
            assert recovered[0] is False
            assert all(recovered[1:])
        assert stage.hub.statistics().slow_total == 0


async def _happens(log: Log, apps: Apps, app: str, begin: int) -> None:
    """Two things happen, and the client has all that did since it joined, once and in order."""
    await apps.wait(lambda: bool(apps.of(app, "joined")))
    first = min(apps.of(app, "seq"))
    assert first >= begin
    for _ in range(2):
        log.add()
        last = len(log.events)
        await apps.wait(lambda last=last: apps.seqs(app)[-1:] == [last])  # type: ignore[misc]
    assert apps.seqs(app) == list(range(first + 1, len(log.events) + 1)), apps.said[app]
