"""Signing out, here and elsewhere, and the roles that tokens carry."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from actors.account.devices import decide_list, decide_log_out, decide_revoke
from actors.account.roles import decide_roles_changed
from actors.runtime.outcome import Outcome
from protocol.errors import Code
from protocol.internal.people import RolesChanged
from protocol.operations.auth import ListAuthSessions, LogOut, RevokeAuthSession
from protocol.records.states import RoleName
from protocol.replies.auth import AuthSessions
from protocol.replies.base import Done
from tests.actors.account.people import (
    ACCOUNT,
    FAMILY,
    OTHER_FAMILY,
    VENUE,
    a_family,
    a_push,
    a_user,
    an_account,
    caller,
    changed_families,
    changed_user,
    revocations,
)
from tests.actors.deciding import NOW, a_context, accepted, after, refused_with

OWN = a_context(ACCOUNT, principal=caller())


def test_logging_out_ends_the_own_family_and_forgets_its_pushes() -> None:
    """The other devices go on."""
    own, other = a_family(), a_family(OTHER_FAMILY)
    state = an_account(a_user(), own, other, a_push(own), a_push(other))
    outcome = accepted(decide_log_out(state, LogOut(), OWN))
    (ended,) = changed_families(outcome)
    assert (ended.id, ended.revoked_at, ended.revoke_reason) == (FAMILY, NOW, "logout")
    assert outcome.removes == (a_push(own),)
    assert revocations(outcome) == [(str(FAMILY), "logout")]
    assert outcome.reply == Done()


def test_logging_out_everywhere_ends_every_family() -> None:
    """One event for each, as each closes sockets of its own."""
    own, other = a_family(), a_family(OTHER_FAMILY)
    state = an_account(a_user(), own, other)
    outcome = accepted(decide_log_out(state, LogOut(all_devices=True), OWN))
    assert {family.id for family in changed_families(outcome)} == {FAMILY, OTHER_FAMILY}
    assert {id_ for id_, _ in revocations(outcome)} == {str(FAMILY), str(OTHER_FAMILY)}


@pytest.mark.parametrize("command", [LogOut(), LogOut(all_devices=True)])
def test_logging_out_twice_is_the_same_as_once(command: LogOut) -> None:
    """204, idempotent: a client that lost the answer asks again."""
    state = an_account(a_user(), a_family())
    after(state, accepted(decide_log_out(state, command, OWN)))
    assert decide_log_out(state, command, OWN) == Outcome(reply=Done())


def test_a_device_that_was_signed_out_can_sign_out_no_other() -> None:
    """Signing out takes a revoked token, for the answer may have got lost; it opens nothing."""
    state = an_account(a_user(), a_family(revoked_at=NOW), a_family(OTHER_FAMILY))
    assert decide_log_out(state, LogOut(all_devices=True), OWN) == Outcome(reply=Done())


def test_a_device_with_two_families_keeps_its_pushes_until_the_last_has_ended() -> None:
    """Somebody signed in twice on one phone is still signed in on it."""
    first, second = a_family(device_id="phone"), a_family(OTHER_FAMILY, device_id="phone")
    state = an_account(a_user(), first, second, a_push(first))
    outcome = accepted(decide_log_out(state, LogOut(), OWN))
    assert outcome.removes == ()
    after(state, outcome)
    last = accepted(decide_revoke(state, RevokeAuthSession(auth_session_id=OTHER_FAMILY), OWN))
    assert last.removes == (a_push(first),)


def test_a_login_without_a_device_takes_no_pushes_with_it() -> None:
    """Not every client names its device."""
    nameless, named = a_family(device_id=None), a_family(OTHER_FAMILY)
    state = an_account(a_user(), nameless, named, a_push(named))
    assert accepted(decide_log_out(state, LogOut(), OWN)).removes == ()


def test_another_device_is_signed_out_by_its_id() -> None:
    """A lost phone can be shut out from any other."""
    state = an_account(a_user(), a_family(), a_family(OTHER_FAMILY))
    command = RevokeAuthSession(auth_session_id=OTHER_FAMILY)
    outcome = accepted(decide_revoke(state, command, OWN))
    assert revocations(outcome) == [(str(OTHER_FAMILY), "logout")]
    assert outcome.reply == Done()
    after(state, outcome)
    assert refused_with(decide_revoke(state, command, OWN)) is Code.NOT_FOUND


def test_a_device_of_somebody_else_is_not_found() -> None:
    """Rule 15: another patron's object is 404; it is not among the own rows."""
    command = RevokeAuthSession(auth_session_id=UUID(int=99))
    assert (
        refused_with(decide_revoke(an_account(a_user(), a_family()), command, OWN))
        is Code.NOT_FOUND
    )


