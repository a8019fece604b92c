"""Tills (Rule 13): one open per person and drawer, counted blind, signed if the count is off.

The venue gives out the drawers. What a till should hold follows from what went through it; the
counter does not see it before having counted, and a count is not taken back after that.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from actors.rules.lifecycle import TILL, TillTrigger, transition
from actors.rules.permissions import not_found, refuse_thing
from actors.rules.profile import VenueProfile
from actors.rules.settings import DEFAULT
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Outcome, Send
from actors.staff.figures import till_changed, till_reply
from actors.staff.state import StaffState
from protocol.addresses import ActorKind, Address, Role
from protocol.errors import Code, Refusal
from protocol.internal.duty import DrawerReserved, FreeDrawer, ReserveDrawer
from protocol.internal.orders import PostTopUp, ReturnCash, TakeCash
from protocol.operations.staff import CloseTill, OpenTill, TillStep
from protocol.records.ledger import Till
from protocol.records.money_states import TillStatus
from protocol.records.platform import AuditEntry


@decides(OpenTill)
def decide_open_till(state: StaffState, command: OpenTill, context: Context) -> Decision:
    """Ask the venue for the drawer; the till opens when it is given."""
    shift = state.open_shift
    refusal = _refuse_opening(state)
    if refusal is not None or shift is None:
        return refusal or _no_shift()
    asked = ReserveDrawer(
        request=command, till_id=context.fresh_id(), staff_id=state.staff_id, shift_id=shift.id
    )
    return Outcome(reply=LATER, sends=(Send(_venue(shift.venue_id), asked),))


@decides(DrawerReserved)
def decide_drawer_reserved(
    state: StaffState, command: DrawerReserved, context: Context
) -> Decision:
    """Open the till, unless shift or tills changed meanwhile; then the drawer is freed again."""
    shift = state.open_shift
    refusal = _refuse_opening(state)
    if refusal is not None or shift is None or shift.id != command.shift_id:
        return refusal or _no_shift()
    profile = context.shared(_venue(shift.venue_id))
    assert isinstance(profile, VenueProfile), "the venue gave a drawer, so it is here"
    float_minor = command.request.opening_float_minor
    till = Till(
        id=command.till_id,
        venue_id=shift.venue_id,
        staff_id=state.staff_id,
        shift_id=shift.id,
        drawer=command.request.drawer,
        currency=profile.currency,
        status=TillStatus.OPEN,
        opening_minor=float_minor,
        expected_minor=float_minor,
        opened_at=context.now,
    )
    return Outcome(reply=till_reply(till), changes=(till,), events=(till_changed(till),))


def _refuse_opening(state: StaffState) -> Refusal | None:
    if (till := state.open_till) is not None:
        return Refusal(
            Code.TILL_OPEN,
            f"till {till.id} on drawer {till.drawer} is open; one person has one",
            extra={"till_id": str(till.id)},
        )
    return None if state.open_shift is not None else _no_shift()


def _no_shift() -> Refusal:
    return Refusal(Code.NO_OPEN_SHIFT, "a till belongs to an open shift; clock in first")


@decides(CloseTill)
def decide_close_till(state: StaffState, command: CloseTill, context: Context) -> Decision:
    """Count it, note what went to the safe, or sign for what is missing or over."""
    principal = context.principal
    assert principal is not None, "whoever closes a till is signed in"
    own = principal.user_id == state.staff_id
    till = state.get(Till, command.till_id)
    if till is None:
        # Found by its row, so it was here; what is not loaded was closed days ago.
        return _closed_already(command) if own else not_found(f"till {command.till_id}")
    if not own or command.kind is TillStep.SIGN:
        least = Role.MANAGEMENT
        whose = f"till {command.till_id}"
        stranger = refuse_thing(principal, least, till.venue_id, whose=whose)
        if stranger is not None:
            return stranger
    if till.status is TillStatus.CLOSED:
        return _closed_already(command)
    match command.kind:
        case TillStep.COUNT:
            return _count(till, command, context)
        case TillStep.DROP:
            return _drop(till, command, context)
        case TillStep.SIGN:
            return _sign(till, command, context)


def _count(till: Till, command: CloseTill, context: Context) -> Decision:
    if till.counted_minor is not None:
        return Refusal(
            Code.TILL_CLOSED,
            f"till {till.id} was counted, {till.variance_minor} minor off; management signs it",
        )
    counted_minor = sum(line.denomination_minor * line.count for line in command.counted)
    variance_minor = counted_minor - till.expected_minor
    counted = till.revised(
        status=_after(till, TillTrigger.COUNT),
        counted={str(line.denomination_minor): line.count for line in command.counted},
        counted_minor=counted_minor,
        variance_minor=variance_minor,
        ended_at=till.ended_at or context.now,
    )
    profile = context.shared(_venue(till.venue_id))
    settings = profile.settings if isinstance(profile, VenueProfile) else DEFAULT
    if abs(variance_minor) <= settings.till_variance_max_minor:
        counted = counted.evolve(status=_after(counted, TillTrigger.CLOSE), closed_at=context.now)
    return Outcome(
        reply=till_reply(counted),
        changes=(counted,),
        appends=_by_another(till, counted, "till.counted", context),
        events=(till_changed(counted),),
        sends=(_free(till),) if till.status is TillStatus.OPEN else (),
    )


def _drop(till: Till, command: CloseTill, context: Context) -> Decision:
    assert command.amount_minor is not None, "the codec asks for the amount of a drop"
    if till.status is not TillStatus.OPEN:
        return Refusal(
            Code.TILL_CLOSED, f"till {till.id} is {till.status.value}; only an open one has drops"
        )
    dropped = till.revised(
        drops_minor=till.drops_minor + command.amount_minor,
        expected_minor=till.expected_minor - command.amount_minor,
    )
    return Outcome(
        reply=till_reply(dropped),
        changes=(dropped,),
        appends=_by_another(till, dropped, "till.dropped", context),
        events=(till_changed(dropped),),
    )


def _sign(till: Till, command: CloseTill, context: Context) -> Decision:
    assert context.principal is not None
    if till.counted_minor is None:
        return Refusal(
            Code.INVALID_TRANSITION,
            f"till {till.id} is {till.status.value} and not counted; count it, then sign",
        )
    if context.principal.user_id == till.staff_id:
        return Refusal(
            Code.FORBIDDEN, f"till {till.id} is your own; somebody else of management signs it"
        )
    signed = till.revised(
        status=_after(till, TillTrigger.CLOSE),
        signed_by=context.principal.user_id,
        sign_note=command.note,
        closed_at=context.now,
    )
    return Outcome(
        reply=till_reply(signed),
        changes=(signed,),
        appends=(_audited(till, signed, "till.signed", context),),
        events=(till_changed(signed),),
    )


def _audited(before: Till, after: Till, action: str, context: Context) -> AuditEntry:
    """The line of the audit trail for what somebody else did to a till."""

    def shown(till: Till) -> dict[str, Any]:
        return {
            "status": till.status,
            "counted_minor": till.counted_minor,
            "variance_minor": till.variance_minor,
            "drops_minor": till.drops_minor,
            "note": till.sign_note,
        }

    return audited(
        context,
        action,
        "till",
        before.id,
        venue_id=before.venue_id,
        before=shown(before),
        after=shown(after),
    )


def _by_another(before: Till, after: Till, action: str, context: Context) -> tuple[AuditEntry, ...]:
    assert context.principal is not None
    if context.principal.user_id == before.staff_id:
        return ()
    return (_audited(before, after, action, context),)


def end_till(till: Till, context: Context) -> Outcome:
    """Stop a till at the end of its day; it is counted afterwards."""
    ended = till.revised(status=_after(till, TillTrigger.CUTOVER), ended_at=context.now)
    return Outcome(changes=(ended,), events=(till_changed(ended),), sends=(_free(till),))


@decides(TakeCash)
def decide_take_cash(state: StaffState, command: TakeCash, context: Context) -> Decision:
    """Put the cash of a top-up into the till; it goes back if the account says no."""
    till = state.open_till
    if till is None or till.venue_id != command.topup.venue_id:
        return Refusal(
            Code.TILL_NOT_OPEN, "cash goes into an open till at this venue; open yours first"
        )
    filled = till.revised(expected_minor=till.expected_minor + command.price_minor)
    post = PostTopUp(
        topup=command.topup,
        user_id=command.user_id,
        transaction_id=command.transaction_id,
        price_minor=command.price_minor,
        credits_minor=command.credits_minor,
        bonus_minor=command.bonus_minor,
        bonus_days=command.bonus_days,
        package_id=command.package_id,
        per_day_cap=command.per_day_cap,
        till_id=till.id,
        shift_id=till.shift_id,
        staff_id=state.staff_id,
    )
    back = ReturnCash(
        till_id=till.id, transaction_id=command.transaction_id, amount_minor=command.price_minor
    )
    return Outcome(
        changes=(filled,),
        events=(till_changed(filled),),
        sends=(Send(Address(ActorKind.ACCOUNT, command.user_id), post, undo=back),),
    )


@decides(ReturnCash)
def decide_return_cash(state: StaffState, command: ReturnCash, context: Context) -> Decision:
    """Give the cash back. Where the till was counted meanwhile, its variance is set right."""
    return expecting(state.get(Till, command.till_id), -command.amount_minor)


def expecting(till: Till | None, more_minor: int) -> Outcome:
    """So much more in a till, or less; a variance that was counted meanwhile is set right."""
    if till is None:
        return Outcome()
    expected_minor = till.expected_minor + more_minor
    variance = None if till.counted_minor is None else till.counted_minor - expected_minor
    changed = till.revised(expected_minor=expected_minor, variance_minor=variance)
    return Outcome(changes=(changed,), events=(till_changed(changed),))


def _free(till: Till) -> Send:
    return Send(_venue(till.venue_id), FreeDrawer(till_id=till.id), detached=True)


def _after(till: Till, trigger: TillTrigger) -> TillStatus:
    status = transition(TILL, till.status, trigger)
    assert status is not None, f"{trigger.value} was let through at {till.status.value}"
    return status


def _closed_already(command: CloseTill) -> Refusal:
    return Refusal(Code.TILL_CLOSED, f"till {command.till_id} is closed")


def _venue(venue_id: UUID) -> Address:
    return Address(ActorKind.VENUE, venue_id)
