"""The simulator's laws, asked about a node that was really hurt: one by one, with what each saw.

Not asked is what a run of processes can't know or do: what was done outside (`effects`), and what
nobody here does: rooms are not booked, nothing is refunded, no versions are given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

import trio

from storage.postgres.database import Connection
from tests.night import books
from tests.simulation.oracle import (
    days,
    doors,
    laws,
    liveness,
    lives,
    meter,
    money,
    order,
    outbox,
    places,
    refusals,
    things,
    timely,
    turns,
)
from tests.torture.stored import Store

Law = Callable[[Any], None]
_OF_WORLDS: Final[tuple[Law, ...]] = (
    books.assert_flushed_is_the_fold,
    books.assert_rooms_have_no_gap,
    books.assert_handled_once,
    books.assert_books_balance,
    laws.assert_books_only_grow,
    laws.assert_chains_hold,
    laws.assert_seats_are_taken_once,
    laws.assert_stock_is_what_moved,
    laws.assert_one_of_each,
    lives.assert_lives_are_legal,
    places.assert_stations_are_had_by_one,
    things.assert_no_hold_is_left_behind,
    things.assert_receipts_and_balances_are_of_the_books,
    meter.assert_time_costs_what_it_costs,
    meter.assert_tax_is_in_the_price,
    days.assert_days_begin_and_end_at_cutover,
)
_OF_NIGHTS: Final[tuple[Law, ...]] = (
    laws.assert_what_was_answered_is_there,
    order.assert_answers_are_in_order,
    turns.assert_messages_are_taken_in_order,
    timely.assert_all_is_in_time,
    outbox.assert_what_is_told_was_decided,
    places.assert_no_more_are_in_than_fit,
    doors.assert_nobody_comes_who_is_kept_out,
    refusals.assert_refusals_have_reasons,
    money.assert_money_is_as_told,
    liveness.assert_nothing_is_stuck,
    liveness.assert_everything_finished,
)
QUIET_S: Final = 30.0
"""Until then all that was answered is in the tables, and no message is on its way."""
LOOK_AGAIN_S: Final = 0.2
Looked = Mapping[str, Mapping[str, int]]
"""By law, how many rows it was shown of what."""


async def hold_to_the_laws(connection: Connection, store: Store) -> Looked:
    """Ask each law about one quiet moment; what it looked at.

    Raises:
        ExceptionGroup: the laws that do not hold, or had nothing to look at.
        AssertionError: there is no such moment.
    """
    deadline = trio.current_time() + QUIET_S
    while not await store.read(connection):
        assert trio.current_time() < deadline, (
            f"the tables never came to entry {store.journal.last_n}, or messages wait for ever"
        )
        await trio.sleep(LOOK_AGAIN_S)
    return await trio.to_thread.run_sync(_ask_all, store)


def _ask_all(store: Store) -> Looked:
    night = store.night
    asked: dict[str, Counter[str]] = {}
    broken: list[AssertionError] = []
    for law, about in [
        *((law, night.world) for law in _OF_WORLDS),
        *((law, night) for law in _OF_NIGHTS),
    ]:
        night.looked.clear()
        try:
            law(about)
        except AssertionError as error:
            broken.append(error)
        name = law.__name__.removeprefix("assert_").replace("_", " ")
        asked[name] = Counter(night.looked)
        if not asked[name].total():
            broken.append(AssertionError(f"there was nothing of which to ask whether {name}"))
    if broken:
        raise ExceptionGroup("laws that do not hold", broken)
    return asked
