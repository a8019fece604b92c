"""Commits that fail in the middle of everything: what was answered is true, what was lost is gone.

An evening of sagas is played once to see how many commits it takes. Then it is played again
with one of them failing, before it is written or after: and so for each. Who
gets no answer asks again with the same key, as a phone does.
"""

from __future__ import annotations

import itertools
import os
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID, uuid5

import attrs
import pytest
import trio
from trio.testing import MockClock

from protocol.entries import Entry, decode_entry
from protocol.events.base import Audience
from protocol.journal import JournalUnreadable
from protocol.records.money import Transaction
from protocol.records.visits import SessionHistory
from tests.night.books import assert_all_is_well, entries_of
from tests.night.test_night_visits import COLA
from tests.twins.journal_faults import JournalFaults, planted
from tests.twins.nodes import World
from tests.twins.people import VENUE, Heard, Someone, an_order, ask, here, sign_in
from tests.twins.whole import LastLight, copy_of, open_memory_last_light

NAMES: Final = UUID(int=0)
COMMITS_MIN: Final = 20
"""The evening has more than this."""
STEP: Final = 1 if os.environ.get("TEST_LASTLIGHT_LONG") else 3
"""Not each commit fails in each run of all tests; ask for the long ones to have them all."""
TRIES_MAX: Final = 60
SETTLED_S: Final = 215
"""Longer than a lost settlement takes to be asked for again."""


@attrs.define(eq=False)
class OneFault:
    """Hooks of a journal whose `at`-th group from now fails; 0 counts only."""

    kind: str
    at: int
    count: int = 0
    armed: bool = False
    fired: bool = False

    async def before_commit(self, entry_count: int) -> None:
        """Count, and fail if it is this one's turn."""
        self.count += self.armed
        if self.kind != "after" and self._now():
            raise planted()

    async def after_commit(self, entry_count: int) -> None:
        """Fail though it is written."""
        if self.kind == "after" and self._now():
            raise planted()

    async def before_reopen(self) -> None:
        """Nothing is the matter."""

    def _now(self) -> bool:
        now = self.armed and self.count == self.at
        self.fired |= now
        return now


async def insist(ask: Callable[[], Awaitable[Heard]]) -> Heard:
    """Ask, with the same key, until there is an answer that decides."""
    for _ in range(TRIES_MAX):
        heard = await ask()
        if heard.status not in {503, 504} and heard.code != "idempotency_in_progress":
            return heard
        await trio.sleep(1)
    raise AssertionError(f"never answered: {heard}")


@attrs.define(eq=False)
class Evening:
    """What was answered, in order."""

    house: LastLight
    patron: Someone
    staff: Someone
    answers: list[dict[str, Any]] = attrs.field(factory=list)

    async def do(self, who: Someone, path: str, body: object, status: int) -> dict[str, Any]:
        """One thing, insisted on."""
        key = str(uuid5(NAMES, f"{len(self.answers)} {path}"))
        heard = await insist(lambda: who.send("POST", path, body, key=key))
        assert heard.status == status, f"{path}: {heard}"
        self.answers.append(heard.body)
        found: dict[str, Any] = heard.body
        return found

    async def play(self) -> None:
        """Sagas over all kinds of actor, a few at the same time."""
        clock_in = {"venue_id": VENUE, "location": here(self.house)}
        await self.do(self.staff, "/api/staff/clock-in", clock_in, 201)
        till = {"drawer": "front", "opening_float_minor": 10_000}
        await self.do(self.staff, "/api/staff/tills", till, 201)
        codes = await insist(lambda: self.staff.send("GET", f"/api/venues/{VENUE}/checkin-code"))
        arrival = {
            "venue_id": VENUE,
            "qr_token": codes.body["tokens"][0]["qr_token"],
            "location": here(self.house),
        }
        visit = await self.do(self.patron, "/api/sessions/checkin", arrival, 201)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(
                self.do, self.patron, "/api/transactions/purchase", an_order(COLA), 201
            )
            cash = {
                "venue_id": VENUE, "tender": "cash", "amount_minor": 1_000,
                "user_id": self.patron.user_id,
            }  # fmt: skip
            nursery.start_soon(self.do, self.staff, "/api/transactions/topup", cash, 201)
            nursery.start_soon(self.do, self.staff, "/api/emergency/sos", {}, 201)
        await trio.sleep(400)
        out = f"/api/sessions/{visit['session_id']}/checkout"
        await self.do(self.patron, out, {}, 200)


def lost_of(world: World, written: list[bytes]) -> list[Entry]:
    """Entries that were put in line and never became durable.

    What notes that an effect is done may be written again just as it was.
    """
    left = Counter(written) - Counter(kept.data for kept in world.disk.entries)
    return [decode_entry(data) for data in left]


