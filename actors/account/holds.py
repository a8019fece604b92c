"""Credit that is reserved: by a patron for a deposit or a tab, by a reservation, and settled once.

A visit's hold is another matter (see `visit`): it lives and ends with the visit. Every hold here
ends by itself at its time, and what it still holds goes back to the lots it came from.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import attrs

from actors.account.captures import Captured, capture_hold
from actors.account.standing import (
    business_day_at,
    profile_at,
    refuse_exclusion,
    refuse_inactive,
    refuse_spend,
)
from actors.account.state import AccountState
from actors.account.wallet import WalletDraft, open_minor, wallet_of
from actors.rules.giving import HOLD_LONGEST
from actors.rules.permissions import not_found, refuse_at_venue
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import CancelTimer, Context, Decision, Outcome, Send, SetTimer
from protocol.addresses import ActorKind, Address, Role
from protocol.domain_limits import HOLDS_OPEN_MAX
from protocol.errors import Code, FieldError, Refusal
from protocol.internal.wallet import (
    DepositHeld,
    ExpireHold,
    HoldDeposit,
    ReleaseDeposit,
    SettleDeposit,
)
from protocol.operations.wallet import PlaceHold, SettleHold
from protocol.reads import Read, Since
from protocol.records.money import CreditHold
from protocol.records.money_states import HoldPurpose, HoldStatus
from protocol.replies.transactions import Balance
from protocol.replies.wallet import HoldPlaced, HoldSettled

RESERVATION: Final = "reservation"
"""The purpose of the hold of a reservation's deposit."""
VISIT: Final = "session"
"""The purpose of a visit's hold, which only the visit settles."""
SETTLED_READ: Final = Read(CreditHold, by="user_id", where=(Since("expires_at", 7 * 24 * 3600),))
"""Holds that are over, for a week: whoever settles one again is told that it is settled."""


@decides(PlaceHold)
def decide_place_hold(state: AccountState, command: PlaceHold, context: Context) -> Decision:
    """Reserve own credit until a time."""
    venue_id, profile = command.venue_id, profile_at(context, command.venue_id)
    if profile is None:
        return not_found(f"venue {venue_id}")
    own = [hold for hold in _open_holds(state) if hold.purpose != VISIT]
    reserved_minor = sum(open_minor(hold) for hold in own if hold.purpose in set(HoldPurpose))
    wallet = wallet_of(state, context, venue_id=venue_id, currency=profile.currency)
    refusal = (
        _refuse_time(command.expires_at, context.now)
        or _refuse_many(len(own))
        or refuse_inactive(state, Code.FORBIDDEN)
        or refuse_exclusion(state, venue_id, context.now)
        or refuse_spend(
            state,
            reserved_minor + command.amount_minor,
            business_day_at(context, venue_id),
            context.now,
        )
        or _refuse_short(wallet, command.amount_minor)
    )
    if refusal is not None:
        return refusal
    hold = _new_hold(
        wallet,
        hold_id=context.fresh_id(),
        purpose=command.purpose.value,
        ref_id=None,
        expires_at=command.expires_at,
    )
    hold = wallet.hold_exactly(hold, command.amount_minor)
    outcome = wallet.outcome("hold")
    answer = HoldPlaced(
        hold_id=hold.id,
        status=hold.status,
        purpose=command.purpose,
        amount_minor=hold.amount_minor,
        currency=hold.currency,
        expires_at=command.expires_at,
        balance=Balance(
            available_minor=wallet.available_minor, held_minor=wallet.balances.held_minor
        ),
        version=1,
    )
    return attrs.evolve(outcome, reply=answer, timers=(*outcome.timers, _expiry(hold)))


@decides(SettleHold)
def decide_settle_hold(state: AccountState, command: SettleHold, context: Context) -> Decision:
    """Take some or all of a hold, once, and give the rest back."""
    assert context.principal is not None, "a command of the contract has a principal"
    hold = state.get(CreditHold, command.hold_id)
    if hold is None or hold.venue_id is None:
        return not_found(f"hold {command.hold_id}")
    refusal = (
        refuse_at_venue(context.principal, Role.MANAGEMENT, hold.venue_id)
        or _refuse_over(hold, context.now)
        or _refuse_capture(hold, command.capture_minor)
    )
    if refusal is not None:
        return refusal
    held_minor = open_minor(hold)
    done = capture_hold(state, context, hold, command.capture_minor, note=command.note)
    line = audited(
        context,
        "hold.settled",
        "hold",
        hold.id,
        venue_id=hold.venue_id,
        before={"held_minor": held_minor},
        after={"captured_minor": command.capture_minor},
    )
    answer = HoldSettled(
        hold_id=hold.id,
        status=done.hold.status,
        captured_minor=command.capture_minor,
        released_minor=held_minor - command.capture_minor,
        currency=hold.currency,
        transaction_id=None if done.transaction is None else done.transaction.id,
        version=hold.version + 1,
    )
    outcome = _ended(done)
    return attrs.evolve(outcome, reply=answer, appends=(*outcome.appends, line))


