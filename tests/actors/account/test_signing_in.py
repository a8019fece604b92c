"""An account comes to be, is signed in to, and keeps those out who don't know its password."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.account.behaviour import ACCOUNT as BEHAVIOUR
from actors.account.families import live_families
from actors.account.signing_in import (
    decide_cancel_founding,
    decide_found_account,
    decide_sign_in,
)
from actors.rules.credentials import (
    CHANGED_MEANWHILE,
    WRONG_CREDENTIALS,
    digest_of_refresh,
    digest_of_secret,
)
from actors.runtime.outcome import Outcome, Send
from protocol.addresses import OUTSIDE, identity_of
from protocol.errors import Code
from protocol.internal.people import (
    AccountFounded,
    CancelFounding,
    FoundAccount,
    FreeIdentity,
    SendNotice,
    SignedInAs,
    SignIn,
)
from protocol.limits import AUTH_SESSIONS_MAX
from protocol.records.states import AuthTokenKind, RoleName, UserStatus
from protocol.records.users import AuthSession, AuthToken, User
from protocol.values import Verdict
from tests.actors.account.people import (
    ACCOUNT,
    EMAIL,
    MINUTE,
    USER,
    VENUE,
    a_family,
    a_login,
    a_push,
    a_registration,
    a_user,
    an_account,
    changed_families,
    changed_user,
    failures,
    revocations,
)
from tests.actors.deciding import NOW, a_context, accepted, after, refused, refused_with

IDENTITY = identity_of(EMAIL)


def answer_of(outcome: Outcome) -> Any:
    """What the identity is told to answer."""
    (command,) = (send.command for send in outcome.sends if send.target == IDENTITY)
    assert isinstance(command, AccountFounded | SignedInAs)
    return command.answer


def test_an_account_is_founded_signed_in_and_sent_a_code() -> None:
    """Register is one step for the person: afterwards they are in."""
    outcome = accepted(decide_found_account(an_account(), a_registration(), a_context(ACCOUNT)))
    user, family, code = outcome.changes
    assert isinstance(user, User)
    assert isinstance(family, AuthSession)
    assert isinstance(code, AuthToken)
    assert (user.id, user.email, user.status) == (USER, EMAIL, UserStatus.ACTIVE)
    assert (user.password_hash, user.token_version) == ("hash of the password", 1)
    assert (user.age_verified_at, user.email_verified_at) == (None, None)
    assert family.id == family.family_id
    assert family.token_hash == digest_of_refresh(family.id, 0)
    assert (family.device_id, family.ip, family.user_agent) == ("a phone", "192.0.2.7", "app/1")
    assert family.expires_at == NOW + timedelta(days=7)
    assert code.token_hash == digest_of_secret(code.id, "123456")
    assert (code.kind, code.expires_at) == (
        AuthTokenKind.EMAIL_VERIFICATION,
        NOW + 10 * MINUTE,
    )
    due = answer_of(outcome)
    assert (due.family_id, due.generation, due.at) == (family.id, 0, NOW)
    assert (due.role_grants, due.elevated_until) == ({}, None)
    (notice,) = (send for send in outcome.sends if send.target == OUTSIDE)
    assert notice.detached
    assert isinstance(notice.command, SendNotice)
    assert (notice.command.email, notice.command.secret) == (EMAIL, "123456")
    assert "123456" not in notice.command.text


def test_an_account_that_nobody_heard_of_never_was() -> None:
    """The identity frees the address behind it, so no account may keep it."""
    state = an_account()
    founded = accepted(decide_found_account(state, a_registration(), a_context(ACCOUNT)))
    after(state, founded)
    assert founded.sends[0].undo == CancelFounding()
    assert founded.sends[0].undoes_cause, "or the address could be free, and taken again, before"
    context = a_context(ACCOUNT, in_saga=False)
    undone = accepted(decide_cancel_founding(state, CancelFounding(), context))
    assert {row.primary_key for row in undone.removes} == {
        row.primary_key for row in founded.changes
    }
    assert undone.sends == (Send(founded.sends[0].target, FreeIdentity()),)
    assert decide_cancel_founding(an_account(), CancelFounding(), context) == Outcome()


@pytest.mark.parametrize(
    ("born", "taken"), [(date(2008, 11, 20), True), (date(2008, 11, 21), False)]
)
def test_an_account_is_for_adults(born: date, taken: bool) -> None:
    """On the day of the birthday it is, the day before it is not."""
    command = a_registration(birth_date=born)
    decision = decide_found_account(an_account(), command, a_context(ACCOUNT))
    if taken:
        accepted(decision)
    else:
        assert refused_with(decision) is Code.UNDER_MINIMUM_AGE


def test_a_login_opens_a_family_of_its_own() -> None:
    """Each device has its own family, so one can be signed out without the others."""
    user = a_user(role_grants={str(VENUE): RoleName.STAFF}, token_version=3)
    state = an_account(user, a_family())
    command = a_login(user, device_id="a phone", venue_id=VENUE, client_address="192.0.2.7")
    outcome = accepted(decide_sign_in(state, command, a_context(ACCOUNT)))
    (family,) = changed_families(outcome)
    assert outcome.changes == (family,)
    assert (family.device_id, family.venue_id, family.ip) == ("a phone", VENUE, "192.0.2.7")
    assert (family.generation, family.version) == (0, 1)
    due = answer_of(outcome)
    assert due.role_grants == {str(VENUE): "staff"}
    assert (due.token_version, due.family_id) == (3, family.id)
    assert outcome.sends == (Send(IDENTITY, SignedInAs(answer=due)),)
    assert outcome.reply is None
    after(state, outcome)
    assert len(live_families(state, NOW)) == 2


def test_a_wrong_password_is_counted_and_answered_as_an_unknown_address() -> None:
    """The count must be durable, or a restart would give ten more tries."""
    user = a_user()
    command = a_login(user, Verdict.WRONG)
    decision = decide_sign_in(an_account(user), command, a_context(ACCOUNT))
    assert refused(decision) is WRONG_CREDENTIALS
    assert isinstance(decision, Outcome)
    assert changed_user(decision).failed_logins == (NOW,)
    assert decision.sends == ()


def test_the_tenth_failure_locks_and_the_right_password_does_not_help() -> None:
    """Else a guesser would only have to go on guessing."""
    state, context = an_account(a_user()), a_context(ACCOUNT)
    for _ in range(10):
        decision = decide_sign_in(state, a_login(state.user, Verdict.WRONG), context)
        assert refused_with(decision) is Code.INVALID_CREDENTIALS
        assert isinstance(decision, Outcome)
        after(state, decision)
    for verdict in (Verdict.WRONG, Verdict.PASSWORD):
        refusal = refused(decide_sign_in(state, a_login(state.user, verdict), context))
        assert refusal.code is Code.LOGIN_LOCKED
        assert refusal.retry_after_s == 900
    assert len(state.user.failed_logins) == 10


@pytest.mark.parametrize(
    ("last", "waits_s"),
    [
        (NOW, 360),
        (NOW - 5 * MINUTE, 60),
        (NOW - 6 * MINUTE + timedelta(milliseconds=1), 1),
        (NOW - 6 * MINUTE, None),
    ],
)
def test_the_lock_opens_when_the_oldest_failure_is_15_minutes_past(
    last: Any, waits_s: int | None
) -> None:
    """The window slides; Retry-After says to the second when it has."""
    user = a_user(failed_logins=failures(10, until=last))
    decision = decide_sign_in(an_account(user), a_login(user), a_context(ACCOUNT))
    if waits_s is None:
        accepted(decision)
    else:
        assert refused(decision).retry_after_s == waits_s


def test_a_password_changed_while_it_was_checked_decides_nothing() -> None:
    """The check takes a quarter of a second; an old password must not pass after a reset."""
    old = a_user()
    new = a_user(password_hash="hash of another password")
    for verdict in (Verdict.PASSWORD, Verdict.WRONG):
        decision = decide_sign_in(an_account(new), a_login(old, verdict), a_context(ACCOUNT))
        assert decision is CHANGED_MEANWHILE


def test_other_changes_meanwhile_do_not_matter() -> None:
    """A failure of somebody else raises the row's version, and must not turn the owner away."""
    checked = a_user()
    now = checked.revised(failed_logins=(NOW,), display_name="Renamed")
    accepted(decide_sign_in(an_account(now), a_login(checked), a_context(ACCOUNT)))


