"""Confirming an address: codes of six digits, ten minutes, five tries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from actors.account.verification import decide_apply_verification
from actors.rules.credentials import SPENT, digest_of_secret
from actors.runtime.outcome import Decision, Outcome, Send
from protocol.addresses import OUTSIDE, identity_of
from protocol.errors import Code
from protocol.internal.people import ApplyVerification, EmailConfirmed, SendNotice
from protocol.operations.auth import Confirms, VerifyEmail
from protocol.records.states import AuthTokenKind
from protocol.records.users import AuthToken, User
from tests.actors.account.people import (
    ACCOUNT,
    EMAIL,
    MINUTE,
    a_token,
    a_user,
    an_account,
    changed_user,
)
from tests.actors.deciding import NOW, a_context, accepted, after, refused_with

CODE = AuthTokenKind.EMAIL_VERIFICATION


def a_code(code: str = "123456", **given: Any) -> AuthToken:
    return a_token(code, CODE, **{"expires_at": NOW + 10 * MINUTE} | given)


def trying(state: Any, code: str, *, later: timedelta = timedelta(0)) -> Decision:
    request = VerifyEmail(email=EMAIL, code=code, new_code="654321")
    context = a_context(ACCOUNT, now=NOW + later)
    return decide_apply_verification(state, ApplyVerification(request=request), context)


def resending(state: Any) -> Outcome:
    request = VerifyEmail(email=EMAIL, resend=True, new_code="654321")
    command = ApplyVerification(request=request)
    return accepted(decide_apply_verification(state, command, a_context(ACCOUNT)))


def test_the_right_code_confirms_the_address_once() -> None:
    """The code is used up with it."""
    state = an_account(a_user(), a_code())
    outcome = accepted(trying(state, "123456", later=10 * MINUTE - timedelta(milliseconds=1)))
    assert changed_user(outcome).email_verified_at is not None
    assert outcome.sends == (Send(identity_of(EMAIL), EmailConfirmed()),)
    assert outcome.reply is None
    after(state, outcome)
    assert trying(state, "123456") is SPENT


def test_a_code_is_over_after_ten_minutes() -> None:
    """Ten minutes, to the millisecond."""
    assert trying(an_account(a_user(), a_code()), "123456", later=10 * MINUTE) is SPENT


def test_after_five_wrong_tries_the_right_code_is_spent_too() -> None:
    """Six digits are a million tries; five of them are no chance. They count for good."""
    state = an_account(a_user(), a_code())
    for tries in range(1, 6):
        decision = trying(state, "000000")
        assert refused_with(decision) is Code.TOKEN_EXPIRED
        assert isinstance(decision, Outcome)
        after(state, decision)
        assert [token.tries for token in state.all(AuthToken)] == [tries]
    assert trying(state, "123456") is SPENT
    assert trying(state, "000000") is SPENT


def test_only_the_newest_code_counts() -> None:
    """Else each new one would give five more tries at the old ones."""
    older = a_code("111111", n=1, created_at=NOW - MINUTE)
    newer = a_code("222222", n=2)
    assert refused_with(trying(an_account(a_user(), older, newer), "111111")) is Code.TOKEN_EXPIRED
    accepted(trying(an_account(a_user(), older, newer), "222222"))


@pytest.mark.parametrize(
    "records",
    [
        (),
        (a_user(),),
        (a_user(email=None), a_code()),
        (a_user(), a_token("123456", AuthTokenKind.PASSWORD_RESET)),
    ],
)
def test_without_a_code_that_was_sent_every_code_is_spent(records: Any) -> None:
    """Nobody there, nothing sent, or a token of another kind: one answer."""
    assert trying(an_account(*records), "123456") is SPENT


def test_another_code_is_sent_and_answers_nobody() -> None:
    """The identity has answered already, the same for everybody."""
    outcome = resending(an_account(a_user(), a_code()))
    (token,) = outcome.changes
    assert isinstance(token, AuthToken)
    assert token.token_hash == digest_of_secret(token.id, "654321")
    (send,) = outcome.sends
    assert (send.target, send.detached) == (OUTSIDE, True)
    assert isinstance(send.command, SendNotice)
    assert send.command.secret == "654321"
    assert outcome.reply is None


@pytest.mark.parametrize(("minutes_ago", "sent"), [((1, 2, 3, 59), False), ((1, 2, 3, 60), True)])
def test_three_more_codes_an_hour_after_the_first(minutes_ago: tuple[int, ...], sent: bool) -> None:
    """Nobody's mailbox is filled by somebody who only knows the address."""
    codes = [a_code(n=n, created_at=NOW - ago * MINUTE) for n, ago in enumerate(minutes_ago)]
    assert resending(an_account(a_user(), *codes)).writes is sent


@pytest.mark.parametrize("records", [(), (a_user(email_verified_at=NOW),), (a_user(email=None),)])
def test_where_nothing_is_to_confirm_nothing_is_sent(records: Any) -> None:
    """Confirmed already, erased, or never founded."""
    assert resending(an_account(*records)) == Outcome()


def test_a_telephone_number_is_confirmed_by_a_code_that_was_sent_to_it() -> None:
    """The code goes to the number alone, and confirms no address and no number that came later."""
    state = an_account(a_user(phone="+81312345678"), a_code())
    ask = VerifyEmail(email=EMAIL, confirms=Confirms.PHONE, resend=True, new_code="654321")
    outcome = accepted(
        decide_apply_verification(state, ApplyVerification(request=ask), a_context(ACCOUNT))
    )
    (send,) = outcome.sends
    assert isinstance(send.command, SendNotice)
    assert (send.command.phone, send.command.email) == ("+81312345678", None)
    after(state, outcome)
    assert refused_with(trying(state, "654321")) is Code.TOKEN_EXPIRED
    given = ApplyVerification(request=ask.evolve(resend=False, code="654321"))
    done = changed_user(accepted(decide_apply_verification(state, given, a_context(ACCOUNT))))
    assert (done.phone_verified_at, done.email_verified_at) == (NOW, None)
    moved = next(iter(state.all(User))).revised(phone="+81387654321")
    after(state, Outcome(changes=(moved,)))
    late = decide_apply_verification(state, given, a_context(ACCOUNT))
    assert refused_with(late) is Code.TOKEN_EXPIRED


@pytest.mark.parametrize("given", [{}, {"phone": "+81312345678", "phone_verified_at": NOW}])
def test_without_a_number_to_confirm_nothing_is_sent(given: dict[str, Any]) -> None:
    """There is none, or it is confirmed."""
    request = VerifyEmail(email=EMAIL, confirms=Confirms.PHONE, resend=True, new_code="654321")
    command = ApplyVerification(request=request)
    state = an_account(a_user(**given))
    assert decide_apply_verification(state, command, a_context(ACCOUNT)) == Outcome()
