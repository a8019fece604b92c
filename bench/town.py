"""Venues and patrons for load tests: the demo's, as many of them as a question asks for.

A town is the same for all servers of a run: ids, credit, menus, keys that sign tokens and the
secret under door codes. Patron n is at home in venue `home_of(n)`, with credit for about a thousand
of the cheapest thing. The first venue and the first 500 patrons have the ids of the demo.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import attrs

from actors.rules import checkin_code
from lastlight.auth.keys import KeyRing
from lastlight.auth.tokens import Grant, Tokens
from lastlight.demo.fixture import demo_entries, demo_people, patron_entries
from lastlight.demo.ids import DEMO_VENUE, Kind, demo_id
from lastlight.demo.place import MENU
from protocol.addresses import ActorKind, Address, Role, identity_of
from protocol.entries import Entry
from protocol.limits import ACCESS_TOKEN_S
from protocol.records.base import Record
from protocol.records.states import RoleName
from protocol.records.users import UserRole
from protocol.records.venues import Venue

VENUES_MAX: Final = 1_000
PATRONS_MAX: Final = 100_000
CAPACITY: Final = 100_000
"""Of each venue: nobody is turned away because it is full, in the hottest of them neither."""
CODE_STEP_S: Final = 30
HERE: Final = {"lat": 35.6595, "lon": 139.7005, "accuracy_m": 10}
_DEMO_PATRONS: Final = [person for person in demo_people() if person.role is RoleName.PATRON]
_FIRST_PATRON_N: Final = _DEMO_PATRONS[0].n
_TOLD_OF_APART: Final = {
    address
    for person in _DEMO_PATRONS
    for address in (Address(ActorKind.ACCOUNT, person.user_id), identity_of(person.email))
}
_STRIDE: Final = 1_000
"""Of ids of the same kind, from one venue to the next."""
_PLACED: Final = {Kind.GAME, Kind.ROOM, Kind.MENU_ITEM, Kind.STOCK_MOVEMENT, Kind.PACKAGE}
_WATER: Final = next(n for n, dish in enumerate(MENU, 1) if dish.name == "Water")
PRICE_MINOR: Final = MENU[_WATER - 1].price_minor
"""Of the thing that everybody buys, with tax."""
_NO_PASSWORD: Final = "!"  # noqa: S105 - nobody signs in with one


@attrs.frozen(kw_only=True)
class Town:
    """So many venues and patrons, each counted from 1."""

    venues: int = 1
    patrons: int = 500
    keys: KeyRing = attrs.field(factory=KeyRing.fresh, repr=False, eq=False)
    door_secret: bytes = attrs.field(factory=lambda: secrets.token_bytes(32), repr=False)
    _tokens: dict[int, tuple[str, datetime]] = attrs.field(factory=dict, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        assert 1 <= self.venues <= VENUES_MAX
        assert 1 <= self.patrons <= PATRONS_MAX

    def venue_id(self, n: int) -> UUID:
        """Of the n-th venue."""
        return demo_id(Kind.VENUE, n)

    def patron_id(self, n: int) -> UUID:
        """Of the n-th patron."""
        return demo_id(Kind.USER, _FIRST_PATRON_N + n - 1)

    def home_of(self, n: int) -> int:
        """The venue in which the n-th patron is at home."""
        return (n - 1) % self.venues + 1

    def item_id(self, venue_n: int) -> UUID:
        """The cheapest thing on a venue's menu, without alcohol: it costs `PRICE_MINOR`."""
        return _moved(demo_id(Kind.MENU_ITEM, _WATER), venue_n)

    def token(self, n: int) -> str:
        """An access token of the n-th patron, good for ten minutes at least."""
        now = datetime.now(UTC).replace(microsecond=0)
        known = self._tokens.get(n)
        if known is None or known[1] < now:
            grant = Grant(
                user_id=self.patron_id(n),
                display_name=f"Patron {n}",
                roles={},
                everywhere=Role.PATRON,
                token_version=1,
                family_id=UUID(int=1),
            )
            fresh_until = now + timedelta(seconds=ACCESS_TOKEN_S / 3)
            known = (Tokens(self.keys).issue(grant, now=now), fresh_until)
            self._tokens[n] = known
        return known[0]

    def door_code(self, venue_n: int) -> str:
        """The code on the venue's door; made anew for each round, as it lasts 30 s at least."""
        return checkin_code.make_token(
            self.venue_id(venue_n),
            checkin_code.step_of(datetime.now(UTC), CODE_STEP_S),
            step_s=CODE_STEP_S,
            nonce=secrets.token_bytes(checkin_code.NONCE_BYTES),
            secret=self.door_secret,
        )

    def check_in(self, venue_n: int) -> dict[str, Any]:
        """What a patron sends who comes in there now."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {
            "venue_id": str(self.venue_id(venue_n)),
            "qr_token": self.door_code(venue_n),
            "party_size": 1,
            "activity": "lounge",
            "location": {**HERE, "fix_at": now},
        }

    def order(self, venue_n: int) -> dict[str, Any]:
        """What a patron sends who buys the cheapest thing there."""
        return {
            "venue_id": str(self.venue_id(venue_n)),
            "lines": [{"item_id": str(self.item_id(venue_n)), "qty": 1}],
            "tender": "credits",
        }

    def entries(self, at: datetime) -> Iterator[Entry]:
        """Everything as a node's journal has it; venues first."""
        base = demo_entries(at, _NO_PASSWORD)
        for entry in base:
            if entry.actor == Address(ActorKind.VENUE, DEMO_VENUE):
                for n in range(1, self.venues + 1):
                    yield _venue_of(entry, n)
            elif entry.actor not in _TOLD_OF_APART:
                yield attrs.evolve(entry, events=())
        for n in range(1, self.patrons + 1):
            for entry in patron_entries(at, n, _NO_PASSWORD):
                yield _placed(entry, self.venue_id(self.home_of(n)))

    def records(self, at: datetime) -> Iterator[Record]:
        """Everything as records, each of which is a row of its table."""
        for entry in self.entries(at):
            yield from entry.changes
            yield from entry.appends


