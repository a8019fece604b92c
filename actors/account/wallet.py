"""One decision's work on a wallet: everything that moves credit goes through here.

A draft starts from the state, which it never changes, and gathers journals, lots and holds; at the
end it gives the rows and events that follow. Money reaches a wallet only by a journal (L8), so
balances are the fold of what was posted, and lots and holds move with the same parts (L4).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Final
from uuid import UUID

import attrs

from actors.account.limits import limits_told
from actors.account.lot_timers import lot_timers
from actors.account.standing import business_day_at
from actors.account.state import AccountState, balances_of
from actors.account.wallet_rows import balance_changed, credits_after, journal_rows, posted
from actors.rules import journals
from actors.rules.grants import available_minor, capture, join, less, more, take
from actors.rules.ledger import Balances, JournalDraft, fold
from actors.runtime.outcome import Context, Event, Outcome
from actors.runtime.telling import tell
from protocol.errors import Refusal
from protocol.records.base import Record
from protocol.records.money import CreditGrant, CreditHold, Transaction
from protocol.records.money_states import CreditSource, HoldStatus
from protocol.records.values import HoldSource

GRANT_PRIORITY: Final = 100
"""Of lots that nobody gave another: room for those to be burnt before and after."""


def open_minor(hold: CreditHold) -> int:
    """What a hold still holds."""
    return sum(source.amount_minor for source in hold.sources)


@attrs.define(eq=False, kw_only=True)
class WalletDraft:
    """What a decision does to one wallet. All amounts are minor units of its currency."""

    user_id: UUID
    currency: str
    venue_id: UUID
    business_day: date
    now: datetime
    fresh_id: Callable[[], UUID]
    before: AccountState
    balances: Balances
    ledger_seq: int
    lots: dict[UUID, CreditGrant]
    _changed: dict[UUID, CreditGrant | CreditHold | Transaction] = attrs.field(factory=dict)
    _appends: list[Record] = attrs.field(factory=list)
    _posted: list[Event] = attrs.field(factory=list)

    @property
    def available_minor(self) -> int:
        """What can be spent or held: nothing while the wallet is frozen."""
        if self.balances.is_frozen:
            return 0
        return available_minor(self.lots.values(), self.now)

    def usage_of(self, session_id: UUID, day: date) -> Transaction | None:
        """The transaction of the visit's time on a business day, as it is by now."""
        for row in self._changed.values():
            if isinstance(row, Transaction) and row.business_day == day:
                return row
        return self.before.usage_of(session_id, day)

    def put(self, row: CreditGrant | CreditHold | Transaction) -> None:
        """Take a row in, new or changed; its version is given at the end."""
        self._changed[row.id] = row
        if isinstance(row, CreditGrant):
            self.lots[row.id] = row

    def take(
        self, amount_minor: int, *, alcohol_minor: int = 0, paid_only: bool = False
    ) -> tuple[HoldSource, ...] | Refusal:
        """Take credit out of its lots, in burn order; the caller posts it. 402 if it is short."""
        lots = () if self.balances.is_frozen else self.lots.values()
        parts = take(lots, amount_minor, self.now, alcohol_minor=alcohol_minor, paid_only=paid_only)
        return self._taken(parts)

    def take_of(self, source: CreditSource, amount_minor: int) -> tuple[HoldSource, ...] | Refusal:
        """Take credit of one kind out of its lots, frozen or not; the caller posts it."""
        return self._taken(take(self._lots_of(source), amount_minor, self.now))

    def take_left(self, source: CreditSource, most_minor: int) -> tuple[HoldSource, ...]:
        """As `take_of`, but no more than is left."""
        left_minor = available_minor(self._lots_of(source), self.now)
        parts = self.take_of(source, min(left_minor, most_minor))
        assert not isinstance(parts, Refusal), f"{left_minor} minor of {source.value} were there"
        return parts

    def _lots_of(self, source: CreditSource) -> list[CreditGrant]:
        return [lot for lot in self.lots.values() if lot.source is source]

    def _taken(self, parts: tuple[HoldSource, ...] | Refusal) -> tuple[HoldSource, ...] | Refusal:
        for lot in () if isinstance(parts, Refusal) else less(self.lots, parts):
            self.put(lot)
        return parts

    def give_back(self, parts: tuple[HoldSource, ...]) -> None:
        """Put credit back into the lots it was taken from; the caller posts it."""
        for lot in more(self.lots, parts):
            self.put(lot)

    def hold_exactly(self, hold: CreditHold, target_minor: int) -> CreditHold:
        """Raise or lower what is held to the target, as far as the available credit goes."""
        change_minor = min(target_minor - open_minor(hold), self.available_minor)
        if change_minor > 0:
            parts = self.take(change_minor)
            assert not isinstance(parts, Refusal), f"{change_minor} minor were available"
            hold = hold.evolve(
                amount_minor=hold.amount_minor + change_minor, sources=join(hold.sources, parts)
            )
            source = f"hold:{hold.id}:{self.ledger_seq + 1}"
            self.post(journals.hold(user_id=self.user_id, parts=parts, source=source))
        elif change_minor < 0:
            # What was held last was to be burnt last: it goes back first.
            parts, kept = capture(hold.sources[::-1], -change_minor)
            self.give_back(parts)
            hold = hold.evolve(amount_minor=hold.amount_minor + change_minor, sources=kept[::-1])
            source = f"release:{hold.id}:{self.ledger_seq + 1}"
            self.post(journals.release(user_id=self.user_id, parts=parts, source=source))
        self.put(hold)
        return hold

    def capture(
        self, hold: CreditHold, amount_minor: int
    ) -> tuple[CreditHold, tuple[HoldSource, ...]]:
        """Take from a hold what it holds; the caller posts it."""
        parts, kept = capture(hold.sources, amount_minor)
        hold = hold.evolve(captured_minor=hold.captured_minor + amount_minor, sources=kept)
        self.put(hold)
        return hold, parts

    def close_hold(
        self, hold: CreditHold, *, unused: HoldStatus = HoldStatus.RELEASED
    ) -> CreditHold:
        """Give back what is still held, and end the hold: as `unused` if nothing was captured."""
        captured = hold.captured_minor > 0
        hold = self.hold_exactly(hold, 0).evolve(
            amount_minor=hold.amount_minor,
            status=HoldStatus.CAPTURED if captured else unused,
        )
        self.put(hold)
        return hold

    def add_lot(
        self,
        lot_id: UUID,
        source: CreditSource,
        amount_minor: int,
        *,
        transaction_id: UUID,
        expires_at: datetime | None = None,
        priority: int = GRANT_PRIORITY,
        reason: str | None = None,
    ) -> None:
        """A new lot, full; the caller posts it. Of nothing there is no lot."""
        if amount_minor > 0:
            self.put(
                CreditGrant(
                    id=lot_id,
                    user_id=self.user_id,
                    venue_id=self.venue_id,
                    source=source,
                    currency=self.currency,
                    amount_minor=amount_minor,
                    remaining_minor=amount_minor,
                    priority=priority,
                    expires_at=expires_at,
                    transaction_id=transaction_id,
                    reason=reason,
                    created_at=self.now,
                )
            )

    def post(
        self,
        draft: JournalDraft,
        *,
        transaction_id: UUID | None = None,
        business_day: date | None = None,
        memo: str | None = None,
    ) -> UUID | None:
        """Write a journal; returns its id, or None where nothing moves."""
        if not draft.postings:
            return None
        self.balances = fold(self.balances, self.user_id, [draft])
        self.ledger_seq += 1
        journal, lines = journal_rows(
            draft,
            venue_id=self.venue_id,
            currency=self.currency,
            business_day=business_day or self.business_day,
            transaction_id=transaction_id,
            posted_at=self.now,
            memo=memo,
            fresh_id=self.fresh_id,
        )
        self._appends += (journal, *lines)
        return journal.id

    def post_for(
        self,
        transaction: Transaction,
        draft: JournalDraft,
        *,
        amount_minor: int,
        tax_minor: int = 0,
        memo: str | None = None,
        version: int | None = None,
    ) -> UUID | None:
        """Write a journal of a transaction, and tell of it once; `version` if that stays."""
        journal_id = self.post(
            draft,
            transaction_id=transaction.id,
            business_day=transaction.business_day,
            memo=memo,
        )
        if journal_id is not None:
            told = posted(
                transaction,
                amount_minor=amount_minor,
                tax_minor=tax_minor,
                ledger_seq=self.ledger_seq,
                at=self.now,
            )
            self._posted.append(
                tell(
                    told,
                    venue_id=self.venue_id,
                    user_id=self.user_id,
                    version=version or self._next_version(transaction),
                )
            )
        return journal_id

    def outcome(self, cause: str) -> Outcome:
        """The rows and events of all that was done; `cause` is told with the new balance."""
        stored = self.before.credits(self.currency)
        rows = self._changed.values()
        changes: list[Record] = [row.evolve(version=self._next_version(row)) for row in rows]
        events = list(self._posted)
        if self.ledger_seq != stored.ledger_seq:
            changes.append(credits_after(stored, self.balances, self.ledger_seq, self.now))
            changed = balance_changed(
                self.balances,
                available_minor=self.available_minor,
                currency=self.currency,
                ledger_seq=self.ledger_seq,
                cause=cause,
            )
            events.append(tell(changed, user_id=self.user_id, version=stored.version + 1))
        told = limits_told(
            self.before,
            rows,
            venue_id=self.venue_id,
            today=self.business_day,
            now=self.now,
            fresh_id=self.fresh_id,
        )
        return Outcome(
            changes=(*changes, *told.changes),
            appends=tuple(self._appends),
            events=(*events, *told.events),
            timers=lot_timers(self.before, self.lots, self.now),
        )

    def _next_version(self, row: CreditGrant | CreditHold | Transaction) -> int:
        known = self.before.get(type(row), row.id)
        return 1 if known is None else known.version + 1


def wallet_of(
    state: AccountState, context: Context, *, venue_id: UUID, currency: str
) -> WalletDraft:
    """Begin work on the wallet of a currency, for business at a venue."""
    stored = state.credits(currency)
    return WalletDraft(
        user_id=state.user_id,
        currency=currency,
        venue_id=venue_id,
        business_day=business_day_at(context, venue_id),
        now=context.now,
        fresh_id=context.fresh_id,
        before=state,
        balances=balances_of(stored),
        ledger_seq=stored.ledger_seq,
        lots=state.lots(currency),
    )