@decides(HoldDeposit)
def decide_hold_deposit(state: AccountState, command: HoldDeposit, context: Context) -> Decision:
    """Reserve a reservation's deposit, and say so to the venue."""
    profile = profile_at(context, command.venue_id)
    assert profile is not None, f"venue {command.venue_id} asks and has shared no profile"
    wallet = wallet_of(state, context, venue_id=command.venue_id, currency=profile.currency)
    refusal = (
        refuse_inactive(state, Code.FORBIDDEN)
        or refuse_exclusion(state, command.venue_id, context.now)
        or _refuse_short(wallet, command.amount_minor)
    )
    if refusal is not None:
        return refusal
    held = DepositHeld(reservation_id=command.reservation_id, hold_id=command.hold_id)
    undo = ReleaseDeposit(hold_id=command.hold_id) if context.in_saga else None
    answer = Send(Address(ActorKind.VENUE, command.venue_id), held, undo=undo)
    if command.amount_minor <= 0:
        return Outcome(sends=(answer,))
    hold = _new_hold(
        wallet,
        hold_id=command.hold_id,
        purpose=RESERVATION,
        ref_id=command.reservation_id,
        expires_at=command.hold_until,
    )
    hold = wallet.hold_exactly(hold, command.amount_minor)
    outcome = wallet.outcome("deposit")
    return attrs.evolve(outcome, sends=(answer,), timers=(*outcome.timers, _expiry(hold)))


@decides(SettleDeposit)
def decide_settle_deposit(
    state: AccountState, command: SettleDeposit, context: Context
) -> Decision:
    """Take of a deposit what is due, as far as it goes; the rest returns."""
    hold = state.open_hold(command.hold_id)
    if hold is None or hold.venue_id is None:
        return Outcome()
    capture_minor = min(max(0, command.capture_minor), open_minor(hold))
    return _ended(capture_hold(state, context, hold, capture_minor))


@decides(ReleaseDeposit, ExpireHold)
def decide_release_hold(
    state: AccountState, command: ReleaseDeposit | ExpireHold, context: Context
) -> Decision:
    """Give back what is still held: the reservation never was or is cancelled, or time is up."""
    hold = state.open_hold(command.hold_id)
    if hold is None or hold.venue_id is None:
        return Outcome()
    wallet = wallet_of(state, context, venue_id=hold.venue_id, currency=hold.currency)
    if isinstance(command, ExpireHold):
        wallet.close_hold(hold, unused=HoldStatus.EXPIRED)
        return wallet.outcome("hold_expired")
    wallet.close_hold(hold)
    outcome = wallet.outcome("hold_released")
    return attrs.evolve(outcome, timers=(*outcome.timers, CancelTimer(_timer(hold.id))))


def _ended(done: Captured) -> Outcome:
    cancelled = CancelTimer(_timer(done.hold.id))
    return attrs.evolve(done.outcome, timers=(*done.outcome.timers, cancelled))


def _open_holds(state: AccountState) -> list[CreditHold]:
    return [hold for hold in state.all(CreditHold) if hold.status is HoldStatus.OPEN]


def _new_hold(
    wallet: WalletDraft, *, hold_id: UUID, purpose: str, ref_id: UUID | None, expires_at: datetime
) -> CreditHold:
    return CreditHold(
        id=hold_id,
        user_id=wallet.user_id,
        venue_id=wallet.venue_id,
        purpose=purpose,
        ref_id=ref_id,
        currency=wallet.currency,
        amount_minor=0,
        status=HoldStatus.OPEN,
        expires_at=expires_at,
        created_at=wallet.now,
    )


def _expiry(hold: CreditHold) -> SetTimer:
    assert hold.expires_at is not None, "every hold here has an end"
    return SetTimer(_timer(hold.id), hold.expires_at, ExpireHold(hold_id=hold.id))


def _timer(hold_id: UUID) -> str:
    return f"hold:{hold_id}"


def _refuse_time(expires_at: datetime, now: datetime) -> Refusal | None:
    if now < expires_at <= now + HOLD_LONGEST:
        return None
    detail = f"must be within 12 hours after {now.isoformat()}; is {expires_at.isoformat()}"
    return Refusal(
        Code.VALIDATION_FAILED,
        detail,
        errors=(FieldError("/expires_at", "out_of_range", detail),),
    )


def _refuse_many(open_count: int) -> Refusal | None:
    if open_count < HOLDS_OPEN_MAX:
        return None
    return Refusal(
        Code.VALIDATION_FAILED,
        f"{open_count} holds are open, {HOLDS_OPEN_MAX} at most; have one settled first",
    )


def _refuse_short(wallet: WalletDraft, amount_minor: int) -> Refusal | None:
    missing_minor = amount_minor - wallet.available_minor
    if missing_minor <= 0:
        return None
    why = " while what is owed is not repaid" if wallet.balances.is_frozen else ""
    return Refusal(
        Code.INSUFFICIENT_CREDITS,
        f"{amount_minor} minor are to be held and {wallet.available_minor} are available{why}; "
        f"top up {missing_minor} first",
        extra={"missing_minor": missing_minor},
    )


def _refuse_over(hold: CreditHold, now: datetime) -> Refusal | None:
    """A hold is settled once; one whose time is up returns, whether its timer has fired or not."""
    if hold.status is HoldStatus.EXPIRED or (
        hold.status is HoldStatus.OPEN and hold.expires_at is not None and hold.expires_at <= now
    ):
        return Refusal(Code.HOLD_EXPIRED, f"hold {hold.id} ended by itself; nothing is held")
    if hold.status is not HoldStatus.OPEN:
        return Refusal(
            Code.HOLD_SETTLED,
            f"hold {hold.id} is {hold.status.value}; {hold.captured_minor} minor were captured",
            extra={"captured_minor": hold.captured_minor},
        )
    if hold.purpose == VISIT:
        return Refusal(
            Code.INVALID_TRANSITION, f"hold {hold.id} belongs to a visit; check the visit out"
        )
    return None


def _refuse_capture(hold: CreditHold, capture_minor: int) -> Refusal | None:
    held_minor = open_minor(hold)
    if capture_minor <= held_minor:
        return None
    detail = f"must be at most {held_minor}, which are held; is {capture_minor}"
    return Refusal(
        Code.AMOUNT_OUT_OF_RANGE,
        detail,
        errors=(FieldError("/capture_minor", "out_of_range", detail),),
    )
