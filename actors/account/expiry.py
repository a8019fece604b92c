"""Bonus credit ends by itself; paid credit never does (Rules 4 and 9).

The timer is set wherever lots change (see `wallet`), so here is only what happens when it fires.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

import attrs

from actors.account.lot_timers import BONUS_EXPIRY
from actors.account.state import AccountState, first_expiry
from actors.account.wallet import wallet_of
from actors.account.write_offs import lots_of_one_venue, write_off
from actors.rules import journals
from actors.rules.grants import expired
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, SetTimer
from protocol.internal.wallet import ExpireBonus
from protocol.records.money import CreditGrant


@decides(ExpireBonus)
def decide_expire_bonus(state: AccountState, command: ExpireBonus, context: Context) -> Decision:
    """Write off what is left of ended lots, venue by venue: a journal is in one venue's books."""
    ended = lots_of_one_venue(lot for lot in state.all(CreditGrant) if expired([lot], context.now))
    if ended is None:
        return Outcome(timers=_next_time(_by_id(state.all(CreditGrant))))
    # One venue a step: the timer comes again for the others, as their lots have ended too.
    venue_id, currency, lots = ended
    wallet = wallet_of(state, context, venue_id=venue_id, currency=currency)
    parts = expired(lots, context.now)
    amount_minor = sum(part.amount_minor for part in parts)
    transaction = write_off(wallet, amount_minor, "bonus_expired")
    for lot in lots:
        wallet.put(lot.evolve(remaining_minor=0))
    draft = journals.expire_bonus(
        user_id=state.user_id, venue_id=venue_id, parts=parts, source="bonus_expired"
    )
    wallet.post_for(transaction, draft, amount_minor=-amount_minor)
    return attrs.evolve(
        wallet.outcome("bonus_expired"),
        timers=_next_time({**_by_id(state.all(CreditGrant)), **wallet.lots}),
    )


def _by_id(lots: Iterable[CreditGrant]) -> dict[UUID, CreditGrant]:
    return {lot.id: lot for lot in lots}


def _next_time(lots: Mapping[UUID, CreditGrant]) -> tuple[SetTimer, ...]:
    """The timer that fired is spent, so it is set anew even for the very same time."""
    due = first_expiry(lots)
    return () if due is None else (SetTimer(BONUS_EXPIRY, due, ExpireBonus()),)
