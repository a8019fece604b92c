"""The running visit: time charged from its hold, the hold kept up, and the books closed (Rule 3).

A visit's hold belongs to the visit: ticks move its expiry on, and it ends with the visit. Time is
charged to one transaction per visit and business day, which grows with each tick's journal.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from uuid import UUID

import attrs

from actors.account.receipts import visit_receipt
from actors.account.standing import open_day_of
from actors.account.state import AccountState
from actors.account.visit_holds import session_at, visit_hold
from actors.account.visit_limits import (
    allowance_after,
    drawable_minor,
    spend_headroom_minor,
    time_used,
)
from actors.account.voiding import TIME, Corrected, Correction, give_back_excess, time_of
from actors.account.wallet import WalletDraft, open_minor, wallet_of
from actors.rules import journals
from actors.rules.grants import join
from actors.rules.journals import Sale
from actors.rules.ledger import usage_source
from actors.rules.money import tax_of_step
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from protocol.addresses import ActorKind, Address
from protocol.errors import Refusal
from protocol.internal.managing import TellAgain, VisitOver
from protocol.internal.orders import RevenueBooked
from protocol.internal.visits import (
    CaptureUsage,
    SettleVisit,
    UsageCaptured,
    UsageLine,
    VisitSettled,
)
from protocol.records.money import CreditHold, Transaction
from protocol.records.money_states import Tender, TransactionKind, TransactionStatus


@attrs.define(eq=False, kw_only=True)
class _Meter:
    """Charges one request's lines to the wallet, never more than is held or available."""

    state: AccountState
    wallet: WalletDraft
    hold: CreditHold
    session_id: UUID
    created_by: UUID | None
    captured_minor: int = 0
    booked: dict[date, tuple[int, int]] = attrs.field(factory=lambda: defaultdict(lambda: (0, 0)))
    journal_id: UUID | None = None

    def charge(self, line: UsageLine, tick: int) -> None:
        """Charge one line, as far as the hold goes: nobody is overdrawn."""
        amount_minor = min(line.amount_minor, open_minor(self.hold))
        if amount_minor <= 0:
            return
        self.hold, parts = self.wallet.capture(self.hold, amount_minor)
        transaction = self._transaction(line.business_day)
        sum_minor = transaction.amount_minor + amount_minor
        tax_minor = tax_of_step(transaction.amount_minor, sum_minor, line.tax_bp)
        transaction = transaction.evolve(
            amount_minor=sum_minor,
            tax_minor=transaction.tax_minor + tax_minor,
            sources=join(transaction.sources, parts),
            posted_at=self.wallet.now,
        )
        self.wallet.put(transaction)
        draft = journals.usage(
            user_id=self.state.user_id,
            venue_id=self.wallet.venue_id,
            parts=parts,
            sales=[Sale(revenue_kind=TIME, gross_minor=amount_minor, tax_minor=tax_minor)],
            source=usage_source(line.segment_id, tick),
        )
        self.journal_id = self.wallet.post_for(
            transaction, draft, amount_minor=amount_minor, tax_minor=tax_minor
        )
        gross_minor, tax_before_minor = self.booked[line.business_day]
        self.booked[line.business_day] = gross_minor + amount_minor, tax_before_minor + tax_minor
        self.captured_minor += amount_minor

    def _transaction(self, day: date) -> Transaction:
        changed = self.wallet.usage_of(self.session_id, day)
        return changed or Transaction(
            id=self.wallet.fresh_id(),
            venue_id=self.wallet.venue_id,
            user_id=self.state.user_id,
            kind=TransactionKind.USAGE,
            status=TransactionStatus.POSTED,
            tender=Tender.CREDITS,
            amount_minor=0,
            currency=self.wallet.currency,
            business_day=day,
            session_id=self.session_id,
            created_by=self.created_by,
            occurred_at=self.wallet.now,
        )

    def revenue(self) -> tuple[Send, ...]:
        """What the venue is told of, for its live figures."""
        venue = Address(ActorKind.VENUE, self.wallet.venue_id)
        return tuple(
            Send(
                venue,
                RevenueBooked(business_day=day, gross_minor=gross, tax_minor=tax),
                detached=True,
            )
            for day, (gross, tax) in self.booked.items()
        )