def test_devices_are_listed_the_one_used_last_first() -> None:
    """With last use, place and client; ended ones are not devices any more."""
    own = a_family(rotated_at=NOW - timedelta(minutes=9), user_agent="app/1", ip="192.0.2.7")
    used = a_family(OTHER_FAMILY, rotated_at=NOW - timedelta(minutes=1))
    ended = a_family(UUID(int=3), revoked_at=NOW)
    over = a_family(UUID(int=4), expires_at=NOW)
    state = an_account(a_user(), own, used, ended, over)
    reply = accepted(decide_list(state, ListAuthSessions(), OWN)).reply
    assert isinstance(reply, AuthSessions)
    first, second = reply.items
    assert (first.auth_session_id, first.current) == (OTHER_FAMILY, False)
    assert (second.auth_session_id, second.current) == (FAMILY, True)
    assert (second.client, second.place) == ("app/1", "192.0.2.7")
    assert second.last_used_at == NOW - timedelta(minutes=9)


@pytest.mark.parametrize("venue_id", [VENUE, None])
def test_a_role_given_and_taken_ends_the_tokens_of_before(venue_id: UUID | None) -> None:
    """Rule 15: a role change bumps `token_version`, so old access tokens fail at once."""
    where = "*" if venue_id is None else str(venue_id)
    state = an_account(a_user(role_grants={"elsewhere": RoleName.STAFF}))
    context = a_context(ACCOUNT, in_saga=False)
    given = RolesChanged(venue_id=venue_id, role="owner")
    outcome = accepted(decide_roles_changed(state, given, context))
    user = changed_user(outcome)
    assert user.role_grants == {"elsewhere": RoleName.STAFF, where: RoleName.OWNER}
    assert user.token_version == 2
    assert [event.type for event in outcome.events] == [
        "auth.session_revoked",
        "system.notification",
    ]
    assert outcome.events[0].data["reason"] == "role_changed"
    assert outcome.reply is None
    after(state, outcome)
    assert decide_roles_changed(state, given, context) == Outcome()
    taken = RolesChanged(venue_id=venue_id, role=None)
    after(state, accepted(decide_roles_changed(state, taken, context)))
    assert (state.user.role_grants, state.user.token_version) == (
        {"elsewhere": RoleName.STAFF},
        3,
    )


def test_a_role_that_nobody_could_be_told_of_is_put_back() -> None:
    """The venue puts its roles back, and the tokens must not say more than it does."""
    state = an_account(a_user(role_grants={str(VENUE): RoleName.STAFF}))
    given = RolesChanged(venue_id=VENUE, role="management")
    outcome = accepted(decide_roles_changed(state, given, a_context(ACCOUNT)))
    after(state, outcome)
    undo = outcome.sends[0].undo
    assert undo == RolesChanged(venue_id=VENUE, role="staff")
    context = a_context(ACCOUNT, in_saga=False)
    after(state, accepted(decide_roles_changed(state, undo, context)))
    assert state.user.role_grants == {str(VENUE): RoleName.STAFF}
    assert decide_roles_changed(state, undo, context) == Outcome()
