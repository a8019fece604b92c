"""What holds at every quiet moment of any night, in the rows alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from lastlight.integrations.payment_effects import PaymentEffects
from protocol.addresses import OUTSIDE
from protocol.chains import canonical_journal, canonical_json, first_broken, row_fields
from protocol.commands import Command
from protocol.entries import decode_message
from protocol.messages import Message
from protocol.records.base import Record
from protocol.records.inventory import Game, InventoryLevel, KaraokeRoom, MenuItem, StockMovement
from protocol.records.ledger import BusinessDay, LedgerJournal, LedgerPosting, Till
from protocol.records.money import CreditHold, Receipt, Refund, Transaction
from protocol.records.money_states import HoldStatus, TillStatus
from protocol.records.payments import Payment
from protocol.records.platform import AuditEntry
from protocol.records.runtime import DeadLetter, FloorPlace, OpenVisit
from protocol.records.safety import Incident, IncidentEvent, Intervention, SafetyLog
from protocol.records.staff import ShiftHandover, StaffShift, StaffTask
from protocol.records.states import OPEN_SESSION, ReservationStatus, ShiftStatus
from protocol.records.venues import Reservation
from protocol.records.visits import Session, SessionHistory
from tests.night.books import assert_all_is_well, entries_of
from tests.simulation.faults import was_planted
from tests.simulation.night import Night
from tests.simulation.oracle.days import assert_days_begin_and_end_at_cutover
from tests.simulation.oracle.doors import assert_nobody_comes_who_is_kept_out
from tests.simulation.oracle.liveness import assert_nothing_is_stuck
from tests.simulation.oracle.lives import assert_lives_are_legal
from tests.simulation.oracle.meter import (
    assert_tax_is_in_the_price,
    assert_time_costs_what_it_costs,
)
from tests.simulation.oracle.money import assert_money_is_as_told
from tests.simulation.oracle.order import assert_answers_are_in_order
from tests.simulation.oracle.outbox import assert_what_is_told_was_decided
from tests.simulation.oracle.places import (
    assert_no_more_are_in_than_fit,
    assert_stations_are_had_by_one,
)
from tests.simulation.oracle.refusals import assert_refusals_have_reasons
from tests.simulation.oracle.things import (
    assert_no_hold_is_left_behind,
    assert_receipts_and_balances_are_of_the_books,
    assert_refunds_are_of_what_was_sold,
    assert_versions_rise_by_one,
)
from tests.simulation.oracle.timely import assert_all_is_in_time
from tests.simulation.oracle.turns import assert_messages_are_taken_in_order
from tests.twins.nodes import World

OBJECTS: Final[dict[str, tuple[type[Record], ...]]] = {
    "session_id": (Session, SessionHistory),
    "transaction_id": (Transaction,),
    "refund_id": (Refund,),
    "hold_id": (CreditHold,),
    "payment_id": (Payment,),
    "receipt_id": (Receipt,),
    "shift_id": (StaffShift,),
    "till_id": (Till,),
    "task_id": (StaffTask,),
    "handover_id": (ShiftHandover,),
    "incident_id": (Incident,),
    "intervention_id": (Intervention,),
    "reservation_id": (Reservation,),
}
"""What an answer names, and where it must be found."""
VERSIONED: Final[dict[str, tuple[str, type[Record]]]] = {
    "/api/staff/tasks": ("task_id", StaffTask),
    "/api/reservations": ("reservation_id", Reservation),
    "/api/inventory/games": ("game_id", Game),
    "/api/inventory/rooms": ("room_id", KaraokeRoom),
    "/api/inventory/items": ("item_id", MenuItem),
}
"""By the beginning of a path: whose version the answer tells."""


def assert_laws(night: Night) -> None:
    """All of them."""
    world = night.world
    assert_all_is_well(world)
    assert_lives_are_legal(world)
    assert_books_only_grow(world)
    assert_chains_hold(world)
    assert_seats_are_taken_once(world)
    assert_stock_is_what_moved(world)
    assert_one_of_each(world)
    assert_rooms_are_booked_once(world)
    assert_what_was_answered_is_there(night)
    assert_effects_are_done(world)
    assert_answers_are_in_order(night)
    assert_messages_are_taken_in_order(night)
    assert_all_is_in_time(night)
    assert_stations_are_had_by_one(world)
    assert_no_more_are_in_than_fit(night)
    assert_what_is_told_was_decided(night)
    assert_refusals_have_reasons(night)
    assert_nothing_is_stuck(night)
    assert_nobody_comes_who_is_kept_out(night)
    assert_money_is_as_told(night)
    assert_time_costs_what_it_costs(world)
    assert_tax_is_in_the_price(world)
    assert_days_begin_and_end_at_cutover(world)
    assert_no_hold_is_left_behind(world)
    assert_versions_rise_by_one(night)
    assert_refunds_are_of_what_was_sold(world)
    assert_receipts_and_balances_are_of_the_books(world)
    letters = world.database.table(DeadLetter).values()
    dead = [row for row in letters if not was_planted(row, night.faults.hung)]
    assert dead == [], dead


def assert_effects_are_done(world: World) -> None:
    """What follows outside is performed before it is noted, noted once, and never lost.

    One that raised again and again is noted as a dead letter, for the operator to send again.
    """
    asked: dict[UUID, type[Command]] = {}
    given_up: set[UUID] = set()
    over: Counter[UUID] = Counter()
    for entry in entries_of(world):
        if entry.actor == OUTSIDE and entry.cause is not None:
            over[entry.cause] += 1
            if any(isinstance(record, DeadLetter) for record in entry.appends):
                given_up.add(entry.cause)
        for _, data in entry.sends:
            message = decoded_message(data)
            if message.target == OUTSIDE:
                asked[message.id] = type(message.command)
    done = {message.id for message in world.effects.done}
    elsewhere = PaymentEffects(world.provider).performers()
    undecided = [type(one.command) for one in world.effects.done if one.id not in asked]
    assert undecided == [], f"done outside, and decided nowhere: {undecided}"
    for id_ in over.keys() - given_up:
        assert id_ in done or asked[id_] in elsewhere, asked[id_]
    assert not over or max(over.values()) == 1
    waiting = {id_ for id_, (_, data) in world.database.sends.items()}
    assert not waiting & over.keys()
    assert asked.keys() <= over.keys() | waiting


@lru_cache(maxsize=20_000)
def decoded_message(data: bytes) -> Message:
    """A message of an entry, read once however often it is looked at."""
    return decode_message(data)


def assert_books_only_grow(world: World) -> None:
    """L1, L3 and L5: what is posted sums to nothing, once, and is never touched again."""
    books = {LedgerJournal.table.name, LedgerPosting.table.name}
    seen: set[tuple[str, tuple[Any, ...]]] = set()
    sources: set[tuple[UUID | None, str]] = set()
    sums: Counter[tuple[UUID, str]] = Counter()
    for entry in entries_of(world):
        assert not books & {table for table, _ in entry.removes}
        assert not books & {record.table.name for record in entry.changes}
        for record in entry.appends:
            if record.table.name in books:
                assert (record.table.name, record.primary_key) not in seen, record
                seen.add((record.table.name, record.primary_key))
            if isinstance(record, LedgerJournal) and record.transaction_id is not None:
                assert (record.transaction_id, record.source) not in sources, record
                sources.add((record.transaction_id, record.source))
            if isinstance(record, LedgerPosting):
                sums[record.journal_id, record.currency] += record.amount_minor
    assert not any(sums.values())


def assert_chains_hold(world: World) -> None:
    """L7, and the registers: each row's hash follows from the stored rows alone."""
    lines: dict[UUID, list[Any]] = defaultdict(list)
    for posting in world.database.table(LedgerPosting).values():
        lines[posting.journal_id].append(posting)

    def plain(*without: str) -> Callable[[Any], bytes]:
        return lambda row: canonical_json(row_fields(row, without=without))

    chains: tuple[tuple[type[Record], str, Callable[[Any], bytes]], ...] = (
        (LedgerJournal, "venue_id", lambda row: canonical_journal(row, lines[row.id])),
        (SafetyLog, "venue_id", plain("notes", "notes_salt")),
        (AuditEntry, "venue_id", plain("before", "after", "detail_salt")),
        (IncidentEvent, "incident_id", plain("detail", "detail_salt")),
    )
    for record, of, canonical in chains:
        rows: dict[Any, list[Any]] = defaultdict(list)
        for row in world.database.table(record).values():
            rows[getattr(row, of)].append(row)
        for chain in rows.values():
            chain.sort(key=lambda row: row.seq)
            assert [row.seq for row in chain] == list(range(1, len(chain) + 1)), record
            links = [(row.prev_hash, row.hash, canonical(row)) for row in chain]
            assert first_broken(links) == -1, chain[first_broken(links)]
    numbers: dict[UUID, list[int]] = defaultdict(list)
    for receipt in world.database.table(Receipt).values():
        numbers[receipt.venue_id].append(receipt.number)
    days: dict[UUID, list[int]] = defaultdict(list)
    for day in world.database.table(BusinessDay).values():
        if day.z_number is not None:
            days[day.venue_id].append(day.z_number)
    for given in (*numbers.values(), *days.values()):
        assert sorted(given) == list(range(1, len(given) + 1))


