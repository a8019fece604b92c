"""The demo fixture as journal entries: the venue, its people and their credit, the same each time.

Nothing else writes it: the entries go into the journal once, where there is no venue, and the
actors load what they say like anything else. Each entry holds rows of the one actor that owns them,
all in their first version, and every wallet is what its one journal says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import msgspec

from actors.rules import journals
from actors.rules.business_day import business_day_of
from actors.rules.profile import profile_of
from actors.venue.days import closing_timer, new_day
from lastlight.demo.ids import DEMO_VENUE, Kind, demo_id
from lastlight.demo.place import (
    CURRENCY,
    demo_deliveries,
    demo_menu,
    demo_packages,
    demo_stations,
    demo_venue,
)
from lastlight.demo.telling import Telling
from protocol.addresses import PLATFORM, ActorKind, Address, identity_of
from protocol.entries import Entry
from protocol.records.base import Record
from protocol.records.ledger import LedgerJournal, LedgerPosting, ledger_account_id
from protocol.records.money import CreditGrant, Credits, Transaction
from protocol.records.money_states import (
    CreditSource,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.platform import ActorTimer
from protocol.records.runtime import Identity
from protocol.records.states import RoleName
from protocol.records.users import AgeVerification, User, UserRole

PATRONS: Final = 500
STAFF: Final = 5
CREDIT_MINOR: Final = 100_000
BIRTH_DATE: Final = date(1995, 4, 1)
GRANT_PRIORITY: Final = 100
BEFORE_PATRONS: Final = 2 + STAFF
"""People of the house, who come before the patrons."""
MANAGER_N: Final = 2
"""The manager is the second of all people."""


class Person(NamedTuple):
    """Somebody of the demo; `n` counts all of them from 1."""

    n: int
    name: str
    label: str
    role: RoleName

    @property
    def email(self) -> str:
        """With which they sign in."""
        return f"{self.name}@lastlight.example"

    @property
    def user_id(self) -> UUID:
        """Whose account it is."""
        return demo_id(Kind.USER, self.n)


def demo_people() -> tuple[Person, ...]:
    """The owner, the manager, five of staff and 500 patrons."""
    named = [("owner", "Owner", RoleName.OWNER), ("manager", "Manager", RoleName.MANAGEMENT)]
    named += [(f"staff{n}", f"Staff {n}", RoleName.STAFF) for n in range(1, STAFF + 1)]
    named += [(f"patron{n}", f"Patron {n}", RoleName.PATRON) for n in range(1, PATRONS + 1)]
    return tuple(Person(n, *who) for n, who in enumerate(named, 1))


def demo_entries(now: datetime, password_hash: str) -> list[Entry]:
    """All entries, in an order in which they may be written.

    Args:
        now: when all of it came to be; UTC, cut to whole milliseconds.
        password_hash: bcrypt of the one password that all demo accounts share.
    """
    at = now.astimezone(UTC).replace(microsecond=now.microsecond // 1000 * 1000)
    people = demo_people()
    entries = [_venue_entry(at, people), _platform_entry(at, people)]
    for person in people:
        entries.append(_identity_entry(at, person))
        entries.append(_account_entry(at, person, password_hash))
    telling = Telling(at)
    return [attrs.evolve(entry, events=telling.of(entry.changes)) for entry in entries]


def patron_entries(at: datetime, n: int, password_hash: str) -> tuple[Entry, Entry]:
    """The n-th patron as demo_entries has them, or would if there were more; without events."""
    person = Person(BEFORE_PATRONS + n, f"patron{n}", f"Patron {n}", RoleName.PATRON)
    return _identity_entry(at, person), _account_entry(at, person, password_hash)


def _venue_entry(at: datetime, people: tuple[Person, ...]) -> Entry:
    roles = [
        _role(at, person, DEMO_VENUE)
        for person in people
        if person.role in (RoleName.MANAGEMENT, RoleName.STAFF)
    ]
    changes: list[Record] = [
        demo_venue(at),
        *_first_day(at),
        *roles,
        *demo_stations(),
        *demo_menu(at),
        *demo_packages(),
    ]
    return Entry(
        actor=Address(ActorKind.VENUE, DEMO_VENUE),
        at=at,
        cause=None,
        changes=tuple(changes),
        appends=tuple(demo_deliveries(at)),
    )


def _first_day(at: datetime) -> tuple[Record, Record]:
    """The business day on which it opens, and its close: what is paid before anybody comes counts.

    Each day opens the next, as in a venue that somebody founds (Rule 5).
    """
    day = new_day(profile_of(demo_venue(at), ()), _business_day(at), at)
    timer = closing_timer(day, at)
    told = {
        "command": type(timer.command).__name__,
        "data": msgspec.to_builtins(timer.command),
    }
    kind = ActorKind.VENUE
    due = ActorTimer(
        actor_type=kind, actor_id=DEMO_VENUE, name=timer.name, due_at=timer.due_at, payload=told
    )
    return day, due


def _platform_entry(at: datetime, people: tuple[Person, ...]) -> Entry:
    owners = tuple(_role(at, person, None) for person in people if person.role is RoleName.OWNER)
    return Entry(actor=PLATFORM, at=at, cause=None, changes=owners)


def _identity_entry(at: datetime, person: Person) -> Entry:
    address = identity_of(person.email)
    identity = Identity(id=address.id, email=person.email, user_id=person.user_id)
    return Entry(actor=address, at=at, cause=None, changes=(identity,))


def _account_entry(at: datetime, person: Person, password_hash: str) -> Entry:
    user = _user(at, person, password_hash)
    changes: tuple[Record, ...] = (user,)
    appends: tuple[Record, ...] = ()
    if person.role is RoleName.PATRON:
        transaction = _top_up(at, person)
        changes += (transaction, _wallet(person), _lot(at, person))
        appends = (_age_seen(at, person), *_journal(at, person, transaction))
    return Entry(
        actor=Address(ActorKind.ACCOUNT, person.user_id),
        at=at,
        cause=None,
        changes=changes,
        appends=appends,
    )


def _user(at: datetime, person: Person, password_hash: str) -> User:
    patron = person.role is RoleName.PATRON
    grants = {
        RoleName.OWNER: {"*": RoleName.OWNER},
        RoleName.MANAGEMENT: {str(DEMO_VENUE): RoleName.MANAGEMENT},
        RoleName.STAFF: {str(DEMO_VENUE): RoleName.STAFF},
    }
    return User(
        id=person.user_id,
        email=person.email,
        password_hash=password_hash,
        display_name=person.label,
        pseudonym=demo_id(Kind.PSEUDONYM, person.n),
        created_at=at,
        birth_date=BIRTH_DATE if patron else None,
        age_verified_at=at if patron else None,
        email_verified_at=at,
        role_grants=grants.get(person.role, {}),
    )


def _role(at: datetime, person: Person, venue_id: UUID | None) -> UserRole:
    return UserRole(
        id=demo_id(Kind.ROLE, person.n),
        user_id=person.user_id,
        venue_id=venue_id,
        role=person.role,
        granted_by=None,
        granted_at=at,
    )


def _age_seen(at: datetime, person: Person) -> AgeVerification:
    seen = person.user_id.bytes + BIRTH_DATE.isoformat().encode()
    return AgeVerification(
        id=demo_id(Kind.AGE_VERIFICATION, person.n),
        user_id=person.user_id,
        venue_id=DEMO_VENUE,
        verified_by=demo_id(Kind.USER, MANAGER_N),
        document_type="passport",
        birth_date_hash=hashlib.sha256(seen).digest(),
        document_expires=None,
        method="in_person",
        at=at,
    )


def _top_up(at: datetime, person: Person) -> Transaction:
    return Transaction(
        id=demo_id(Kind.TRANSACTION, person.n),
        venue_id=DEMO_VENUE,
        user_id=person.user_id,
        kind=TransactionKind.TOPUP,
        status=TransactionStatus.POSTED,
        tender=Tender.CARD,
        amount_minor=CREDIT_MINOR,
        currency=CURRENCY,
        business_day=_business_day(at),
        reason="demo fixture",
        created_by=None,
        occurred_at=at,
        posted_at=at,
    )


def _wallet(person: Person) -> Credits:
    return Credits(user_id=person.user_id, currency=CURRENCY, paid_minor=CREDIT_MINOR, ledger_seq=1)


def _lot(at: datetime, person: Person) -> CreditGrant:
    return CreditGrant(
        id=demo_id(Kind.GRANT, person.n),
        user_id=person.user_id,
        venue_id=DEMO_VENUE,
        source=CreditSource.PAID,
        currency=CURRENCY,
        amount_minor=CREDIT_MINOR,
        remaining_minor=CREDIT_MINOR,
        priority=GRANT_PRIORITY,
        expires_at=None,
        transaction_id=demo_id(Kind.TRANSACTION, person.n),
        created_at=at,
    )


def _journal(at: datetime, person: Person, transaction: Transaction) -> Iterator[Record]:
    draft = journals.top_up(
        user_id=person.user_id,
        venue_id=DEMO_VENUE,
        amount_minor=CREDIT_MINOR,
        paid_grant_id=demo_id(Kind.GRANT, person.n),
    )
    journal_id = demo_id(Kind.JOURNAL, person.n)
    yield LedgerJournal(
        id=journal_id,
        venue_id=DEMO_VENUE,
        transaction_id=transaction.id,
        business_day=_business_day(at),
        source=draft.source,
        posted_at=at,
    )
    for line, posting in enumerate(draft.postings, 1):
        yield LedgerPosting(
            id=demo_id(Kind.POSTING, 10 * person.n + line),
            journal_id=journal_id,
            venue_id=DEMO_VENUE,
            line=line,
            account_id=ledger_account_id(posting.account_code, CURRENCY),
            account_code=posting.account_code,
            amount_minor=posting.amount_minor,
            currency=CURRENCY,
            grant_id=posting.grant_id,
        )


def _business_day(at: datetime) -> date:
    venue = demo_venue(at)
    return business_day_of(at, ZoneInfo(venue.tz), venue.cutover_local)
