"""Proving again who is there, and setting a new password."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.account.credentials import (
    decide_apply_reset,
    decide_read_credentials,
    decide_reset_own,
    decide_start_reset,
    decide_step_up,
    version_of,
)
from actors.account.state import AccountState
from actors.rules.credentials import CHANGED_MEANWHILE, SPENT, digest_of_secret
from actors.runtime.outcome import Context, Outcome, Send
from protocol.addresses import OUTSIDE, ActorKind, Address, Role, identity_of
from protocol.errors import Code
from protocol.internal.people import (
    ApplyReset,
    Credentials,
    PasswordSet,
    ReadCredentials,
    SendNotice,
    StartReset,
)
from protocol.operations.auth import RequestPasswordReset, ResetPassword, StepUp
from protocol.operations.safety import RaiseSos
from protocol.records.states import AuthTokenKind, UserStatus
from protocol.records.users import AuthToken
from protocol.replies.base import Done
from protocol.values import Verdict
from tests.actors.account.people import (
    ACCOUNT,
    EMAIL,
    FAMILY,
    MINUTE,
    OTHER_FAMILY,
    VENUE,
    a_family,
    a_push,
    a_token,
    a_user,
    an_account,
    caller,
    changed_families,
    changed_user,
    due,
    failures,
    revocations,
)
from tests.actors.deciding import NOW, a_context, accepted, after, refused, refused_with

RESET = AuthTokenKind.PASSWORD_RESET
SECOND_VENUE = UUID(int=0xB2)


def staff() -> Context:
    return a_context(ACCOUNT, principal=caller(role=Role.STAFF))


def a_step_up(verdict: Verdict | None, **given: Any) -> StepUp:
    made: dict[str, Any] = {
        "credentials_version": version_of(a_user()),
        "venue_ids": (VENUE, SECOND_VENUE),
    }
    return StepUp(verdict=verdict, **made | given)


def a_reset(token: str | None = None, **given: Any) -> ResetPassword:
    made: dict[str, Any] = {
        "new_password": "",
        "token": token,
        "password_hash": "hash of a new password",
        "credentials_version": version_of(a_user()),
    }
    return ResetPassword(**made | given)


def asked() -> StartReset:
    return StartReset(request=RequestPasswordReset(email=EMAIL, secret="a secret"))


def test_the_gateway_reads_the_hashes_and_what_they_are_a_state_of() -> None:
    """The version moves with the hashes only, so failures elsewhere don't spoil a login."""
    user = a_user()
    reply = accepted(
        decide_read_credentials(an_account(user), ReadCredentials(), a_context(ACCOUNT))
    ).reply
    assert reply == Credentials(
        user_id=user.id,
        password_hash="hash of the password",
        pin_hash="hash of the pin",
        duress_pin_hash="hash of the duress pin",
        credentials_version=version_of(user),
    )
    assert version_of(user.revised(failed_logins=(NOW,))) == version_of(user)
    others = [
        a_user(password_hash="x"),
        a_user(pin_hash="x"),
        a_user(duress_pin_hash=None),
        a_user(pin_hash="hash of the duress pin", duress_pin_hash="hash of the pin"),
    ]
    assert len({version_of(one) for one in (user, *others)}) == 5


@pytest.mark.parametrize("verdict", [Verdict.PASSWORD, Verdict.PIN])
def test_a_step_up_elevates_for_five_minutes(verdict: Verdict) -> None:
    """Refunds, voids and role changes ask for it; it must end by itself."""
    state = an_account(a_user(), a_family())
    outcome = accepted(decide_step_up(state, a_step_up(verdict), staff()))
    (family,) = changed_families(outcome)
    assert family.elevated_until == NOW + 5 * MINUTE
    told = due(outcome.reply)
    assert (told.elevated_until, told.family_id) == (NOW + 5 * MINUTE, FAMILY)
    assert (outcome.sends, outcome.events) == ((), ())


