"""What an account actor knows: one person, the wallet, the open visit, limits and exclusions.

All lots of credit are here, empty ones too: a hold may give back to a lot that it emptied. Of
transactions those of the longest limit's period are here, which is all that a decision asks for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Final
from uuid import UUID

from actors.rules.grants import available_minor
from actors.rules.ledger import Balances
from actors.runtime.state import State
from protocol.addresses import Address
from protocol.records.base import Record
from protocol.records.money import CreditGrant, CreditHold, Credits, Purchase, Transaction
from protocol.records.money_states import (
    CreditSource,
    HoldStatus,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.runtime import OpenVisit
from protocol.records.states import UserStatus
from protocol.records.users import User

NO_CURRENCY: Final = "X" * 3
"""The code of ISO 4217 for no currency: what a wallet has that nothing was ever put into."""


class AccountState(State):
    """One person's rows. `user` is there from the first message on."""

    __slots__ = ("_pending", "_spent", "_usage")

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self._usage: dict[tuple[UUID | None, date | None], UUID] = {}
        self._spent: dict[tuple[TransactionKind, date], int] = {}
        """What posted transactions of a kind cost on a business day, with tips: who buys often is
        not to pay for it with each further purchase."""
        self._pending: dict[UUID, Transaction] = {}

    @property
    def user_id(self) -> UUID:
        """Whose account it is."""
        return self.address.id

    @property
    def user(self) -> User:
        """The person."""
        return self.one(User)

    @property
    def is_erased(self) -> bool:
        """Whether nobody is behind it any more (Rule 16): no credit may stay in its wallet."""
        user = self.first(User)
        return user is not None and user.status is UserStatus.ERASED

    @property
    def visit(self) -> OpenVisit | None:
        """The one open visit, over all venues (Rule 2), until its books are closed."""
        visit = self.first(OpenVisit)
        return visit if visit is not None and self.open_hold(visit.hold_id) is not None else None

    @property
    def unended_visit(self) -> OpenVisit | None:
        """The open visit, also while its books are closed and its session has not said that it is
        over: until then it is open (Rule 2), and no other may begin."""
        return self.first(OpenVisit)

    def visit_of(self, session_id: UUID) -> OpenVisit | None:
        """The open visit, if it is this session."""
        visit = self.visit
        return visit if visit is not None and visit.session_id == session_id else None

    def credits(self, currency: str) -> Credits:
        """The wallet of a currency; of version 0 while nothing was put into it."""
        stored = self.get(Credits, self.user_id, currency)
        return stored or Credits(user_id=self.user_id, currency=currency, version=0)

    def main_credits(self) -> Credits:
        """The wallet to show where no venue is named: that of the open visit, else the busiest."""
        visit = self.visit
        hold = None if visit is None else self.get(CreditHold, visit.hold_id)
        if hold is not None:
            return self.credits(hold.currency)
        busiest = max(self.all(Credits), key=lambda wallet: wallet.ledger_seq, default=None)
        return busiest or self.credits(NO_CURRENCY)

    def lots(self, currency: str) -> dict[UUID, CreditGrant]:
        """All lots of a currency, by id."""
        return {lot.id: lot for lot in self.all(CreditGrant) if lot.currency == currency}

    def available_minor(self, currency: str, now: datetime) -> int:
        """What can be spent or held now: nothing while anything is owed."""
        if balances_of(self.credits(currency)).is_frozen:
            return 0
        return available_minor(self.lots(currency).values(), now)

    def open_hold(self, hold_id: UUID) -> CreditHold | None:
        """A hold, if it still is one."""
        hold = self.get(CreditHold, hold_id)
        return hold if hold is not None and hold.status is HoldStatus.OPEN else None

    def usage_of(self, session_id: UUID, day: date) -> Transaction | None:
        """The transaction that a visit's time is charged to on one business day."""
        found = self._usage.get((session_id, day))
        return None if found is None else self.get(Transaction, found)

    def posted(self, *kinds: TransactionKind) -> Iterator[Transaction]:
        """Posted transactions of these kinds."""
        for transaction in self.all(Transaction):
            if transaction.kind in kinds and transaction.status is TransactionStatus.POSTED:
                yield transaction

    def pending(self, *kinds: TransactionKind) -> Iterator[Transaction]:
        """Transactions of these kinds that wait for a card."""
        return (row for row in self._pending.values() if row.kind in kinds)

    def is_paid(self, line: Purchase) -> bool:
        """Whether a line was paid for, and does not wait for a card; an old one was."""
        transaction = self.get(Transaction, line.transaction_id)
        return transaction is None or transaction.status is not TransactionStatus.PENDING

    def spent_minor(
        self,
        kinds: Collection[TransactionKind],
        first: date,
        last: date,
        *,
        besides: Iterable[UUID] = (),
    ) -> int:
        """What posted transactions of these kinds and business days cost, with tips.

        `besides` names some that do not count.
        """
        left_out = (self.get(Transaction, id_) for id_ in besides)
        return sum(
            minor
            for (kind, day), minor in self._spent.items()
            if kind in kinds and first <= day <= last
        ) - sum(
            cost_minor(row)
            for row in left_out
            if row is not None
            and row.kind in kinds
            and row.status is TransactionStatus.POSTED
            and is_within(row, first, last)
        )

    def purchases_in(self, session_id: UUID) -> list[Purchase]:
        """What was bought in a visit, in order."""
        return [line for line in self.all(Purchase) if line.session_id == session_id]

    def on_put(self, before: Record | None, after: Record) -> None:
        """Keep the indexes."""
        if not isinstance(after, Transaction):
            return
        if isinstance(before, Transaction):
            self._count(before, -1)
        self._count(after, 1)
        if after.status is TransactionStatus.PENDING:
            self._pending[after.id] = after
        else:
            self._pending.pop(after.id, None)
        if after.kind is TransactionKind.USAGE:
            assert after.session_id is not None
            assert after.business_day is not None
            self._usage[after.session_id, after.business_day] = after.id

    def on_discard(self, before: Record) -> None:
        """Keep the indexes."""
        if not isinstance(before, Transaction):
            return
        self._count(before, -1)
        self._pending.pop(before.id, None)
        if before.kind is TransactionKind.USAGE:
            day = before.session_id, before.business_day
            if self._usage.get(day) == before.id:
                del self._usage[day]

    def _count(self, row: Transaction, sign: int) -> None:
        if row.status is not TransactionStatus.POSTED or row.business_day is None:
            return
        key = row.kind, row.business_day
        self._spent[key] = self._spent.get(key, 0) + sign * cost_minor(row)
        if not self._spent[key]:
            del self._spent[key]

    @property
    def venues(self) -> set[UUID]:
        """Where this person has been a guest, as far as money or a visit tells."""
        visit = self.visit
        found = {transaction.venue_id for transaction in self.all(Transaction)}
        found |= {lot.venue_id for lot in self.all(CreditGrant) if lot.venue_id is not None}
        return found if visit is None else found | {visit.venue_id}


def cost_minor(row: Transaction) -> int:
    """What a transaction cost, with its tip."""
    return row.amount_minor + row.tip_minor


def is_within(row: Transaction, first: date, last: date) -> bool:
    """Whether a transaction belongs to one of these business days."""
    return row.business_day is not None and first <= row.business_day <= last


def balances_of(credits_: Credits) -> Balances:
    """The balances of a wallet's row."""
    return Balances(
        paid_minor=credits_.paid_minor,
        bonus_minor=credits_.bonus_minor,
        held_minor=credits_.held_minor,
        receivable_minor=credits_.receivable_minor,
    )


def first_expiry(lots: Mapping[UUID, CreditGrant]) -> datetime | None:
    """When the bonus lot ends that ends first, of those with something left; None if none does.

    A lot of no venue has no books to be written off in, and is only not spendable any more.
    """
    return min(
        (
            lot.expires_at
            for lot in lots.values()
            if lot.expires_at is not None
            and lot.source is CreditSource.BONUS
            and lot.remaining_minor > 0
            and lot.venue_id is not None
        ),
        default=None,
    )
