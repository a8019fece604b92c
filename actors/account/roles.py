"""The account's copy of its roles: what venue and platform decided, for tokens to carry.

Whoever changed them waits until the tokens of before count no more; then it answers (Rule 15).
"""

from __future__ import annotations

from uuid import UUID

from actors.account.families import revoked
from actors.account.notices import notice, outside
from actors.account.state import AccountState
from actors.rules.permissions import not_found
from actors.rules.preconditions import refuse_version
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from protocol.addresses import PLATFORM, ActorKind, Address
from protocol.errors import Refusal
from protocol.internal.accounts import RolesTaken
from protocol.internal.people import RolesChanged
from protocol.operations.users import Switch
from protocol.records.states import RoleName, UserStatus
from protocol.records.users import User

EVERYWHERE = "*"
"""Stands for every venue among role grants."""


@decides(RolesChanged)
def decide_roles_changed(state: AccountState, command: RolesChanged, context: Context) -> Decision:
    """Take a role in or out. Tokens of before fail at once, and sockets are checked again."""
    user = state.user
    refusal = _refuse(user, command)
    if refusal is not None:
        return refusal
    where = EVERYWHERE if command.venue_id is None else str(command.venue_id)
    role = None if command.role is None else RoleName(command.role)
    if user.role_grants.get(where) == role:
        return Outcome(sends=_taken(user, command, context, undo=None))
    grants = {venue: held for venue, held in user.role_grants.items() if venue != where}
    if role is not None:
        grants[where] = role
    changed = user.revised(role_grants=grants, token_version=user.token_version + 1)
    params = {"venue_id": None if command.venue_id is None else str(command.venue_id)}
    return Outcome(
        changes=(changed,),
        events=(
            revoked(state.user_id, None, why="role_changed", now=context.now),
            notice(state.user_id, "role_changed", context, params={**params, "role": command.role}),
        ),
        sends=(
            *_taken(changed, command, context, undo=_as_before(user, command, where)),
            *outside(state, "role_changed", Switch.SECURITY, venue_id=command.venue_id),
        ),
    )


def _refuse(user: User, command: RolesChanged) -> Refusal | None:
    """An account that is gone has no roles; and who named a version must have seen this one."""
    if user.status is UserStatus.ERASED:
        return not_found(f"user {user.id}")
    if command.expected_version is None:
        return None
    whose = f"the account {user.id}"
    return refuse_version(command.expected_version, user.version, whose=whose)


def _as_before(user: User, command: RolesChanged, where: str) -> RolesChanged:
    """What puts the copy back if whoever waits can't answer, and so puts back the roles."""
    held = user.role_grants.get(where)
    return RolesChanged(venue_id=command.venue_id, role=None if held is None else held.value)


def _taken(
    user: User, command: RolesChanged, context: Context, *, undo: RolesChanged | None
) -> tuple[Send, ...]:
    """The word back to whoever waits with its answer."""
    if not context.in_saga:
        return ()
    target = PLATFORM if command.venue_id is None else Address(ActorKind.VENUE, command.venue_id)
    taken = RolesTaken(user_id=user.id, version=user.version, works_at=_works_at(user))
    return (Send(target, taken, undo=undo),)


def _works_at(user: User) -> tuple[UUID, ...] | None:
    """Every role that an account holds lets it work where it holds it."""
    if EVERYWHERE in user.role_grants:
        return None
    return tuple(UUID(venue) for venue in sorted(user.role_grants))
