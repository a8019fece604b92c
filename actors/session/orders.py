"""What is bought during a visit: the session vouches for the buyer and keeps the pace (Rule 7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from actors.rules.earlier_drinks import counted_from, taken_together
from actors.rules.permissions import not_found
from actors.rules.safety_pace import Drunk
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from actors.session.draft import VisitDraft, draft_of
from actors.session.observing import day_start_of, keep_pace
from actors.session.state import SessionState
from protocol.addresses import ActorKind, Address
from protocol.domain_limits import SESSION_DRINKS_MAX
from protocol.errors import Code, Refusal
from protocol.evolving import evolve
from protocol.internal.orders import OrderPosted, PriceOrder, VouchOrder
from protocol.records.money_states import Tender
from protocol.records.states import SessionStatus

PACE_WINDOWS: Final = (timedelta(minutes=60), timedelta(minutes=120))
"""Rule 7: pace_60 and pace_120; the business day comes after them."""


@decides(VouchOrder)
def decide_vouch_order(state: SessionState, command: VouchOrder, context: Context) -> Decision:
    """Say who is there, at which level, and what they had; then have the venue price it."""
    session = state.session
    if session is None or session.status is SessionStatus.CLOSING:
        return Refusal(
            Code.SESSION_CLOSED,
            f"session {state.session_id} is over or closing; order without it, or check in anew",
        )
    if session.venue_id != command.order.venue_id:
        return not_found(f"session {state.session_id}")
    draft = draft_of(state, session, context)
    buyer = evolve(
        command.buyer,
        persons_present=session.party_size,
        safety_level=session.safety_level,
        drinks_milli_by_window=drinks_by_window(draft),
    )
    price = PriceOrder(order=command.order, buyer=buyer, transaction_id=command.transaction_id)
    if command.order.tender is Tender.CARD:
        # Whether it is paid and served the account knows: it is asked when the visit ends.
        draft.notes = evolve(draft.notes, card_orders=draft.notes.card_orders + 1)
        draft.send(draft.venue, price)
        return draft.outcome()
    return Outcome(sends=(Send(Address(ActorKind.VENUE, session.venue_id), price),))


@decides(OrderPosted)
def decide_order_posted(state: SessionState, command: OrderPosted, context: Context) -> Decision:
    """Remember it for the pace; a play also ends the grace of short visits (Rule 3)."""
    session = state.session
    if session is None:
        return Outcome()
    draft = draft_of(state, session, context)
    notes = draft.notes
    drinks = notes.drinks
    # A purchase that is told late counts from when it was made.
    at = max(context.happened_at, session.started_at)
    if command.standard_drinks_milli > 0:
        drinks = (*drinks, Drunk(at=at, milli=command.standard_drinks_milli))
    since = counted_from(day_start_of(draft), draft.now)
    draft.notes = evolve(
        notes,
        orders=notes.orders + 1,
        plays=notes.plays + command.plays,
        acted_at=max(at, notes.acted_at or at),
        spent_minor=notes.spent_minor + command.total_minor,
        drinks=taken_together((d for d in drinks if d.at >= since), SESSION_DRINKS_MAX),
    )
    if command.standard_drinks_milli > 0 and session.status is not SessionStatus.CLOSING:
        keep_pace(draft, state)
    return draft.outcome()


def drinks_by_window(draft: VisitDraft) -> tuple[int, ...]:
    """Standard drinks in thousandths: of the last 60 and 120 minutes, and of the business day."""
    since = (*(draft.now - window for window in PACE_WINDOWS), day_start_of(draft))
    return tuple(
        sum(drink.milli for drink in draft.notes.drinks if drink.at >= start) for start in since
    )
