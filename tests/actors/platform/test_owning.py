"""The platform actor: who owns everything."""

from __future__ import annotations

from uuid import UUID

from actors.platform.behaviour import PLATFORM as BEHAVIOUR
from actors.platform.owning import decide_set_owner
from actors.platform.state import PlatformState
from actors.runtime.outcome import Outcome, Send
from protocol.addresses import PLATFORM, ActorKind, Address, Role
from protocol.errors import Code
from protocol.internal.people import RolesChanged, SetOwner
from protocol.records.states import RoleName
from protocol.records.users import UserRole
from protocol.replies.base import Done
from tests.actors.deciding import NOW, a_context, a_principal, accepted, after, filled, refused_with

FIRST, SECOND = UUID(int=1), UUID(int=2)


def owned_by(*users: UUID) -> PlatformState:
    roles = [
        UserRole(
            id=UUID(int=user.int + 100),
            user_id=user,
            venue_id=None,
            role=RoleName.OWNER,
            granted_by=None,
            granted_at=NOW,
        )
        for user in users
    ]
    return filled(PlatformState(PLATFORM), roles)


def test_an_owner_is_named_and_the_account_takes_the_role_into_its_tokens() -> None:
    """The role counts at every venue, so no venue can give it."""
    context = a_context(PLATFORM, principal=a_principal(FIRST, Role.OWNER))
    outcome = accepted(
        decide_set_owner(owned_by(FIRST), SetOwner(user_id=SECOND, holds=True), context)
    )
    (role,) = outcome.changes
    assert isinstance(role, UserRole)
    assert (role.user_id, role.venue_id, role.role) == (SECOND, None, RoleName.OWNER)
    assert (role.granted_by, role.granted_at, role.version) == (FIRST, NOW, 1)
    told = RolesChanged(venue_id=None, role="owner")
    account = Address(ActorKind.ACCOUNT, SECOND)
    assert outcome.sends == (Send(account, told, detached=True),)
    assert outcome.reply == Done()


def test_the_first_owner_founds_the_platform() -> None:
    """Somebody has to be the first, and nobody is signed in by then."""
    state = PlatformState(PLATFORM)
    assert SetOwner in BEHAVIOUR.founded_by
    context = a_context(PLATFORM, in_saga=False)
    outcome = accepted(decide_set_owner(state, SetOwner(user_id=FIRST, holds=True), context))
    assert outcome.reply is None
    assert list(after(state, outcome).owners) == [FIRST]


def test_an_owner_is_one_no_more() -> None:
    """The row stays with its end, and counts no longer."""
    state = owned_by(FIRST, SECOND)
    context = a_context(PLATFORM, principal=a_principal(FIRST, Role.OWNER))
    outcome = accepted(decide_set_owner(state, SetOwner(user_id=SECOND, holds=False), context))
    (role,) = outcome.changes
    assert isinstance(role, UserRole)
    assert (role.revoked_at, role.revoked_by, role.version) == (NOW, FIRST, 2)
    (send,) = outcome.sends
    assert send.command == RolesChanged(venue_id=None, role=None)
    assert list(after(state, outcome).owners) == [FIRST]


def test_the_last_owner_stays() -> None:
    """Else nobody could ever change a setting again."""
    command = SetOwner(user_id=FIRST, holds=False)
    refusal = refused_with(decide_set_owner(owned_by(FIRST), command, a_context(PLATFORM)))
    assert refusal is Code.LAST_OWNER


def test_what_is_so_already_changes_nothing() -> None:
    """A retry must not bump tokens again."""
    for user, holds in ((FIRST, True), (SECOND, False)):
        command = SetOwner(user_id=user, holds=holds)
        outcome = accepted(decide_set_owner(owned_by(FIRST), command, a_context(PLATFORM)))
        assert outcome == Outcome(reply=Done())


def test_a_role_given_again_outlives_the_end_of_the_one_before() -> None:
    """Rows of ended roles may come in later than that of the living one."""
    state = owned_by(FIRST)
    ended = state.owners[FIRST].revised(id=UUID(int=9), revoked_at=NOW)
    assert list(filled(state, [ended]).owners) == [FIRST]
    assert BEHAVIOUR.masked(state) == {"owners": 1}