def assert_nothing_of_the_lost_got_out(world: World, lost: list[Entry]) -> None:
    """No numbered event, no effect, and no message handled, of an entry that is not there."""
    events = {event.id for entry in lost for event in entry.events}
    assert not events & {event.id for event in world.publisher.events}
    sends = {message.id for entry in lost for message in entry.sends}
    assert not sends & {message.id for message in world.effects.done}
    assert not sends & {entry.cause for entry in entries_of(world)}


def assert_each_number_was_published_once(world: World) -> None:
    """Over resets, what a room was told under one number is one event, in order."""
    for room in (
        audience.room(UUID(VENUE)) for audience in Audience if audience is not Audience.USER
    ):
        told = [seq for event in world.publisher.events for name, seq in event.rooms
                if name == room and seq is not None]  # fmt: skip
        assert told == sorted(set(told)), room


async def play(world: World, fault: OneFault) -> tuple[Evening, list[Entry]]:
    """An evening with one failing commit, played to its end."""
    written: list[bytes] = []
    async with open_memory_last_light(world, hooks=fault) as house:
        patron, staff = await sign_in(house, "patron1"), await sign_in(house, "staff1")
        await house.wait_flushed()
        house.journal.spy = written.append
        fault.armed = True
        evening = Evening(house, patron, staff)
        await evening.play()
        await trio.sleep(SETTLED_S)
        wallet = await patron.send("GET", "/api/transactions/credits")
        assert wallet.body["available_minor"] == 100_000 + 1_000 - 300 - 66
        assert house.node.counts.resets == fault.fired
        await house.wait_flushed()
        assert_all_is_well(world)
    return evening, lost_of(world, written)


@pytest.mark.parametrize("kind", ["before", "after"])
async def test_whichever_commit_fails_the_evening_ends_as_it_should(
    kind: str, founded_world: World, autojump_clock: MockClock
) -> None:
    """The node resets by the path of a start; every saga ends once, every answer stays true."""
    for at in itertools.count(1, STEP):
        world, fault = copy_of(founded_world), OneFault(kind, at)
        evening, lost = await play(world, fault)
        if not fault.fired:
            break
        assert lost or kind == "after", f"commit {at}"
        assert_nothing_of_the_lost_got_out(world, lost)
        assert_each_number_was_published_once(world)
        stored = {str(row.id) for row in world.database.table(Transaction).values()}
        answered = {body["transaction_id"] for body in evening.answers if "transaction_id" in body}
        assert answered <= stored
        (history,) = world.database.table(SessionHistory).values()
        assert str(history.receipt_id) == evening.answers[-1]["receipt_id"]
    assert at > COMMITS_MIN


async def test_a_sign_out_that_was_lost_did_not_happen(
    founded_world: World, autojump_clock: MockClock
) -> None:
    """Its token counts again, and signs out when it is told to again, for good."""
    world, faults = copy_of(founded_world), JournalFaults()
    async with open_memory_last_light(world, hooks=faults) as house:
        patron = await sign_in(house, "patron1")
        faults.before = planted()
        lost = await patron.send("POST", "/api/auth/logout", {}, key="k")
        assert (lost.status, lost.code) == (504, "outcome_unknown")
        await house.node.wait_ready()
        await patron.refresh()
        await patron.need(200, "GET", "/api/users/me/limits")
        await patron.need(204, "POST", "/api/auth/logout", {}, key="k")
        assert (await patron.send("GET", "/api/users/me/limits")).status == 401
        sent = {"refresh_token": patron.refresh_token}
        assert (await ask(house, "POST", "/api/auth/refresh", sent)).status == 401


async def test_a_journal_that_cannot_be_read_ends_the_node_and_the_next_one_goes_on(
    founded_world: World, autojump_clock: MockClock
) -> None:
    """Nobody knows what was written, so nothing is answered; the next start reads what there is."""
    world, faults, written = copy_of(founded_world), JournalFaults(), list[bytes]()
    with pytest.RaisesGroup(JournalUnreadable, allow_unwrapped=True, flatten_subgroups=True):
        async with open_memory_last_light(world, hooks=faults) as house:
            patron = await sign_in(house, "patron1")
            house.journal.spy = written.append
            faults.before = planted()
            faults.reopen = planted(sqlite3.SQLITE_CANTOPEN)
            await patron.send("POST", "/api/transactions/purchase", an_order(COLA), key="k")
            raise AssertionError("answered though nobody knows what is durable")
    lost = lost_of(world, written)
    assert lost
    assert_nothing_of_the_lost_got_out(world, lost)
    async with open_memory_last_light(world) as house:
        patron = patron.at(house)
        body = an_order(COLA)
        bought = await patron.need(201, "POST", "/api/transactions/purchase", body, key="k")
        assert bought["balance"]["available_minor"] == 100_000 - 300
        await trio.sleep(1)
        await house.wait_flushed()
        assert_all_is_well(world)
