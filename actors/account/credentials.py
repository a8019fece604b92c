"""Password and PIN: who may try them, what proves them again, and how they are replaced (Rule 16).

The hashes leave the account only to the gateway that checks them. A failure counts whatever was
tried, so that no way in is slower to lock than another.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import attrs

from actors.account.families import end_families, live_families, live_family, tokens_due
from actors.account.state import AccountState
from actors.rules.credentials import (
    CHANGED_MEANWHILE,
    RESET_AGE_MAX,
    SPENT,
    WRONG_CREDENTIALS,
    credentials_version,
    digest_of_secret,
    refuse_sending,
)
from actors.rules.password import refuse_login, with_failure
from actors.rules.token_rotation import ELEVATION
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from protocol.addresses import OUTSIDE, ActorKind, Address, identity_of
from protocol.errors import Code, FieldError, Refusal
from protocol.internal.people import (
    ApplyReset,
    Credentials,
    PasswordSet,
    ReadCredentials,
    SendNotice,
    StartReset,
)
from protocol.operations.auth import ResetPassword, StepUp
from protocol.operations.safety import RaiseSos
from protocol.records.states import AuthTokenKind, UserStatus
from protocol.records.users import AuthSession, AuthToken, User
from protocol.replies.base import Done
from protocol.values import Verdict

_FAMILY_OVER: Final = Refusal(Code.UNAUTHENTICATED, "this login has ended; sign in again")
_NOTHING_TO_CHECK: Final = Refusal(
    Code.VALIDATION_FAILED,
    "send the password or the PIN to prove who you are",
    errors=(FieldError("/password", "required", "the password, or a PIN of six digits"),),
)
_NO_PROOF: Final = Refusal(
    Code.VALIDATION_FAILED,
    "send the token that you were sent, or your current password",
    errors=(FieldError("/current_password", "required", "unless there is a token"),),
)


def version_of(user: User) -> int:
    """Which password and PINs the account has now; see `credentials_version`."""
    return credentials_version(user.password_hash, user.pin_hash, user.duress_pin_hash)


def judge_attempt(
    user: User, verdict: Verdict | None, checked_version: int | None, now: datetime
) -> Decision | None:
    """Why an attempt does not count as proof, or None if it does. A wrong one is counted."""
    assert verdict is not None, "password and PIN are checked before the mailbox"
    if (locked := refuse_login(user.failed_logins, now)) is not None:
        return locked
    if checked_version != version_of(user):
        return CHANGED_MEANWHILE
    if verdict is Verdict.WRONG:
        counted = user.revised(failed_logins=with_failure(user.failed_logins, now))
        return Outcome(reply=WRONG_CREDENTIALS, changes=(counted,))
    return None


@decides(ReadCredentials)
def decide_read_credentials(
    state: AccountState, command: ReadCredentials, context: Context
) -> Decision:
    """Tell the gateway, and only it, what to check against."""
    user = state.user
    return Outcome(
        reply=Credentials(
            user_id=user.id,
            password_hash=user.password_hash,
            pin_hash=user.pin_hash,
            duress_pin_hash=user.duress_pin_hash,
            credentials_version=version_of(user),
        )
    )


@decides(StepUp)
def decide_step_up(state: AccountState, command: StepUp, context: Context) -> Decision:
    """Elevate the caller's tokens for five minutes.

    Under duress everything is the same but for a silent SOS, of which no answer waits (Rule 8).
    """
    assert context.principal is not None, "a step-up has a principal"
    user, now = state.user, context.now
    family = live_family(state, context.principal.family_id, now)
    if family is None or user.status is not UserStatus.ACTIVE:
        return _FAMILY_OVER
    if command.verdict is None:
        return _NOTHING_TO_CHECK
    wrong = judge_attempt(user, command.verdict, command.credentials_version, now)
    if wrong is not None:
        return wrong
    elevated = family.revised(elevated_until=now + ELEVATION)
    return Outcome(
        reply=tokens_due(user, elevated, now, elevated_until=elevated.elevated_until),
        changes=(elevated,),
        sends=_cries(command) if command.verdict is Verdict.DURESS else (),
    )


def _cries(command: StepUp) -> tuple[Send, ...]:
    return tuple(
        Send(
            Address(ActorKind.VENUE, venue_id),
            RaiseSos(venue_id=venue_id, silent=True),
            detached=True,
            urgent=True,
        )
        for venue_id in command.venue_ids
    )


@decides(ResetPassword)
def decide_reset_own(state: AccountState, command: ResetPassword, context: Context) -> Decision:
    """Replace the password by someone signed in; all other devices are signed out."""
    assert context.principal is not None, "without a token, somebody is signed in"
    user, now = state.user, context.now
    if command.verdict is None:
        return _NO_PROOF
    wrong = judge_attempt(user, command.verdict, command.credentials_version, now)
    if isinstance(wrong, Refusal) and wrong.code is Code.LOGIN_LOCKED:
        # Of this route the contract knows a pace, but no lock.
        return attrs.evolve(wrong, code=Code.RATE_LIMITED)
    if wrong is not None:
        return wrong
    own = live_family(state, context.principal.family_id, now)
    changed = _with_password(state, user, command, context, but=own)
    return attrs.evolve(changed, reply=Done())


@decides(StartReset)
def decide_start_reset(state: AccountState, command: StartReset, context: Context) -> Decision:
    """Send a token that sets a new password. Nobody waits, so nobody learns whether it was sent."""
    user, secret, now = state.first(User), command.request.secret, context.now
    assert secret is not None, "the secret is made before the mailbox"
    earlier = (token.created_at for token in _resets(state))
    if user is None or user.email is None or refuse_sending(earlier, now):
        return Outcome()
    id_ = context.fresh_id()
    token = AuthToken(
        id=id_,
        user_id=user.id,
        kind=AuthTokenKind.PASSWORD_RESET,
        token_hash=digest_of_secret(id_, secret),
        created_at=now,
        expires_at=now + RESET_AGE_MAX,
    )
    notice = SendNotice(
        user_id=user.id,
        kind=AuthTokenKind.PASSWORD_RESET.value,
        email=user.email,
        subject="A new password for Last Light",
        text=(
            f"Whoever has this token may set a new password within {RESET_AGE_MAX // _MINUTE} "
            "minutes. If you did not ask for it, you need do nothing."
        ),
        secret=secret,
    )
    return Outcome(changes=(token,), sends=(Send(OUTSIDE, notice, detached=True),))


@decides(ApplyReset)
def decide_apply_reset(state: AccountState, command: ApplyReset, context: Context) -> Decision:
    """Replace the password by whoever has a good token; every device is signed out."""
    request, now = command.request, context.now
    user = state.first(User)
    assert request.token is not None, "the identity was found by the token"
    token = next(
        (
            token
            for token in _resets(state)
            if token.token_hash == digest_of_secret(token.id, request.token)
        ),
        None,
    )
    spent = token is None or token.used_at is not None or now >= token.expires_at
    if user is None or user.email is None or spent:
        return SPENT
    changed = _with_password(state, user, request, context, but=None)
    return attrs.evolve(changed, sends=(Send(identity_of(user.email), PasswordSet()),))


def _resets(state: AccountState) -> list[AuthToken]:
    kind = AuthTokenKind.PASSWORD_RESET
    return [token for token in state.all(AuthToken) if token.kind is kind]


def _with_password(
    state: AccountState,
    user: User,
    request: ResetPassword,
    context: Context,
    *,
    but: AuthSession | None,
) -> Outcome:
    """The new password, and the end of everything that the old one opened, `but` one family.

    The lock opens, for it guarded the old password. Tokens that were sent are good no more.
    """
    assert request.password_hash is not None, "the password is hashed before the mailbox"
    now = context.now
    others = [family for family in live_families(state, now) if family != but]
    ended = end_families(state, others, why="password_changed", now=now)
    unused = (token for token in _resets(state) if token.used_at is None)
    return Outcome(
        changes=(
            user.revised(password_hash=request.password_hash, failed_logins=()),
            *(token.revised(used_at=now) for token in unused),
            *ended.changes,
        ),
        removes=ended.removes,
        events=ended.events,
    )


_MINUTE: Final = timedelta(minutes=1)
