"""Coming to be, signing in, and staying signed in: the account's part (Rule 16).

The identity found this account by its address; the gateway has checked the password. What it
found counts only while the hashes are those that it was checked against.
"""

from __future__ import annotations

from typing import Final

from actors.account.credentials import judge_attempt
from actors.account.erasure import cancel_erasure
from actors.account.exclusions import meet_again
from actors.account.families import (
    end_families,
    new_family,
    surplus,
    tokens_due,
)
from actors.account.state import AccountState
from actors.account.verification import new_code
from actors.rules.credentials import WRONG_CREDENTIALS, digest_of_refresh
from actors.rules.password import refuse_age
from actors.rules.token_rotation import (
    REFRESH_TOKEN_AGE_MAX,
    Rotation,
    judge_rotation,
    refuse_rotation,
)
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from protocol.addresses import identity_of
from protocol.commands import Command
from protocol.errors import Code, Refusal
from protocol.internal.people import (
    AccountFounded,
    ApplyReset,
    ApplyVerification,
    CancelFounding,
    FoundAccount,
    FreeIdentity,
    SignedInAs,
    SignIn,
    StartReset,
)
from protocol.operations.auth import RefreshToken
from protocol.records.states import UserStatus
from protocol.records.users import AuthSession, AuthToken, Exclusion, User

FOUNDED_BY: Final[tuple[type[Command], ...]] = (
    FoundAccount,
    SignIn,
    StartReset,
    ApplyReset,
    ApplyVerification,
)
"""The first brings an account to life. The others answer as for an unknown address where their
account is not there: its registration was refused while they were on their way."""


@decides(FoundAccount)
def decide_found_account(state: AccountState, command: FoundAccount, context: Context) -> Decision:
    """Make a patron account and sign it in; a code goes to its address.

    Exclusions that the address had before an erasure hold again (Rule 16).
    """
    request = command.request
    # Nobody knows yet where the person is; the date in UTC is never more than a day off.
    if (refusal := refuse_age(request.birth_date, context.now.date())) is not None:
        return refusal
    user = User(
        id=command.user_id,
        email=request.email,
        password_hash=request.password_hash,
        display_name=request.display_name,
        pseudonym=context.fresh_id(),
        created_at=context.now,
        phone=request.phone,
        birth_date=request.birth_date,
        locale=request.locale,
        terms_version=request.terms_version,
    )
    family = new_family(user.id, request, context)
    assert request.code is not None, "the code is made before the mailbox"
    code, notice = new_code(user, request.code, context)
    answer = AccountFounded(answer=tokens_due(user, family, context.now))
    founded = Outcome(
        changes=(user, family, code),
        sends=(
            Send(
                identity_of(request.email),
                answer,
                undo=CancelFounding() if context.in_saga else None,
                undoes_cause=True,
            ),
            notice,
        ),
    )
    return meet_again(state, founded, before=None, after=request.email, context=context)


@decides(CancelFounding)
def decide_cancel_founding(
    state: AccountState, command: CancelFounding, context: Context
) -> Decision:
    """The identity could not answer: nobody has an account here.

    Only then is the address free. An account that was left behind would keep it from whoever
    registers it next.
    """
    emails = [user.email for user in state.all(User) if user.email is not None]
    kinds = (User, AuthSession, AuthToken, Exclusion)
    return Outcome(
        removes=tuple(row for kind in kinds for row in state.all(kind)),
        sends=tuple(Send(identity_of(email), FreeIdentity()) for email in emails),
    )


@decides(SignIn)
def decide_sign_in(state: AccountState, command: SignIn, context: Context) -> Decision:
    """Open a token family, or count a failure. Refused as locked, wrong, suspended: in this order.

    Who does not know the password learns nothing but that it is wrong, or that it is locked. Who
    comes back within the days of grace of an erasure keeps the account.
    """
    request, now = command.request, context.now
    user = state.first(User)
    if user is None or user.status is UserStatus.ERASED:
        return WRONG_CREDENTIALS
    wrong = judge_attempt(user, request.verdict, request.credentials_version, now)
    if wrong is not None:
        return wrong
    if user.status is UserStatus.SUSPENDED:
        return Refusal(
            Code.ACCOUNT_SUSPENDED, "this account is suspended; ask the management of the venue"
        )
    family = new_family(user.id, request, context)
    ended = end_families(state, surplus(state, now), why="logout", now=now)
    answer = SignedInAs(answer=tokens_due(user, family, now))
    kept = cancel_erasure(state, context)
    return Outcome(
        changes=(family, *ended.changes, *kept.changes),
        removes=ended.removes,
        events=(*ended.events, *kept.events),
        sends=(Send(identity_of(request.email), answer), *kept.sends),
        timers=kept.timers,
    )


@decides(RefreshToken)
def decide_refresh(state: AccountState, command: RefreshToken, context: Context) -> Decision:
    """Rotate; repeat the successor at once after; end the family at any other replay."""
    assert command.family_id is not None, "the token is read before the mailbox"
    assert command.generation is not None, "the token is read before the mailbox"
    user, now = state.first(User), context.now
    family = state.get(AuthSession, command.family_id)
    if user is None or family is None or user.status is not UserStatus.ACTIVE:
        return _dead()
    rotation = judge_rotation(
        shown=command.generation,
        current=family.generation,
        rotated_at=family.rotated_at,
        expires_at=family.expires_at,
        revoked_at=family.revoked_at,
        now=now,
    )
    if rotation is Rotation.REVOKE:
        ended = end_families(state, (family,), why="reuse_detected", now=now)
        return Outcome(
            reply=refuse_rotation(rotation),
            changes=ended.changes,
            removes=ended.removes,
            events=ended.events,
        )
    if (refusal := refuse_rotation(rotation)) is not None:
        return refusal
    if rotation is Rotation.REPEAT:
        return Outcome(reply=tokens_due(user, family, now))
    following = _rotated(family, command, context)
    return Outcome(reply=tokens_due(user, following, now), changes=(following,))


def _rotated(family: AuthSession, command: RefreshToken, context: Context) -> AuthSession:
    n = family.generation + 1
    return family.revised(
        generation=n,
        token_hash=digest_of_refresh(family.family_id, n),
        prev_token_hash=family.token_hash,
        rotated_at=context.now,
        expires_at=context.now + REFRESH_TOKEN_AGE_MAX,
        ip=command.client_address,
        user_agent=command.user_agent,
    )


def _dead() -> Refusal:
    refusal = refuse_rotation(Rotation.DEAD)
    assert refusal is not None
    return refusal