def test_a_suspended_account_says_so_only_to_who_knows_the_password() -> None:
    """Refusals in their order: locked, wrong, suspended."""
    user = a_user(status=UserStatus.SUSPENDED)
    context = a_context(ACCOUNT)
    right = decide_sign_in(an_account(user), a_login(user), context)
    assert refused_with(right) is Code.ACCOUNT_SUSPENDED
    wrong = decide_sign_in(an_account(user), a_login(user, Verdict.WRONG), context)
    assert refused_with(wrong) is Code.INVALID_CREDENTIALS
    locked = user.evolve(failed_logins=failures(10))
    refusal = decide_sign_in(an_account(locked), a_login(locked), context)
    assert refused_with(refusal) is Code.LOGIN_LOCKED


def test_an_erased_account_and_one_never_founded_are_unknown() -> None:
    """An erased person is not there; and a login can overtake a registration taken back."""
    erased = a_user(status=UserStatus.ERASED)
    assert (
        decide_sign_in(an_account(erased), a_login(erased), a_context(ACCOUNT)) is WRONG_CREDENTIALS
    )
    missing = decide_sign_in(an_account(), a_login(erased), a_context(ACCOUNT))
    assert missing is WRONG_CREDENTIALS
    assert {FoundAccount, SignIn} <= set(BEHAVIOUR.founded_by)


def test_one_device_too_many_signs_out_the_one_unused_for_longest() -> None:
    """Everything has a bound, and a phone thrown away must not lock out the new one."""
    user = a_user()
    families = [
        a_family(UUID(int=1000 + n), created_at=NOW - timedelta(hours=1, seconds=n))
        for n in range(AUTH_SESSIONS_MAX)
    ]
    oldest = families[-1]
    state = an_account(user, *families, a_push(oldest), a_push(families[0]))
    outcome = accepted(decide_sign_in(state, a_login(user), a_context(ACCOUNT)))
    opened, ended = changed_families(outcome)
    assert opened.revoked_at is None
    assert (ended.id, ended.revoked_at) == (oldest.id, NOW)
    assert outcome.removes == (a_push(oldest),)
    assert revocations(outcome) == [(str(oldest.id), "logout")]
    after(state, outcome)
    assert len(live_families(state, NOW)) == AUTH_SESSIONS_MAX
