"""The account's copy of its roles: what venue and platform decided, for tokens to carry."""

from __future__ import annotations

from actors.account.families import revoked
from actors.account.state import AccountState
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from protocol.internal.people import RolesChanged
from protocol.records.states import RoleName

EVERYWHERE = "*"
"""Stands for every venue among role grants."""


@decides(RolesChanged)
def decide_roles_changed(state: AccountState, command: RolesChanged, context: Context) -> Decision:
    """Take a role in or out. Tokens of before fail at once, and sockets are checked again."""
    user = state.user
    where = EVERYWHERE if command.venue_id is None else str(command.venue_id)
    role = None if command.role is None else RoleName(command.role)
    if user.role_grants.get(where) == role:
        return Outcome()
    grants = {venue: held for venue, held in user.role_grants.items() if venue != where}
    if role is not None:
        grants[where] = role
    changed = user.revised(role_grants=grants, token_version=user.token_version + 1)
    event = revoked(state.user_id, None, why="role_changed", now=context.now)
    return Outcome(changes=(changed,), events=(event,))
