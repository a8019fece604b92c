"""Signing in by address: everything here answers the same whether the address is known or not.

What an account has to decide is sent on to it. Where the answer can't depend on the account, it is
given at once, so that its time tells nothing either. Nothing is written for an unknown address.
"""

from __future__ import annotations

from actors.identity.state import IdentityState
from actors.rules.credentials import SPENT, WRONG_CREDENTIALS
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Outcome, Send
from protocol.addresses import Address
from protocol.commands import Command
from protocol.errors import Code, FieldError, Refusal
from protocol.internal.people import (
    ApplyReset,
    ApplyVerification,
    EmailConfirmed,
    PasswordSet,
    SignedInAs,
    SignIn,
    StartReset,
)
from protocol.operations.auth import LogIn, RequestPasswordReset, ResetPassword, VerifyEmail
from protocol.replies.auth import EmailVerified
from protocol.replies.base import Done

_CODE_MISSING = Refusal(
    Code.VALIDATION_FAILED,
    "send the code that you were sent, or resend: true to be sent a new one",
    errors=(FieldError("/code", "required", "a code of six digits, unless resend is true"),),
)


@decides(LogIn)
def decide_log_in(state: IdentityState, command: LogIn, context: Context) -> Decision:
    """Have the account judge what the gateway found; an unknown address is a wrong password."""
    assert command.verdict is not None, "the password is checked before the mailbox"
    assert not command.password, "the password stays outside"
    account = state.account
    return WRONG_CREDENTIALS if account is None else _asking(account, SignIn(request=command))


@decides(SignedInAs)
def decide_signed_in(state: IdentityState, command: SignedInAs, context: Context) -> Decision:
    """Answer the login."""
    return Outcome(reply=command.answer if context.in_saga else None)


@decides(RequestPasswordReset)
def decide_request_reset(
    state: IdentityState, command: RequestPasswordReset, context: Context
) -> Decision:
    """Answer at once; the account sends the token, if there is one."""
    return _answering(Done(), state.account, StartReset(request=command))


@decides(ResetPassword)
def decide_reset_password(
    state: IdentityState, command: ResetPassword, context: Context
) -> Decision:
    """Have the account look at the token."""
    account = state.account
    return SPENT if account is None else _asking(account, ApplyReset(request=command))


@decides(PasswordSet)
def decide_password_set(state: IdentityState, command: PasswordSet, context: Context) -> Decision:
    """Answer the reset."""
    return Outcome(reply=Done() if context.in_saga else None)


@decides(VerifyEmail)
def decide_verify_email(state: IdentityState, command: VerifyEmail, context: Context) -> Decision:
    """Have the account look at the code, or send another."""
    account = state.account
    if command.resend:
        return _answering(
            EmailVerified(verified=False), account, ApplyVerification(request=command)
        )
    if command.code is None:
        return _CODE_MISSING
    return SPENT if account is None else _asking(account, ApplyVerification(request=command))


@decides(EmailConfirmed)
def decide_email_confirmed(
    state: IdentityState, command: EmailConfirmed, context: Context
) -> Decision:
    """Answer the code."""
    return Outcome(reply=EmailVerified(verified=True) if context.in_saga else None)


def _asking(account: Address, command: Command) -> Outcome:
    return Outcome(reply=LATER, sends=(Send(account, command),))


def _answering(reply: object, account: Address | None, command: Command) -> Outcome:
    sends = () if account is None else (Send(account, command, detached=True),)
    return Outcome(reply=reply, sends=sends)