def test_a_duress_pin_answers_exactly_like_a_pin_and_calls_for_help_in_silence() -> None:
    """Rule 8: who forces somebody sees nothing; everybody else at the venue hears of it.

    Rule 8 duress.
    """
    state = an_account(a_user(), a_family())
    free = accepted(decide_step_up(state, a_step_up(Verdict.PIN), staff()))
    forced = accepted(decide_step_up(state, a_step_up(Verdict.DURESS), staff()))
    assert (forced.reply, forced.changes, forced.events) == (free.reply, free.changes, free.events)
    assert forced.sends == tuple(
        Send(
            Address(ActorKind.VENUE, venue),
            RaiseSos(venue_id=venue, silent=True),
            detached=True,
            urgent=True,
        )
        for venue in (VENUE, SECOND_VENUE)
    )


def test_a_wrong_pin_counts_with_the_passwords_and_locks_with_them() -> None:
    """A PIN has a million values; without one lock for both it would be found out."""
    state = an_account(a_user(failed_logins=failures(9)), a_family())
    decision = decide_step_up(state, a_step_up(Verdict.WRONG), staff())
    assert refused_with(decision) is Code.INVALID_CREDENTIALS
    assert isinstance(decision, Outcome)
    after(state, decision)
    locked = refused(decide_step_up(state, a_step_up(Verdict.DURESS), staff()))
    assert (locked.code, locked.retry_after_s) == (Code.LOGIN_LOCKED, 7 * 60)


def test_a_step_up_needs_something_to_check() -> None:
    """422 and not 401: nothing was wrong, and nothing is counted."""
    state = an_account(a_user(), a_family())
    assert refused_with(decide_step_up(state, a_step_up(None), staff())) is Code.VALIDATION_FAILED
    stale = decide_step_up(state, a_step_up(Verdict.PIN, credentials_version=1), staff())
    assert stale is CHANGED_MEANWHILE


@pytest.mark.parametrize(
    ("user", "family"),
    [
        (a_user(), a_family(revoked_at=NOW)),
        (a_user(), a_family(OTHER_FAMILY)),
        (a_user(status=UserStatus.SUSPENDED), a_family()),
    ],
)
def test_a_login_that_ended_elevates_nobody(user: Any, family: Any) -> None:
    """An access token outlives its family by minutes; it must not become more in them."""
    decision = decide_step_up(an_account(user, family), a_step_up(Verdict.PASSWORD), staff())
    assert refused_with(decision) is Code.UNAUTHENTICATED


def test_a_new_password_signs_out_every_other_device() -> None:
    """Whoever else knew the old one is out; who sits here goes on."""
    own, other = a_family(), a_family(OTHER_FAMILY)
    token = a_token("unused", RESET)
    user = a_user(failed_logins=(NOW,))
    state = an_account(user, own, other, token, a_push(own), a_push(other))
    command = a_reset(verdict=Verdict.PASSWORD)
    outcome = accepted(decide_reset_own(state, command, a_context(ACCOUNT, principal=caller())))
    changed = changed_user(outcome)
    assert (changed.password_hash, changed.failed_logins) == ("hash of a new password", ())
    (ended,) = changed_families(outcome)
    assert (ended.id, ended.revoke_reason) == (OTHER_FAMILY, "password_changed")
    assert revocations(outcome) == [(str(OTHER_FAMILY), "password_changed")]
    assert outcome.removes == (a_push(other),)
    assert token.revised(used_at=NOW) in outcome.changes, "what was sent is good no more"
    assert outcome.reply == Done()


def test_a_new_password_needs_the_current_one() -> None:
    """A phone left on the bar must not cost its owner the account."""
    own = a_context(ACCOUNT, principal=caller())
    user = a_user()
    wrong = decide_reset_own(an_account(user), a_reset(verdict=Verdict.WRONG), own)
    assert refused_with(wrong) is Code.INVALID_CREDENTIALS
    assert isinstance(wrong, Outcome)
    assert changed_user(wrong).failed_logins == (NOW,)
    assert changed_user(wrong).password_hash == user.password_hash
    missing = refused(decide_reset_own(an_account(user), a_reset(), own))
    assert missing.code is Code.VALIDATION_FAILED
    locked = a_user(failed_logins=failures(10))
    paced = refused(decide_reset_own(an_account(locked), a_reset(verdict=Verdict.PASSWORD), own))
    assert (paced.code, paced.retry_after_s) == (Code.RATE_LIMITED, 6 * 60)


