"""Refusals of service go to the safety register, whoever was refused and why (Rule 7)."""

from __future__ import annotations

from typing import Final

from actors.rules.safety_register import LogKind, register_line
from actors.runtime.outcome import Context, Decision, Outcome
from actors.venue.state import VenueState
from protocol.errors import Code, Refusal
from protocol.internal.orders import Buyer

OF_SERVICE: Final = frozenset({Code.ALCOHOL_REFUSED, Code.AGE_UNVERIFIED, Code.QUANTITY_LIMIT})
"""Refusals of alcohol. All others are about prices, stock and hours."""


def noted(state: VenueState, refusal: Refusal, buyer: Buyer, context: Context) -> Decision:
    """The refusal of an order, with its line in the register if it was one of service."""
    if refusal.code not in OF_SERVICE:
        return refusal
    principal = context.principal
    line = register_line(
        context.fresh_id,
        LogKind.REFUSAL,
        venue_id=state.venue_id,
        session_id=buyer.session_id,
        user_id=buyer.user_id,
        by_user=None if principal is None else principal.user_id,
        received_at=context.now,
        level=buyer.safety_level,
        notes=refusal.code.value,
    )
    return Outcome(reply=refusal, appends=(line,))
