"""What a venue actor knows: floor, stations, stock and menu, and who is on duty.

A seat is a `FloorPlace`. It is taken, in its first version, when somebody checks in, and counts
against the capacity from then on; people are told of it once the session has opened, which is its
second version. So nobody hears of a visit that the account refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from uuid import UUID

from actors.rules.occupancy import next_alert
from actors.rules.profile import VenueProfile, profile_of
from actors.runtime.state import State
from actors.venue.bookings import Bookings
from protocol.addresses import Address
from protocol.records.base import Record
from protocol.records.inventory import Game, InventoryLevel, KaraokeRoom, MenuItem
from protocol.records.ledger import BusinessDay
from protocol.records.money_states import BusinessDayStatus
from protocol.records.runtime import DrawerInUse, DutyPlace, FloorPlace, Trading
from protocol.records.venues import Reservation, Venue, VenueSetting

Station = Game | KaraokeRoom


class VenueState(State):
    """One venue's rows, with counts of who is there."""

    __slots__ = ("_alert", "_makes", "_present", "_profile", "_seated", "_stations", "bookings")

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self._profile: VenueProfile | None = None
        self._seated = 0
        self._present = 0
        self._alert = 0
        self._stations: dict[UUID, dict[UUID, Station]] = {}
        self._makes: dict[UUID, dict[UUID, MenuItem]] = {}
        self.bookings = Bookings()

    @property
    def venue_id(self) -> UUID:
        """Which venue it is."""
        return self.address.id

    @property
    def venue(self) -> Venue:
        """The place itself."""
        return self.one(Venue)

    @property
    def profile(self) -> VenueProfile:
        """What the venue shares with its node: its facts and settings."""
        if self._profile is None:
            trading = self.get(Trading, self.venue_id)
            through = None if trading is None else trading.closed_through
            staff = (place.staff_id for place in self.on_duty())
            self._profile = profile_of(self.venue, self.all(VenueSetting), through, staff)
        return self._profile

    # The floor

    @property
    def seated(self) -> int:
        """Persons for whom there is a seat, those included whose check-in is under way."""
        return self._seated

    @property
    def present(self) -> int:
        """Persons whose session is open."""
        return self._present

    @property
    def alert(self) -> int:
        """What staff was last told of the capacity: 90, 100, or 0 for no alert.

        It follows from how the floor came to be; a restart between 85 and 90 % forgets an alert.
        """
        return self._alert

    def place(self, session_id: UUID) -> FloorPlace | None:
        """The seat of a session."""
        return self.get(FloorPlace, session_id)

    def open_places(self) -> Iterator[FloorPlace]:
        """The seats whose session is open."""
        return (place for place in self.all(FloorPlace) if is_open(place))

    def by_activity(self) -> Mapping[str, int]:
        """How many persons do what."""
        counts: Counter[str] = Counter()
        for place in self.open_places():
            counts[place.activity.value] += place.party_size
        return dict(counts)

    def stations_of(self, session_id: UUID) -> tuple[Station, ...]:
        """The games and rooms that a session has; two while it moves from one to the other."""
        return tuple(self._stations.get(session_id, {}).values())

    def booking_of(self, room_id: UUID, at: datetime) -> Reservation | None:
        """The booking that a room is kept for at a moment."""
        return self.bookings.kept_at(room_id, at)

    # What is sold

    def stock(self, item_id: UUID) -> InventoryLevel | None:
        """What is on hand of an item, or None if it is not counted."""
        return self.get(InventoryLevel, self.venue_id, item_id)

    def made_of(self, item_id: UUID) -> tuple[MenuItem, ...]:
        """What is on the menu that takes something of a stocked item."""
        return tuple(self._makes.get(item_id, {}).values())

    def open_day(self) -> BusinessDay | None:
        """The latest trading day that is not closed."""
        days = [d for d in self.all(BusinessDay) if d.status is BusinessDayStatus.OPEN]
        return max(days, key=lambda day: day.business_day, default=None)

    # Staff

    def on_duty(self) -> tuple[DutyPlace, ...]:
        """Who is on duty, on a break or not."""
        return tuple(self.all(DutyPlace))

    def drawer(self, name: str) -> DrawerInUse | None:
        """The till that is open on a drawer."""
        return next((d for d in self.all(DrawerInUse) if d.drawer == name), None)

    # Indexes

    def on_put(self, before: Record | None, after: Record) -> None:
        """Keep profile, counts and indexes."""
        if isinstance(after, FloorPlace):
            self._count(before, -1)
            self._count(after, +1)
            self._watch_capacity()
        elif isinstance(after, Game | KaraokeRoom):
            self._leave_station(before)
            if after.session_id is not None:
                self._stations.setdefault(after.session_id, {})[after.id] = after
        elif isinstance(after, MenuItem):
            self._leave_menu(before)
            if after.retired_at is None:
                for item_id, _ in portions(after):
                    self._makes.setdefault(item_id, {})[after.id] = after
        elif isinstance(after, Reservation):
            self.bookings.put(after)
        elif isinstance(after, Venue | VenueSetting | Trading):
            self._profile = None
            self._watch_capacity()
        elif isinstance(after, DutyPlace):
            self._profile = None

    def on_discard(self, before: Record) -> None:
        """Keep profile, counts and indexes."""
        if isinstance(before, FloorPlace):
            self._count(before, -1)
            self._watch_capacity()
        elif isinstance(before, Game | KaraokeRoom):
            self._leave_station(before)
        elif isinstance(before, MenuItem):
            self._leave_menu(before)
        elif isinstance(before, Reservation):
            self.bookings.discard(before)
        elif isinstance(before, VenueSetting | DutyPlace):
            self._profile = None

    def _count(self, place: Record | None, sign: int) -> None:
        if isinstance(place, FloorPlace):
            self._seated += sign * place.party_size
            self._present += sign * place.party_size * is_open(place)

    def _watch_capacity(self) -> None:
        venue = self.first(Venue)
        if venue is not None:
            self._alert = next_alert(self._alert, self._present, venue.capacity)

    def _leave_station(self, station: Record | None) -> None:
        if isinstance(station, Game | KaraokeRoom) and station.session_id is not None:
            left = self._stations.get(station.session_id, {})
            left.pop(station.id, None)
            if not left:
                self._stations.pop(station.session_id, None)

    def _leave_menu(self, item: Record | None) -> None:
        if isinstance(item, MenuItem):
            for item_id, _ in portions(item):
                self._makes.get(item_id, {}).pop(item.id, None)


def is_open(place: FloorPlace) -> bool:
    """Whether the session of a seat has opened, so that others may know of it."""
    return place.version > 1


def portions(item: MenuItem) -> tuple[tuple[UUID, int], ...]:
    """What one portion takes from stock, in thousandths: its recipe, else one of the item itself.

    An item without a recipe and without a level is not counted; see `VenueState.stock`.
    """
    if not item.recipe:
        return ((item.id, 1000),)
    return tuple((part.item_id, part.amount_milli) for part in item.recipe)
