"""What was so, from entry to entry: who is where, what they hold, and what is taken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import attrs

from protocol.entries import Entry
from protocol.records.inventory import Game, InventoryLevel, KaraokeRoom
from protocol.records.ledger import Till
from protocol.records.money import CreditGrant, Credits
from protocol.records.money_states import GameStatus, RoomStatus, TillStatus
from protocol.records.platform import IdempotencyKey
from protocol.records.runtime import DrawerInUse, FloorPlace, OpenVisit, SafetyHold
from protocol.records.staff import StaffShift
from protocol.records.states import ShiftStatus
from protocol.records.users import Exclusion
from protocol.records.venues import Venue
from tests.simulation.asking import Sent

FREE: Final = (GameStatus.AVAILABLE, RoomStatus.READY)
REMOVED: Final = {
    OpenVisit.table.name: "visit",
    SafetyHold.table.name: "safety hold",
    DrawerInUse.table.name: "drawer",
}
"""Rows that end by being removed, and what they say."""


@attrs.define(eq=False)
class Past:
    """One value from entry to entry."""

    values: list[tuple[int, Any]] = attrs.field(factory=list)

    def put(self, place: int, value: Any) -> None:
        """It is this from here on."""
        if not self.values or self.values[-1][1] != value:
            self.values.append((place, value))

    def since(self, place: int) -> list[Any]:
        """All that it was from before that place on."""
        kept: list[Any] = []
        for at, value in reversed(self.values):
            kept.append(value)
            if at < place:
                return kept
        return [*kept, None]


@attrs.frozen(kw_only=True)
class Refused:
    """What was refused, since which place and time in the journal, when, and what was told."""

    row: IdempotencyKey
    sent: Sent
    began: int
    asked: datetime
    at: datetime
    detail: str
    extra: Mapping[str, Any]

    @property
    def body(self) -> Mapping[str, Any]:
        """What was asked for."""
        return self.sent.body or {}

    @property
    def guest_id(self) -> UUID:
        """Whom it was about."""
        return UUID(self.body["user_id"]) if "user_id" in self.body else self.row.user_id


@attrs.define(eq=False)
class Facts:
    """All of them, as far as the journal is read."""

    facts: dict[Hashable, Past] = attrs.field(factory=lambda: defaultdict(Past))
    lots: dict[UUID, dict[UUID, CreditGrant]] = attrs.field(factory=lambda: defaultdict(dict))
    exclusions: dict[UUID, dict[UUID, Exclusion]] = attrs.field(factory=lambda: defaultdict(dict))
    seats: dict[UUID, FloorPlace] = attrs.field(factory=dict)
    had: dict[Hashable, set[UUID]] = attrs.field(factory=lambda: defaultdict(set))

    def ever(self, fact: Hashable, refused: Refused) -> bool:
        """Whether it was so at some moment since it was asked."""
        return any(self.facts[fact].since(refused.began))

    def not_always(self, fact: Hashable, refused: Refused) -> bool:
        """Whether it was not so at some moment since it was asked."""
        return not all(self.facts[fact].since(refused.began))

    def take(self, entry: Entry, place: int) -> None:
        """The next entry."""
        for table, key in entry.removes:
            if table == FloorPlace.table.name and (seat := self.seats.pop(key[0], None)):
                self._count(seat.venue_id, place)
            elif (named := REMOVED.get(table)) is not None:
                self.facts[named, *key].put(place, False)
        for row in (*entry.changes, *entry.appends):
            if isinstance(row, FloorPlace):
                self.seats[row.session_id] = row
                self._count(row.venue_id, place)
            elif isinstance(row, Venue):
                self.facts["capacity", row.id].put(place, row.capacity)
            elif isinstance(row, Exclusion):
                self.exclusions[row.user_id][row.id] = row
            elif isinstance(row, (Game, KaraokeRoom)):
                free = row.status in FREE and row.session_id is None
                self.facts["taken", row.id].put(place, not free)
            elif isinstance(row, (Credits, CreditGrant)):
                self._wallet(row, place)
            elif isinstance(row, InventoryLevel):
                self.facts["stock", row.item_id].put(place, row.on_hand_milli - row.reserved_milli)
            else:
                self._person(row, place)

    def _person(self, row: object, place: int) -> None:
        match row:
            case OpenVisit():
                self.facts["visit", row.user_id].put(place, True)
            case SafetyHold():
                self.facts["safety hold", row.venue_id, row.user_id].put(place, True)
            case StaffShift():
                at_work = row.status in (ShiftStatus.OPEN, ShiftStatus.ON_BREAK)
                self._has(("shift", row.staff_id), row.id, at_work, place)
            case Till():
                is_open = row.status is TillStatus.OPEN
                self._has(("till", row.staff_id), row.id, is_open, place)
                self._has(("till", row.staff_id, row.venue_id), row.id, is_open, place)
            case DrawerInUse():
                self.facts["drawer", row.till_id].put(place, True)

    def _has(self, fact: Hashable, id_: UUID, has: bool, place: int) -> None:
        """Whether somebody has any such; an earlier one may still change when it is over."""
        (self.had[fact].add if has else self.had[fact].discard)(id_)
        self.facts[fact].put(place, bool(self.had[fact]))

    def _count(self, venue_id: UUID, place: int) -> None:
        taken = sum(s.party_size for s in self.seats.values() if s.venue_id == venue_id)
        self.facts["seats", venue_id].put(place, taken)

    def _wallet(self, row: Credits | CreditGrant, place: int) -> None:
        if isinstance(row, Credits):
            self.facts["owed", row.user_id].put(place, row.receivable_minor)
            return
        self.lots[row.user_id][row.id] = row
        lots = tuple(lot for lot in self.lots[row.user_id].values() if lot.remaining_minor)
        self.facts["lots", row.user_id].put(place, lots)