def test_a_reset_token_is_kept_as_a_hash_and_sent_out_of_band() -> None:
    """Who reads the table must not be able to set a password."""
    outcome = accepted(decide_start_reset(an_account(a_user()), asked(), a_context(ACCOUNT)))
    (token,) = outcome.changes
    assert isinstance(token, AuthToken)
    assert token.token_hash == digest_of_secret(token.id, "a secret")
    assert token.expires_at == NOW + 30 * MINUTE
    (send,) = outcome.sends
    assert (send.target, send.detached) == (OUTSIDE, True)
    assert isinstance(send.command, SendNotice)
    assert (send.command.email, send.command.secret) == (EMAIL, "a secret")
    assert "30 minutes" in send.command.text
    assert outcome.reply is None


@pytest.mark.parametrize(
    ("minutes_ago", "sent"), [((0, 1, 2), False), ((0, 1, 59), False), ((0, 1, 60), True)]
)
def test_three_reset_tokens_an_hour_and_then_silence(
    minutes_ago: tuple[int, ...], sent: bool
) -> None:
    """Three an hour per account; used ones count, or the bound would be none."""
    tokens = [
        a_token("x", RESET, n=n, created_at=NOW - ago * MINUTE, used_at=NOW)
        for n, ago in enumerate(minutes_ago)
    ]
    state = an_account(a_user(), *tokens)
    outcome = accepted(decide_start_reset(state, asked(), a_context(ACCOUNT)))
    assert outcome.writes is sent


@pytest.mark.parametrize("records", [(), (a_user(email=None, status=UserStatus.ERASED),)])
def test_nothing_is_sent_where_nobody_is(records: Any) -> None:
    """An erased person has no address any more, and one whose registration failed never had."""
    assert decide_start_reset(an_account(*records), asked(), a_context(ACCOUNT)) == Outcome()


def applied(state: AccountState, secret: str, *, later: timedelta = timedelta(0)) -> Any:
    command = ApplyReset(request=a_reset(secret))
    return decide_apply_reset(state, command, a_context(ACCOUNT, now=NOW + later))


def test_a_reset_token_sets_the_password_once_and_signs_everybody_out() -> None:
    """Single use: a mailbox that somebody reads later opens nothing."""
    state = an_account(
        a_user(failed_logins=failures(10)), a_family(), a_family(OTHER_FAMILY), a_token("s", RESET)
    )
    outcome = accepted(applied(state, "s"))
    assert changed_user(outcome).password_hash == "hash of a new password"
    assert changed_user(outcome).failed_logins == (), "the lock guarded the old password"
    assert {family.id for family in changed_families(outcome)} == {FAMILY, OTHER_FAMILY}
    assert {why for _, why in revocations(outcome)} == {"password_changed"}
    assert outcome.sends == (Send(identity_of(EMAIL), PasswordSet()),)
    assert outcome.reply is None
    after(state, outcome)
    assert applied(state, "s") is SPENT


@pytest.mark.parametrize(
    ("token", "later"),
    [
        (a_token("s", RESET), 30 * MINUTE),
        (a_token("s", RESET, used_at=NOW), timedelta(0)),
        (a_token("other", RESET), timedelta(0)),
        (a_token("s", AuthTokenKind.EMAIL_VERIFICATION), timedelta(0)),
    ],
)
def test_a_token_that_is_old_used_wrong_or_of_another_kind_is_spent(
    token: AuthToken, later: timedelta
) -> None:
    """One answer for all, so that a guesser learns nothing."""
    assert applied(an_account(a_user(), token), "s", later=later) is SPENT


def test_a_token_that_reaches_nobody_is_spent() -> None:
    """Its account was erased meanwhile, or never came to be."""
    assert applied(an_account(), "s") is SPENT
    erased = a_user(email=None, status=UserStatus.ERASED)
    assert applied(an_account(erased, a_token("s", RESET)), "s") is SPENT
