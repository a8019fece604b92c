"""A visit that was settled and ended earlier than was known: what it cost too much goes back.

It goes back by a mirror on the open day, and a receipt of its own says so; the first one stays as
it was issued (Rule 12).
"""

from __future__ import annotations

import attrs

from actors.account.receipts import visit_receipt
from actors.account.state import AccountState
from actors.account.visit_limits import time_less
from actors.account.voiding import Correction, give_back_excess, time_of
from actors.account.wallet import wallet_of
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Send
from protocol.addresses import ActorKind, Address
from protocol.internal.shortening import ShortenVisit, VisitShortened


@decides(ShortenVisit)
def decide_shorten_visit(state: AccountState, command: ShortenVisit, context: Context) -> Decision:
    """Give back what is not owed any more; nothing in it can refuse."""
    wallet = wallet_of(state, context, venue_id=command.venue_id, currency=command.currency)
    before_minor = sum(row.amount_minor for row in time_of(state, command.session_id))
    correction = Correction(
        session_id=command.session_id,
        owed_minor=command.owed_minor,
        days=(),
        tax_bp=command.tax_bp,
        # A visit may be shortened more than once, and each journal has a source of its own.
        source=f"correction:closed:{wallet.ledger_seq + 1}",
    )
    corrected = give_back_excess(state, wallet, correction)
    receipt = visit_receipt(
        command,
        wallet=wallet,
        purchases=filter(state.is_paid, state.purchases_in(command.session_id)),
        time_minor=before_minor - corrected.returned_minor,
        journal_id=corrected.journal_id,
    )
    answer = VisitShortened(
        session_id=command.session_id,
        receipt_id=receipt.id,
        time_minor=receipt.body["time_minor"],
        total_minor=receipt.body["total_minor"],
    )
    outcome = wallet.outcome("correction")
    session = Address(ActorKind.SESSION, command.session_id)
    # What is posted stands, so the session keeps it even if it can't answer after that.
    told = (Send(session, answer, detached=True), *((Send(session, answer),) * context.in_saga))
    return attrs.evolve(
        outcome,
        changes=(*outcome.changes, *time_less(state, command.less_ms)),
        appends=(*outcome.appends, receipt),
        sends=(*told, *corrected.sends),
    )
