"""What a patron sees of themselves as it is now: the wallet, and the visit that is running.

Somebody else's wallet is for management of a venue where that person was a guest, and looking at
it leaves a line in the audit log (Rule 15).
"""

from __future__ import annotations

from uuid import UUID

from actors.account.standing import acts_for_another
from actors.account.state import AccountState
from actors.rules.grants import burn_order
from actors.rules.permissions import not_found
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Outcome, Send
from protocol.addresses import ActorKind, Address, Role
from protocol.errors import Code, Refusal
from protocol.internal.visits import DescribeVisit, VisitDescribed
from protocol.operations.sessions import ListActiveSessions
from protocol.operations.transactions import GetCreditBalance
from protocol.records.platform import AuditEntry
from protocol.replies.sessions import SessionList
from protocol.replies.transactions import CreditBalance, Grant


@decides(GetCreditBalance)
def decide_get_credit_balance(
    state: AccountState, command: GetCreditBalance, context: Context
) -> Decision:
    """Answer the wallet; lots in the order in which they are spent."""
    if not acts_for_another(state, context):
        return Outcome(reply=_balance(state, context))
    looked_from = _refuse_onlooker(state, context)
    if isinstance(looked_from, Refusal):
        return looked_from
    return Outcome(
        reply=_balance(state, context), appends=(_looked_at(state, context, looked_from),)
    )


@decides(ListActiveSessions)
def decide_list_active_sessions(
    state: AccountState, command: ListActiveSessions, context: Context
) -> Decision:
    """Ask the open session how it stands; without one the list is empty."""
    visit = state.visit
    if visit is None:
        return Outcome(reply=SessionList(items=()))
    asked = Send(
        Address(ActorKind.SESSION, visit.session_id), DescribeVisit(session_id=visit.session_id)
    )
    return Outcome(reply=LATER, sends=(asked,))


@decides(VisitDescribed)
def decide_visit_described(
    state: AccountState, command: VisitDescribed, context: Context
) -> Decision:
    """Answer with what the session said of itself; it may be over by now."""
    return Outcome(reply=SessionList(items=() if command.summary is None else (command.summary,)))


def _balance(state: AccountState, context: Context) -> CreditBalance:
    stored = state.main_credits()
    lots = state.lots(stored.currency).values()
    return CreditBalance(
        user_id=state.user_id,
        currency=stored.currency,
        available_minor=state.available_minor(stored.currency, context.now),
        held_minor=stored.held_minor,
        paid_minor=stored.paid_minor,
        bonus_minor=stored.bonus_minor,
        grants=tuple(
            Grant(
                grant_id=lot.id,
                source=lot.source,
                amount_minor=lot.amount_minor,
                remaining_minor=lot.remaining_minor,
                priority=lot.priority,
                expires_at=lot.expires_at,
            )
            for lot in burn_order(lots)
            if lot.remaining_minor > 0
        ),
        ledger_seq=stored.ledger_seq,
        version=stored.version,
    )


def _refuse_onlooker(state: AccountState, context: Context) -> UUID | Refusal | None:
    """The venue from which management may look at this wallet; None if from everywhere."""
    principal = context.principal
    assert principal is not None, "a command of the contract has a principal"
    if principal.everywhere >= Role.MANAGEMENT:
        return None
    for venue_id in sorted(state.venues):
        if principal.role_at(venue_id) >= Role.MANAGEMENT:
            return venue_id
    if principal.role_at(None) is Role.STAFF:
        return Refusal(Code.FORBIDDEN, "wallets of others are shown to management and owners only")
    return not_found(f"user {state.user_id}")


def _looked_at(state: AccountState, context: Context, venue_id: UUID | None) -> AuditEntry:
    principal = context.principal
    assert principal is not None
    return AuditEntry(
        id=context.fresh_id(),
        venue_id=venue_id,
        at=context.now,
        actor_id=principal.user_id,
        role=principal.role_at(venue_id).label,
        action="credits.read",
        object_type="user",
        object_id=str(state.user_id),
    )