@decides(CaptureUsage)
def decide_capture_usage(state: AccountState, command: CaptureUsage, context: Context) -> Decision:
    """Charge a tick's time, then hold as much as the next one may need."""
    hold = visit_hold(state, command.session_id, command.hold_id)
    if isinstance(hold, Refusal):
        return hold
    meter = _charged(
        state, context, hold, command.lines, command, keep_minor=command.hold_target_minor
    )
    held = meter.hold.evolve(expires_at=command.hold_until)
    meter.wallet.put(held)
    corrected = _corrected(state, context, meter, command, f"correction:{command.tick}")
    wanted_minor = sum(line.amount_minor for line in command.lines) + command.hold_target_minor
    drawn_minor = meter.captured_minor + open_minor(held)
    answer = UsageCaptured(
        session_id=command.session_id,
        tick=command.tick,
        captured_minor=meter.captured_minor,
        held_minor=open_minor(held),
        available_minor=drawable_minor(state, meter.wallet, drawn_minor - corrected.returned_minor),
        short_minor=wanted_minor - drawn_minor,
        time=allowance_after(state, meter.wallet, meter.captured_minor - corrected.returned_minor),
        returned_minor=corrected.returned_minor,
    )
    outcome = meter.wallet.outcome("usage")
    told = Send(session_at(command.session_id), answer)
    return attrs.evolve(outcome, sends=(told, *meter.revenue(), *corrected.sends))


@decides(SettleVisit)
def decide_settle_visit(state: AccountState, command: SettleVisit, context: Context) -> Decision:
    """Charge the last time, give the rest of the hold back, and write the receipt."""
    hold = visit_hold(state, command.session_id, command.hold_id)
    if isinstance(hold, Refusal):
        return hold
    meter = _charged(state, context, hold, command.lines, command, keep_minor=0)
    meter.wallet.close_hold(meter.hold)
    corrected = _corrected(state, context, meter, command, f"correction:{command.tick}")
    before_minor = sum(row.amount_minor for row in time_of(state, command.session_id))
    time_minor = before_minor + meter.captured_minor - corrected.returned_minor
    used, forgotten = time_used(state, command.active_ms, meter.wallet.business_day)
    receipt = visit_receipt(
        command,
        wallet=meter.wallet,
        purchases=filter(state.is_paid, state.purchases_in(command.session_id)),
        time_minor=time_minor,
        journal_id=meter.journal_id,
    )
    answer = VisitSettled(
        session_id=command.session_id,
        receipt_id=receipt.id,
        captured_minor=meter.captured_minor,
        purchases_minor=receipt.body["purchases_minor"],
        total_minor=receipt.body["total_minor"],
        currency=hold.currency,
    )
    outcome = meter.wallet.outcome("check_out")
    undo = TellAgain(session_id=command.session_id, settled=answer) if context.in_saga else None
    told = Send(session_at(command.session_id), answer, undo=undo)
    return attrs.evolve(
        outcome,
        changes=(*outcome.changes, *used),
        removes=forgotten,
        appends=(*outcome.appends, receipt),
        sends=(told, *meter.revenue(), *corrected.sends),
    )


@decides(VisitOver)
def decide_visit_over(state: AccountState, command: VisitOver, context: Context) -> Decision:
    """The session is over, so another may begin."""
    visit = state.unended_visit
    if visit is None or visit.session_id != command.session_id:
        return Outcome()
    return Outcome(removes=(visit,))


def _charged(
    state: AccountState,
    context: Context,
    hold: CreditHold,
    lines: tuple[UsageLine, ...],
    command: CaptureUsage | SettleVisit,
    *,
    keep_minor: int,
) -> _Meter:
    """Charge the lines, with `keep_minor` held afterwards, both as far as the wallet goes, and
    own limits on spending.
    """
    principal = context.principal
    wallet = wallet_of(state, context, venue_id=command.venue_id, currency=hold.currency)
    target_minor = sum(line.amount_minor for line in lines) + keep_minor
    headroom_minor = spend_headroom_minor(state, wallet.business_day, wallet.now)
    if headroom_minor is not None:
        # What is not held can't be charged: at an own limit the visit stops as without funds.
        target_minor = min(target_minor, headroom_minor)
    meter = _Meter(
        state=state,
        wallet=wallet,
        hold=wallet.hold_exactly(hold, target_minor),
        session_id=command.session_id,
        created_by=None if principal is None else principal.user_id,
    )
    for line in lines:
        # A day may be closed before the last of its time is charged (Rule 5).
        day = open_day_of(context, command.venue_id, line.business_day)
        meter.charge(attrs.evolve(line, business_day=day), command.tick)
    return meter


def _corrected(
    state: AccountState,
    context: Context,
    meter: _Meter,
    command: CaptureUsage | SettleVisit,
    source: str,
) -> Corrected:
    """Give back what was charged too much, if the visit says what its time costs."""
    if command.owed_minor is None:
        return Corrected()
    correction = Correction(
        session_id=command.session_id,
        owed_minor=command.owed_minor,
        days=[open_day_of(context, command.venue_id, line.business_day) for line in command.lines],
        tax_bp=command.tax_bp,
        source=source,
    )
    return give_back_excess(state, meter.wallet, correction)
