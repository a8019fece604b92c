"""Coming in: the account's part of a check-in, and taking it back (Rules 2 and 3).

Here is decided that a person has one open session over all venues. The venue's own verdict comes
with the question, so that refusals keep the order of the contract whoever finds them.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import attrs

from actors.account.drinks import drinks_before
from actors.account.standing import (
    open_day_of,
    profile_at,
    refuse_age,
    refuse_exclusion,
    refuse_inactive,
    verified_age,
)
from actors.account.state import AccountState
from actors.account.visit_limits import allowance_after, drawable_minor, refuse_over_limit
from actors.account.wallet import WalletDraft, wallet_of
from actors.rules.business_day import business_day_of
from actors.rules.funds import refuse_funds
from actors.rules.offline import no_earlier
from actors.rules.settings import DEFAULT
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, Refusal
from protocol.internal.managing import CancelOpening
from protocol.internal.visits import AdmitPatron, CancelAdmission, OpenSession
from protocol.records.money import CreditHold
from protocol.records.money_states import HoldStatus, TransactionKind
from protocol.records.runtime import OpenVisit


@decides(AdmitPatron)
def decide_admit_patron(state: AccountState, command: AdmitPatron, context: Context) -> Decision:
    """Let a patron in and hold what the visit begins with; the session opens next."""
    years = verified_age(state, context, command.venue_id)
    refusal = (
        refuse_inactive(state, Code.FORBIDDEN)
        or refuse_age(years, command.age_required)
        or refuse_exclusion(state, command.venue_id, context.now, ban=Code.BANNED)
        or command.venue_refusal
        or _refuse_second_visit(state)
    )
    if refusal is not None:
        return refusal
    wallet = wallet_of(state, context, venue_id=command.venue_id, currency=command.currency)
    deposit = state.open_hold(command.deposit_hold_id) if command.deposit_hold_id else None
    if deposit is not None:
        # They have come; what was held for that is there for the visit.
        wallet.close_hold(deposit)
    refusal = _refuse_funds(wallet, command) or refuse_over_limit(
        state, wallet, command.hold_minor, Code.INSUFFICIENT_CREDITS
    )
    if refusal is not None:
        return refusal
    began_at = _began_at(state, context)
    hold = wallet.hold_exactly(_new_hold(state, command, context), command.hold_minor)
    visit = OpenVisit(
        user_id=state.user_id,
        session_id=command.session_id,
        venue_id=command.venue_id,
        hold_id=hold.id,
        opened_at=began_at,
    )
    outcome = wallet.outcome("check_in")
    opening = Send(
        Address(ActorKind.SESSION, command.session_id),
        OpenSession(
            admission=command,
            user_id=state.user_id,
            display_name=state.user.display_name or "Guest",
            age_ok=years is not None and years >= _alcohol_age(context, command.venue_id),
            hold_id=hold.id,
            available_minor=drawable_minor(state, wallet, command.hold_minor),
            paid_up_today_minor=_time_paid_on(state, began_at, context, command.venue_id),
            began_at=began_at,
            time=allowance_after(state, wallet, 0),
            drinks=drinks_before(state, context, command.venue_id),
        ),
        undo=_taking_back(command, hold, context),
        fresh=True,
    )
    return attrs.evolve(outcome, changes=(visit, *outcome.changes), sends=(opening,))


@decides(CancelAdmission)
def decide_cancel_admission(
    state: AccountState, command: CancelAdmission, context: Context
) -> Decision:
    """The visit never was. What is taken back already stays so.

    Another may begin when the session has said that this one is over, if it ever began.
    """
    visit = state.unended_visit
    if visit is not None and visit.session_id != command.session_id:
        visit = None
    hold = state.open_hold(command.hold_id)
    outcome = Outcome()
    if hold is not None:
        assert hold.venue_id is not None
        wallet = wallet_of(state, context, venue_id=hold.venue_id, currency=hold.currency)
        wallet.close_hold(hold)
        deposit = state.get(CreditHold, command.deposit_hold_id)
        if deposit is not None and deposit.status is HoldStatus.RELEASED:
            again = deposit.evolve(status=HoldStatus.OPEN, amount_minor=0)
            wallet.hold_exactly(again, deposit.amount_minor)
        outcome = wallet.outcome("check_in_cancelled")
    if visit is None:
        return outcome
    ending = CancelOpening(session_id=visit.session_id, user_id=state.user_id)
    session = Address(ActorKind.SESSION, visit.session_id)
    return attrs.evolve(outcome, sends=(Send(session, ending, detached=True),))


def _refuse_second_visit(state: AccountState) -> Refusal | None:
    visit = state.unended_visit
    if visit is None:
        return None
    return Refusal(
        Code.SESSION_ACTIVE,
        f"session {visit.session_id} is open since {visit.opened_at.isoformat()}; "
        "one at a time, over all venues: check out there first",
        extra={"session_id": str(visit.session_id)},
    )


def _refuse_funds(wallet: WalletDraft, command: AdmitPatron) -> Refusal | None:
    needed_minor = max(command.funds_least_minor, command.hold_minor)
    is_frozen = wallet.balances.is_frozen
    return refuse_funds(wallet.available_minor, needed_minor, is_frozen=is_frozen)


def _new_hold(state: AccountState, command: AdmitPatron, context: Context) -> CreditHold:
    return CreditHold(
        id=context.fresh_id(),
        user_id=state.user_id,
        venue_id=command.venue_id,
        purpose="session",
        ref_id=command.session_id,
        currency=command.currency,
        amount_minor=0,
        status=HoldStatus.OPEN,
        expires_at=command.hold_until,
        created_at=context.now,
    )


def _taking_back(
    command: AdmitPatron, hold: CreditHold, context: Context
) -> CancelAdmission | None:
    if not context.in_saga:
        return None
    return CancelAdmission(
        session_id=command.session_id,
        hold_id=hold.id,
        deposit_hold_id=command.deposit_hold_id,
    )


def _alcohol_age(context: Context, venue_id: UUID) -> int:
    profile = profile_at(context, venue_id)
    return (profile.settings if profile is not None else DEFAULT).alcohol_age_years


def _began_at(state: AccountState, context: Context) -> datetime:
    """When the visit begins: what is told late not before earlier time was charged (Rule 12)."""
    charged = (row.posted_at for row in state.posted(TransactionKind.USAGE) if row.session_id)
    last = max((at for at in charged if at is not None), default=context.happened_at)
    return no_earlier(context.happened_at, last).at


def _time_paid_on(state: AccountState, at: datetime, context: Context, venue_id: UUID) -> int:
    """Time charged by earlier visits of the business day here: the cap counts it (Rule 3)."""
    profile = profile_at(context, venue_id)
    assert profile is not None, f"venue {venue_id} has shared no profile"
    day = business_day_of(at, profile.tz, profile.settings.cutover)
    today = open_day_of(context, venue_id, day)
    return sum(
        transaction.amount_minor
        for transaction in state.posted(TransactionKind.USAGE)
        if transaction.venue_id == venue_id and transaction.business_day == today
    )
