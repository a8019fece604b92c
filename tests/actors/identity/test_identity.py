"""The identity actor: one account for an address, and nothing to learn about who has one."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from actors.identity.behaviour import IDENTITY
from actors.identity.registering import (
    decide_account_founded,
    decide_find_user,
    decide_free_identity,
    decide_register,
)
from actors.identity.signing_in import (
    decide_email_confirmed,
    decide_log_in,
    decide_password_set,
    decide_request_reset,
    decide_reset_password,
    decide_signed_in,
    decide_verify_email,
)
from actors.identity.state import IdentityState
from actors.rules.credentials import SPENT, WRONG_CREDENTIALS
from actors.runtime.outcome import LATER, Context, Outcome, Send
from protocol.addresses import ActorKind, Address, identity_of
from protocol.errors import Code
from protocol.internal.people import (
    AccountFounded,
    ApplyReset,
    ApplyVerification,
    EmailConfirmed,
    FindUser,
    FoundAccount,
    FreeIdentity,
    PasswordSet,
    SignedInAs,
    SignIn,
    StartReset,
    TokensDue,
    UserFound,
)
from protocol.operations.auth import (
    LogIn,
    RegisterUser,
    RequestPasswordReset,
    ResetPassword,
    VerifyEmail,
)
from protocol.records.runtime import Identity
from protocol.replies.auth import EmailVerified
from protocol.replies.base import Done
from protocol.values import Verdict
from tests.actors.deciding import NOW, a_context, accepted, after, filled, refused, refused_with

EMAIL = "Someone@Example.org"
HERE = identity_of(EMAIL)
USER = UUID(int=0xA1)
ACCOUNT = Address(ActorKind.ACCOUNT, USER)
DUE = TokensDue(
    user_id=USER,
    display_name="Somebody",
    role_grants={},
    token_version=1,
    family_id=UUID(int=7),
    generation=0,
    at=NOW,
)


def context(*, in_saga: bool = True) -> Context:
    return a_context(HERE, in_saga=in_saga)


def nobody() -> IdentityState:
    return IdentityState(HERE)


def somebody() -> IdentityState:
    row = Identity(id=HERE.id, email=EMAIL.lower(), user_id=USER)
    return filled(IdentityState(HERE), [row])


def a_registration(**given: Any) -> RegisterUser:
    made: dict[str, Any] = {
        "email": EMAIL,
        "password": "",
        "display_name": "Somebody",
        "birth_date": date(2000, 1, 1),
        "password_hash": "a hash",
        "code": "123456",
    }
    return RegisterUser(**made | given)


def a_login() -> LogIn:
    return LogIn(email=EMAIL, password="", verdict=Verdict.PASSWORD, credentials_version=1)


def test_a_registration_takes_the_address_and_founds_the_account() -> None:
    """Section 7: the address is decided here, so of two registrations one wins."""
    outcome = accepted(decide_register(nobody(), a_registration(), context()))
    (taken,) = outcome.changes
    assert isinstance(taken, Identity)
    assert (taken.id, taken.email, taken.version) == (HERE.id, "someone@example.org", 1)
    (send,) = outcome.sends
    assert send == Send(
        Address(ActorKind.ACCOUNT, taken.user_id),
        FoundAccount(user_id=taken.user_id, request=a_registration()),
        undo=FreeIdentity(),
        fresh=True,
    )
    assert outcome.reply is LATER


def test_a_taken_address_is_refused_however_it_is_written() -> None:
    """`lower(email)` is the key: capitals make no second account."""
    assert identity_of("SOMEONE@example.ORG") == HERE
    refusal = refused_with(decide_register(somebody(), a_registration(), context()))
    assert refusal is Code.EMAIL_TAKEN


def test_taking_back_a_registration_frees_the_address() -> None:
    """An account may refuse by age; the address must be free for its owner's elder."""
    state = nobody()
    after(state, accepted(decide_register(state, a_registration(), context())))
    assert list(state) != []
    after(state, accepted(decide_free_identity(state, FreeIdentity(), context(in_saga=False))))
    assert not state.exists
    again = accepted(decide_free_identity(state, FreeIdentity(), context(in_saga=False)))
    assert again == Outcome()


def test_a_password_never_enters_the_mailbox() -> None:
    """Journals and dead letters keep commands; a password in one would be stored in clear."""
    with pytest.raises(AssertionError, match="stays outside"):
        decide_register(nobody(), a_registration(password="secret secret"), context())
    open_login = LogIn(email=EMAIL, password="secret secret", verdict=Verdict.PASSWORD)
    with pytest.raises(AssertionError, match="stays outside"):
        decide_log_in(somebody(), open_login, context())


