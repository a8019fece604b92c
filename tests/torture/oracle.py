"""What must hold once a node has come to itself: over its API, over sockets, and in its tables."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final
from uuid import UUID

import trio

from storage.postgres.database import Connection
from tests.system.books import reading
from tests.system.harness import wait_until
from tests.system.reckoning import ask_again, check_tables, check_visits
from tests.torture.evening import Evening
from tests.torture.laws import Looked, hold_to_the_laws
from tests.torture.watchers import Watcher, standing

QUIET_S: Final = 30.0
SAMPLE: Final = 60
"""Answers of the whole evening that are asked for again after each cycle."""
_EVENTS: Final = """
select seq, id::text, hide_from::text from event_outbox where room = $1 order by seq"""
_WAITING: Final = "select id from runtime.pending_sends"


async def hold_to_account(evening: Evening, *, earlier: int, laws: bool) -> Looked:
    """Check everything. `earlier` is how many acts there were before this cycle.

    Returns:
        By law, how much of what it was shown; nothing without `laws`.

    Raises:
        AssertionError: something does not hold; with what.
    """
    front, guests = evening.front, evening.guests
    acts = [act for guest in guests for act in guest.acts if act.answered and act.is_kept]
    before = acts[:earlier]
    sample = evening.dice.sample(before, min(SAMPLE, len(before)))
    await ask_again(front, [*sample, *acts[-SAMPLE:]])
    await check_visits(front, guests)
    async with reading(evening.node.database_url) as connection:
        await check_tables(connection, guests)
        await _check_alarms(connection, evening)
        await _check_nothing_waits(connection)
        for watcher in evening.watchers:
            await _check_room(connection, watcher)
        return await hold_to_the_laws(connection, evening.store) if laws else {}


async def _check_alarms(connection: Connection, evening: Evening) -> None:
    """Who was told that help was called has one incident, and it is over."""
    told = {UUID(alarm.answer["incident_id"]) for alarm in evening.alarms if alarm.done}

    async def closed() -> bool:
        sql = "select id from incidents where id = any($1::uuid[]) and status = any($2::text[])"
        rows = await connection.fetch(sql, [*told], ["resolved", "false_alarm"])
        return {row["id"] for row in rows} == told

    with suppress(trio.TooSlowError):
        await wait_until(closed, within_s=QUIET_S)
    assert await closed(), f"incidents {told} are not all there and over"


async def _check_nothing_waits(connection: Connection) -> None:
    """Every chain of messages came to its end."""

    async def none_waits() -> bool:
        return not await connection.fetch(_WAITING)

    with suppress(trio.TooSlowError):
        await wait_until(none_waits, within_s=QUIET_S)
    left = [str(row["id"]) for row in await connection.fetch(_WAITING)]
    assert not left, f"these messages wait for ever: {left}"


async def _check_room(connection: Connection, watcher: Watcher) -> None:
    """A listener has every event of the room once and in order, and holds what a newcomer is given.

    Both are looked at when nothing happens any more.
    """
    assert not watcher.wrong, f"{watcher.room}: {watcher.wrong[:5]}"
    found: dict[str, Any] = {}

    async def is_quiet() -> bool:
        rows = await connection.fetch(_EVENTS, watcher.room)
        seq, view = await standing(watcher.url, watcher.who(), watcher.room)
        found.update(rows=rows, seq=seq, view=view)
        return bool(rows) and rows[-1]["seq"] == seq == watcher.seq

    with suppress(trio.TooSlowError):
        await wait_until(is_quiet, within_s=QUIET_S)
    rows, seq = found["rows"], found["seq"]
    last = rows[-1]["seq"] if rows else 0
    stands = f"stored {last}, told {seq}, heard {watcher.seq}"
    assert last == seq == watcher.seq or not watcher.heard, f"{watcher.room}: {stands}"
    assert [row["seq"] for row in rows] == list(range(1, last + 1)), f"{watcher.room} has a gap"
    assert not watcher.wrong, f"{watcher.room}: {watcher.wrong[:5]}"
    mine = watcher.who().user_id
    stored = {row["seq"]: None if row["hide_from"] == mine else row["id"] for row in rows}
    other = {
        at: (id_, stored.get(at)) for at, id_ in watcher.heard.items() if stored.get(at) != id_
    }
    assert not other, f"{watcher.room}: (heard, stored) {dict([*other.items()][:5])}"
    if watcher.heard:
        skipped = {at for begin, end in watcher.jumps for at in range(begin + 1, end + 1)}
        wanted = set(range(min(watcher.heard), last + 1)) - skipped
        assert wanted <= watcher.heard.keys(), f"{watcher.room}: missed some of {wanted}"
    assert watcher.view == found["view"], f"{watcher.room} is not what its events come to"