def assert_seats_are_taken_once(world: World) -> None:
    """The floor's seats are those of the open visits, and each is its guest's only one."""
    visits: dict[UUID, Session] = {
        row.id: row for row in world.database.table(Session).values() if row.status in OPEN_SESSION
    }
    places = {row.session_id: row for row in world.database.table(FloorPlace).values()}
    assert places.keys() == visits.keys(), (places, visits)
    for id_, place in places.items():
        visit = visits[id_]
        seen = (place.party_size, place.status, place.activity, place.station_id)
        assert seen == (visit.party_size, visit.status, visit.activity, visit.station_id), (
            place,
            visit,
        )
    open_: dict[UUID, UUID] = {
        row.user_id: row.session_id for row in world.database.table(OpenVisit).values()
    }
    assert open_ == {visit.user_id: id_ for id_, visit in visits.items()}
    assert len(open_) == len(visits)
    for visit in visits.values():
        hold: CreditHold = world.database.table(CreditHold)[(visit.hold_id,)]
        assert hold.status is HoldStatus.OPEN, (visit, hold)
        assert hold.amount_minor - hold.captured_minor == visit.held_minor, (visit, hold)


def assert_stock_is_what_moved(world: World) -> None:
    """Stock on hand is the sum of its movements; what is reserved is part of it."""
    moved: Counter[UUID] = Counter()
    for row in world.database.table(StockMovement).values():
        moved[row.item_id] += row.delta_milli
    for level in world.database.table(InventoryLevel).values():
        assert 0 <= level.reserved_milli <= level.on_hand_milli, level
        assert level.on_hand_milli == moved[level.item_id], level


