"""What a patron sees of themselves as it is now: the wallet, and the visit that is running.

Somebody else's wallet is for management of a venue where that person was a guest, and looking at
it leaves a line in the audit log (Rule 15).
"""

from __future__ import annotations

from uuid import UUID

from actors.account.standing import acts_for_another
from actors.account.state import AccountState
from actors.rules.credentials import digest_of_secret
from actors.rules.giving import GIFT_CODE_AGE_MAX, gift_code_id
from actors.rules.grants import burn_order
from actors.rules.permissions import not_found
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Outcome, Send
from protocol.addresses import ActorKind, Address, Role
from protocol.errors import Code, Refusal
from protocol.internal.visits import DescribeVisit, VisitDescribed
from protocol.operations.sessions import ListActiveSessions
from protocol.operations.transactions import GetCreditBalance
from protocol.records.states import AuthTokenKind
from protocol.records.users import AuthToken
from protocol.replies.sessions import SessionList
from protocol.replies.transactions import CreditBalance, GiftCode, Grant


@decides(GetCreditBalance)
def decide_get_credit_balance(
    state: AccountState, command: GetCreditBalance, context: Context
) -> Decision:
    """Answer the wallet; lots in the order in which they are spent."""
    if not acts_for_another(state, context):
        return _own_wallet(state, command, context)
    looked_from = _refuse_onlooker(state, context)
    if isinstance(looked_from, Refusal):
        return looked_from
    line = audited(context, "credits.read", "user", state.user_id, venue_id=looked_from)
    return Outcome(reply=_balance(state, context), appends=(line,))


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


def _own_wallet(state: AccountState, command: GetCreditBalance, context: Context) -> Outcome:
    """The wallet, with a new code for receiving a gift if one was asked for."""
    if not command.gift_code or command.new_code is None:
        return Outcome(reply=_balance(state, context))
    code_id = gift_code_id(command.new_code)
    token = AuthToken(
        id=code_id,
        user_id=state.user_id,
        kind=AuthTokenKind.TRANSFER_CODE,
        token_hash=digest_of_secret(code_id, command.new_code),
        created_at=context.now,
        expires_at=context.now + GIFT_CODE_AGE_MAX,
    )
    earlier = (one for one in state.all(AuthToken) if one.kind is AuthTokenKind.TRANSFER_CODE)
    shown = GiftCode(code=command.new_code, expires_at=token.expires_at)
    return Outcome(reply=_balance(state, context, shown), changes=(token,), removes=tuple(earlier))


def _balance(
    state: AccountState, context: Context, gift_code: GiftCode | None = None
) -> CreditBalance:
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
        gift_code=gift_code,
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
