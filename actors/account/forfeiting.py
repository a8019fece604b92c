"""Credit that is given up when its account ends: it leaves the wallet by a journal (Rule 9, L8).

Paid credit becomes revenue of the venue where it was paid in, bonus goes back to what promised it.
"""

from __future__ import annotations

from typing import Final

from actors.account.state import AccountState
from actors.account.wallet import wallet_of
from actors.account.write_offs import lots_of_one_venue, write_off
from actors.rules import journals
from actors.rules.journals import Sale
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from protocol.internal.accounts import GiveUpLeft
from protocol.records.money import CreditGrant
from protocol.records.money_states import CreditSource
from protocol.records.values import HoldSource

FORFEITED: Final = "forfeited"
"""The kind of revenue that it is."""


@decides(GiveUpLeft)
def decide_give_up_left(state: AccountState, command: GiveUpLeft, context: Context) -> Decision:
    """What a bank or a late word brought into the wallet of nobody leaves it again.

    One venue's books a step: while anything is left, moving credit sets the timer again.
    """
    return (forfeit_one(state, context) if state.is_erased else None) or Outcome()


def forfeit_one(state: AccountState, context: Context) -> Outcome | None:
    """Empty the lots of one venue and currency; None if nothing is left anywhere."""
    found = lots_of_one_venue(lot for lot in state.all(CreditGrant) if lot.remaining_minor > 0)
    if found is None:
        return None
    venue_id, currency, given_up = found
    wallet = wallet_of(state, context, venue_id=venue_id, currency=currency)
    transaction = write_off(wallet, sum(lot.remaining_minor for lot in given_up), FORFEITED)
    for source in CreditSource:
        parts = tuple(
            HoldSource(grant_id=lot.id, amount_minor=lot.remaining_minor, source=lot.source.value)
            for lot in given_up
            if lot.source is source
        )
        minor = sum(part.amount_minor for part in parts)
        if source is CreditSource.PAID:
            sale = Sale(revenue_kind=FORFEITED, gross_minor=minor, tax_minor=0)
            draft = journals.purchase(
                user_id=state.user_id,
                venue_id=venue_id,
                sales=(sale,) if minor else (),
                parts=parts,
                source=f"{FORFEITED}:paid",
            )
        else:
            draft = journals.expire_bonus(
                user_id=state.user_id,
                venue_id=venue_id,
                parts=parts,
                source=f"{FORFEITED}:bonus",
            )
        if minor:
            wallet.post_for(transaction, draft, amount_minor=-minor)
    for lot in given_up:
        wallet.put(lot.evolve(remaining_minor=0))
    return wallet.outcome(FORFEITED)
