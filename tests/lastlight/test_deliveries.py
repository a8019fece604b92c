"""Notes of deliveries and ways to people: bounded, and no hold-up while the database is away."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from lastlight.integrations.notifications.contacts import Contacts
from lastlight.integrations.notifications.deliveries import Delivery, DeliveryLog
from protocol.internal.notifications import About
from protocol.notify_limits import CONTACTS_WARM_S
from protocol.reaching import Reach
from tests.lastlight.notifier_kit import NIGHT, VENUE, People, someone

ABOUT = About(event_id=UUID(int=5))


def note(log: DeliveryLog, n: int, status: Delivery = Delivery.WAITING, **more: Any) -> None:
    log.note(UUID(int=n), UUID(int=1), ABOUT, "sms", status, at=NIGHT, **more)


async def test_notes_wait_for_the_database_and_add_up(autojump_clock: MockClock) -> None:
    """While it is away a message is tried again and again: one row in the end, with all tries."""
    people = People(away=True)
    log = DeliveryLog(book=people)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(log.run)
        for _ in range(3):
            note(log, 1, error="busy")
            await wait_all_tasks_blocked()
        note(log, 2)
        people.away = False
        note(log, 1, Delivery.SENT)
        await trio.sleep(10)
        nursery.cancel_scope.cancel()
    kept = {row.id.int: row for row in people.kept}
    assert (kept[1].status, kept[1].tries, kept[1].sent_at, kept[1].error) == (
        "sent",
        4,
        NIGHT,
        None,
    )
    assert kept[2].tries == 1


async def test_notes_that_nobody_takes_are_bounded() -> None:
    """A database that is away for a day must not fill the memory; the newest notes stay."""
    people = People(away=True)
    log = DeliveryLog(book=people, waiting_max=3)
    for n in range(5):
        note(log, n)
    assert not await log.write()
    note(log, 9)
    people.away = False
    assert await log.write()
    assert [row.id.int for row in people.kept] == [3, 4, 9]
    assert log.dropped == 3


async def test_each_try_is_counted_by_way_and_status() -> None:
    """An operator sees that a provider takes nothing before anybody has to tell."""
    counts = Counter[tuple[str, str]]()
    log = DeliveryLog(book=People(), count=lambda *what: counts.update([what]))
    note(log, 1)
    note(log, 1, Delivery.SENT)
    assert counts == {("sms", "waiting"): 1, ("sms", "sent"): 1}


async def test_who_works_here_is_known_before_the_database_goes_away(
    autojump_clock: MockClock,
) -> None:
    """Read every few minutes, and soon again if that failed."""
    people = People(away=True, known={UUID(int=1): someone(1)}, owners=(UUID(int=1),))
    contacts = Contacts(book=people)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(contacts.keep_warm)
        await trio.sleep(1)
        people.away = False
        await trio.sleep(10)
        people.away = True
        found, unknown = await contacts.of([UUID(int=1), UUID(int=2)])
        assert (list(found), unknown) == ([UUID(int=1)], (UUID(int=2),))
        assert await contacts.owners_of_all() == (UUID(int=1),)
        assert (await contacts.sign_of(VENUE)).name == "Shibuya"
        people.away = False
        people.known = {UUID(int=3): someone(3)}
        await trio.sleep(CONTACTS_WARM_S)
        people.away = True
        found, unknown = await contacts.of([UUID(int=3)])
        assert (list(found), unknown) == ([UUID(int=3)], ())
        nursery.cancel_scope.cancel()


async def test_a_database_that_hangs_costs_an_alarm_one_second(autojump_clock: MockClock) -> None:
    """Not one for each thing that is asked of it; and it is asked again some seconds later."""
    people = People(known={UUID(int=1): someone(1)}, owners=(UUID(int=1),))
    contacts = Contacts(book=people)
    await contacts.of([UUID(int=1)])
    await contacts.owners_of_all()
    people.hangs = trio.Event()
    began = trio.current_time()
    assert await contacts.owners_of_all() == (UUID(int=1),)
    found, _ = await contacts.of([UUID(int=1)])
    assert list(found) == [UUID(int=1)]
    assert (await contacts.sign_of(VENUE)).name == "the venue"
    assert trio.current_time() - began == 1.0
    people.hangs = None
    await trio.sleep(6)
    assert (await contacts.sign_of(VENUE)).name == "Shibuya"


async def test_who_is_gone_is_not_remembered_as_they_were() -> None:
    """An erased person's number must not be rung because the database is away."""
    people = People(known={UUID(int=1): someone(1)})
    contacts = Contacts(book=people)
    await contacts.of([UUID(int=1)])
    people.known.clear()
    await contacts.of([UUID(int=1)])
    people.away = True
    assert await contacts.of([UUID(int=1)]) == ({UUID(int=1): Reach(user_id=UUID(int=1))}, ())


async def test_the_people_remembered_are_bounded() -> None:
    """Whoever was asked about longest ago goes first."""
    people = People(known={UUID(int=n): someone(n) for n in range(1, 5)})
    contacts = Contacts(book=people, kept_max=2)
    for n in range(1, 5):
        await contacts.of([UUID(int=n)])
    people.away = True
    _, unknown = await contacts.of([UUID(int=n) for n in range(1, 5)])
    assert unknown == (UUID(int=1), UUID(int=2))


async def test_a_venue_that_nobody_can_name_now_is_the_venue() -> None:
    """An alarm without the house's name is an alarm."""
    contacts = Contacts(book=People(away=True))
    sign = await contacts.sign_of(VENUE)
    assert (sign.name, sign.tz) == ("the venue", "UTC")