def test_the_gateway_finds_the_user_behind_an_address() -> None:
    """It needs the account whose hash the password is checked against."""
    found = accepted(decide_find_user(somebody(), FindUser(), context()))
    assert found == Outcome(reply=UserFound(user_id=USER))
    assert refused_with(decide_find_user(nobody(), FindUser(), context())) is Code.NOT_FOUND


def test_a_login_is_judged_by_the_account() -> None:
    """The account counts failures and opens families; the identity only knows whose it is."""
    outcome = accepted(decide_log_in(somebody(), a_login(), context()))
    assert outcome == Outcome(reply=LATER, sends=(Send(ACCOUNT, SignIn(request=a_login())),))


def test_an_unknown_address_is_refused_as_a_wrong_password_and_leaves_no_trace() -> None:
    """Nobody learns who has an account, and nobody fills the tables by guessing."""
    assert refused(decide_log_in(nobody(), a_login(), context())) is WRONG_CREDENTIALS


def test_asking_for_a_reset_answers_the_same_and_at_once_for_anybody() -> None:
    """The contract: always 202, whether or not the address exists; its time tells nothing too."""
    command = RequestPasswordReset(email=EMAIL, secret="a secret")
    unknown = accepted(decide_request_reset(nobody(), command, context()))
    known = accepted(decide_request_reset(somebody(), command, context()))
    assert unknown == Outcome(reply=Done())
    assert known == Outcome(
        reply=Done(), sends=(Send(ACCOUNT, StartReset(request=command), detached=True),)
    )


def test_a_reset_by_token_is_judged_by_the_account() -> None:
    """A token for an address that nobody has is a spent one."""
    command = ResetPassword(new_password="", token="a token", password_hash="new hash")
    outcome = accepted(decide_reset_password(somebody(), command, context()))
    assert outcome == Outcome(reply=LATER, sends=(Send(ACCOUNT, ApplyReset(request=command)),))
    assert refused(decide_reset_password(nobody(), command, context())) is SPENT


def test_a_code_is_judged_by_the_account() -> None:
    """A code for an address that nobody has is a spent one."""
    command = VerifyEmail(email=EMAIL, code="123456", new_code="654321")
    outcome = accepted(decide_verify_email(somebody(), command, context()))
    asked = Send(ACCOUNT, ApplyVerification(request=command))
    assert outcome == Outcome(reply=LATER, sends=(asked,))
    assert refused(decide_verify_email(nobody(), command, context())) is SPENT


def test_asking_for_another_code_answers_the_same_for_anybody() -> None:
    """Else the answer would tell who has an account."""
    command = VerifyEmail(email=EMAIL, resend=True, new_code="654321")
    unknown = accepted(decide_verify_email(nobody(), command, context()))
    known = accepted(decide_verify_email(somebody(), command, context()))
    assert unknown.reply == known.reply == EmailVerified(verified=False)
    assert unknown.sends == ()
    assert known.sends == (Send(ACCOUNT, ApplyVerification(request=command), detached=True),)


@pytest.mark.parametrize("state", [nobody(), somebody()])
def test_neither_code_nor_resend_is_invalid(state: IdentityState) -> None:
    """There is nothing to do, and the answer must not depend on who is asked about."""
    refusal = refused(decide_verify_email(state, VerifyEmail(email=EMAIL, new_code="1"), context()))
    assert refusal.code is Code.VALIDATION_FAILED
    assert [error.pointer for error in refusal.errors] == ["/code"]


def test_answers_of_the_account_answer_the_caller_if_anybody_waits() -> None:
    """After a crash nobody does, and a reply to nobody would be a bug."""
    decisions = [
        (decide_account_founded, AccountFounded(answer=DUE), DUE),
        (decide_signed_in, SignedInAs(answer=DUE), DUE),
        (decide_password_set, PasswordSet(), Done()),
        (decide_email_confirmed, EmailConfirmed(), EmailVerified(verified=True)),
    ]
    for decide, command, reply in decisions:
        told: Any = decide
        assert told(somebody(), command, context()) == Outcome(reply=reply)
        assert told(somebody(), command, context(in_saga=False)) == Outcome()


def test_an_operator_sees_no_address() -> None:
    """A snapshot is read by people who need not know who comes here."""
    assert IDENTITY.masked(somebody()) == {"taken": True}
    assert IDENTITY.masked(nobody()) == {"taken": False}