def _moved(id_: UUID, venue_n: int) -> UUID:
    """The same thing of another venue; ids of people and of nobody's venue stay."""
    kind, n = id_.int >> 32 & 0xFFFF, id_.int & 0xFFFFFFFF
    if id_ == DEMO_VENUE:
        return demo_id(Kind.VENUE, venue_n)
    if kind in _PLACED and id_ == demo_id(Kind(kind), n):
        return demo_id(Kind(kind), n + _STRIDE * (venue_n - 1))
    return id_


def _shifted(record: Record, venue_n: int) -> Record:
    changes = {
        field.name: _moved(value, venue_n)
        for field in attrs.fields(type(record))  # type: ignore[arg-type]
        if isinstance(value := getattr(record, field.name), UUID)
    }
    if isinstance(record, Venue):
        changes |= {"capacity": CAPACITY, "name": f"Last Light {venue_n}"}  # type: ignore[dict-item]
    return attrs.evolve(record, **changes)  # type: ignore[misc]


def _venue_of(entry: Entry, venue_n: int) -> Entry:
    """The demo's venue as the n-th. Its staff stay in the first."""
    kept = [row for row in entry.changes if venue_n == 1 or not isinstance(row, UserRole)]
    return attrs.evolve(
        entry,
        actor=Address(ActorKind.VENUE, demo_id(Kind.VENUE, venue_n)),
        changes=tuple(_shifted(row, venue_n) for row in kept),
        appends=tuple(_shifted(row, venue_n) for row in entry.appends),
        events=(),
    )


def _placed(entry: Entry, venue_id: UUID) -> Entry:
    """A patron's entry, with what says a venue saying another. Hot: there are many patrons."""
    if venue_id == DEMO_VENUE:
        return entry
    return attrs.evolve(
        entry,
        changes=tuple(_at(row, venue_id) for row in entry.changes),
        appends=tuple(_at(row, venue_id) for row in entry.appends),
    )


def _at(record: Record, venue_id: UUID) -> Record:
    if getattr(record, "venue_id", None) != DEMO_VENUE:
        return record
    moved: Record = attrs.evolve(record, venue_id=venue_id)  # type: ignore[misc]
    return moved