def assert_one_of_each(world: World) -> None:
    """One open visit, shift and till per person."""

    def once(people: Iterable[UUID]) -> None:
        assert [who for who, count in Counter(people).items() if count > 1] == []

    rows = world.database.table
    once(r.user_id for r in rows(Session).values() if r.status in OPEN_SESSION)
    working = (ShiftStatus.OPEN, ShiftStatus.ON_BREAK)
    once(r.staff_id for r in rows(StaffShift).values() if r.status in working)
    once(r.staff_id for r in rows(Till).values() if r.status is TillStatus.OPEN)


def assert_rooms_are_booked_once(world: World) -> None:
    """Rule 14: no two bookings share a room and a moment."""
    kept = (ReservationStatus.CONFIRMED, ReservationStatus.ARRIVED)
    rooms: dict[UUID, list[Reservation]] = defaultdict(list)
    for row in world.database.table(Reservation).values():
        if row.status in kept and row.room_id is not None:
            rooms[row.room_id].append(row)
    for bookings in rooms.values():
        bookings.sort(key=lambda row: row.during.start)
        for one, next_ in pairwise(bookings):
            assert one.during.end <= next_.during.start, (one, next_)


def assert_what_was_answered_is_there(night: Night) -> None:
    """Each thing that an answer named is in the tables, in that version or a later one."""
    rows = night.world.database.table
    for sent, heard in night.answers:
        if not isinstance(heard.body, dict) or heard.body.get("recorded") is False:
            continue
        for name, kinds in OBJECTS.items():
            id_ = heard.body.get(name)
            if id_ is None:
                continue
            found = [row for kind in kinds if (row := rows(kind).get((UUID(id_),))) is not None]
            assert found, f"{sent} was told of {name} {id_}, which is not there"
        for path, (name, kind) in VERSIONED.items():
            if sent.path.startswith(path):
                stored: Any = rows(kind)[(UUID(heard.body[name]),)]
                assert stored.version >= heard.body["version"], (
                    f"{sent} was told of a version to come"
                )
    night.answers.clear()
