"""Whether an e-mail address or a telephone number reaches its owner: codes of six digits, ten
minutes, five tries.

A code is good for what it was sent to and nothing else: another number needs another code.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from actors.account.state import AccountState
from actors.rules.credentials import (
    CODE_AGE_MAX,
    CODE_TRIES_MAX,
    SENT_PER_HOUR_MAX,
    SPENT,
    digest_of_secret,
    refuse_sending,
)
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from protocol.addresses import OUTSIDE, identity_of
from protocol.internal.people import ApplyVerification, EmailConfirmed, SendNotice
from protocol.operations.auth import Confirms
from protocol.records.states import AuthTokenKind
from protocol.records.users import AuthToken, User

_KINDS: Final = {
    Confirms.EMAIL: AuthTokenKind.EMAIL_VERIFICATION,
    Confirms.PHONE: AuthTokenKind.PHONE_VERIFICATION,
}
_UNASKED: Final = {Confirms.EMAIL: 1, Confirms.PHONE: 0}
"""Codes that come without being asked for, with a registration."""


def new_code(
    user: User, code: str, context: Context, confirms: Confirms = Confirms.EMAIL
) -> tuple[AuthToken, Send]:
    """A code's row, and the message that takes it to the person."""
    id_, kind = context.fresh_id(), _KINDS[confirms]
    token = AuthToken(
        id=id_,
        user_id=user.id,
        kind=kind,
        token_hash=digest_of_secret(id_, _sent(user, confirms, code)),
        created_at=context.now,
        expires_at=context.now + CODE_AGE_MAX,
    )
    by_mail = confirms is Confirms.EMAIL
    what = "address" if by_mail else "telephone number"
    notice = SendNotice(
        user_id=user.id,
        kind=kind.value,
        email=user.email if by_mail else None,
        phone=None if by_mail else user.phone,
        subject="Your code for Last Light",
        text=f"This code confirms your {what}. It is good for ten minutes.",
        secret=code,
    )
    return token, Send(OUTSIDE, notice, detached=True)


@decides(ApplyVerification)
def decide_apply_verification(
    state: AccountState, command: ApplyVerification, context: Context
) -> Decision:
    """Confirm the address or number with the newest code, or send another one."""
    request, user = command.request, state.first(User)
    if user is not None and (user.email or "").lower() != request.email.lower():
        # The account has another address by now.
        user = None
    if request.resend:
        return _resend(state, user, request.new_code, request.confirms, context)
    token = _newest(state, request.confirms)
    if user is None or user.email is None or token is None or request.code is None:
        return SPENT
    spent = token.used_at is not None or context.now >= token.expires_at
    if spent or token.tries >= CODE_TRIES_MAX:
        return SPENT
    if token.token_hash != digest_of_secret(token.id, _sent(user, request.confirms, request.code)):
        return Outcome(reply=SPENT, changes=(token.revised(tries=token.tries + 1),))
    return Outcome(
        changes=(
            _confirmed(user, request.confirms, context.now),
            token.revised(used_at=context.now),
        ),
        sends=(Send(identity_of(request.email), EmailConfirmed()),),
    )


def _sent(user: User, confirms: Confirms, code: str) -> str:
    """A code with the number that it went to; an address takes its codes along by itself."""
    return code if confirms is Confirms.EMAIL else f"{user.phone}:{code}"


def _confirmed(user: User, confirms: Confirms, now: datetime) -> User:
    if confirms is Confirms.EMAIL:
        return user.revised(email_verified_at=now)
    return user.revised(phone_verified_at=now)


def _nothing_to_confirm(user: User, confirms: Confirms) -> bool:
    if user.email is None:
        return True
    if confirms is Confirms.EMAIL:
        return user.email_verified_at is not None
    return user.phone is None or user.phone_verified_at is not None


def _resend(
    state: AccountState,
    user: User | None,
    code: str | None,
    confirms: Confirms,
    context: Context,
) -> Outcome:
    """Send a new code, unless there is nothing to confirm or it was asked for too often."""
    assert code is not None, "the code is made before the mailbox"
    if user is None or _nothing_to_confirm(user, confirms):
        return Outcome()
    earlier = (token.created_at for token in _codes(state, confirms))
    most = SENT_PER_HOUR_MAX + _UNASKED[confirms]
    if refuse_sending(earlier, context.now, most=most):
        return Outcome()
    token, notice = new_code(user, code, context, confirms)
    return Outcome(changes=(token,), sends=(notice,))


def _codes(state: AccountState, confirms: Confirms) -> list[AuthToken]:
    return [token for token in state.all(AuthToken) if token.kind is _KINDS[confirms]]


def _newest(state: AccountState, confirms: Confirms) -> AuthToken | None:
    found = _codes(state, confirms)
    return max(found, key=lambda token: (token.created_at, token.id), default=None)
