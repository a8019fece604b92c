"""Whether an e-mail address reaches its owner: codes of six digits, ten minutes, five tries."""

from __future__ import annotations

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
from protocol.records.states import AuthTokenKind
from protocol.records.users import AuthToken, User


def new_code(user: User, code: str, context: Context) -> tuple[AuthToken, Send]:
    """A code's row, and the message that takes it to the person."""
    id_ = context.fresh_id()
    token = AuthToken(
        id=id_,
        user_id=user.id,
        kind=AuthTokenKind.EMAIL_VERIFICATION,
        token_hash=digest_of_secret(id_, code),
        created_at=context.now,
        expires_at=context.now + CODE_AGE_MAX,
    )
    notice = SendNotice(
        user_id=user.id,
        kind=AuthTokenKind.EMAIL_VERIFICATION.value,
        email=user.email,
        subject="Your code for Last Light",
        text="This code confirms your address. It is good for ten minutes.",
        secret=code,
    )
    return token, Send(OUTSIDE, notice, detached=True)


@decides(ApplyVerification)
def decide_apply_verification(
    state: AccountState, command: ApplyVerification, context: Context
) -> Decision:
    """Confirm the address with the newest code, or send another one."""
    request, user = command.request, state.first(User)
    if user is not None and (user.email or "").lower() != request.email.lower():
        # The account has another address by now.
        user = None
    if request.resend:
        return _resend(state, user, request.new_code, context)
    token = _newest(state)
    if user is None or user.email is None or token is None or request.code is None:
        return SPENT
    spent = token.used_at is not None or context.now >= token.expires_at
    if spent or token.tries >= CODE_TRIES_MAX:
        return SPENT
    if token.token_hash != digest_of_secret(token.id, request.code):
        return Outcome(reply=SPENT, changes=(token.revised(tries=token.tries + 1),))
    return Outcome(
        changes=(
            user.revised(email_verified_at=context.now),
            token.revised(used_at=context.now),
        ),
        sends=(Send(identity_of(request.email), EmailConfirmed()),),
    )


def _resend(state: AccountState, user: User | None, code: str | None, context: Context) -> Outcome:
    """Send a new code, unless there is nothing to confirm or it was asked for too often."""
    assert code is not None, "the code is made before the mailbox"
    earlier = (token.created_at for token in _codes(state))
    confirmed = user is None or user.email is None or user.email_verified_at is not None
    # One more than may be asked for: the first came unasked.
    most = SENT_PER_HOUR_MAX + 1
    if user is None or confirmed or refuse_sending(earlier, context.now, most=most):
        return Outcome()
    token, notice = new_code(user, code, context)
    return Outcome(changes=(token,), sends=(notice,))


def _codes(state: AccountState) -> list[AuthToken]:
    kind = AuthTokenKind.EMAIL_VERIFICATION
    return [token for token in state.all(AuthToken) if token.kind is kind]


def _newest(state: AccountState) -> AuthToken | None:
    return max(_codes(state), key=lambda token: (token.created_at, token.id), default=None)
