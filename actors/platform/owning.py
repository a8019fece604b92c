"""Who owns everything: the role of owner at every venue, given and taken in one place."""

from __future__ import annotations

from actors.platform.state import PlatformState
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, Refusal
from protocol.internal.people import RolesChanged, SetOwner
from protocol.records.base import Record
from protocol.records.states import RoleName
from protocol.records.users import UserRole
from protocol.replies.base import Done


@decides(SetOwner)
def decide_set_owner(state: PlatformState, command: SetOwner, context: Context) -> Decision:
    """Give or take the role; the account takes it into its tokens. The last owner stays."""
    reply = Done() if context.in_saga else None
    role = state.owners.get(command.user_id)
    if (role is not None) is command.holds:
        return Outcome(reply=reply)
    granter = None if context.principal is None else context.principal.user_id
    changed: Record
    if role is None:
        changed = UserRole(
            id=context.fresh_id(),
            user_id=command.user_id,
            venue_id=None,
            role=RoleName.OWNER,
            granted_by=granter,
            granted_at=context.now,
        )
    elif len(state.owners) == 1:
        return Refusal(
            Code.LAST_OWNER, "nobody else owns every venue; make somebody else owner first"
        )
    else:
        changed = role.revised(revoked_at=context.now, revoked_by=granter)
    told = RolesChanged(venue_id=None, role=RoleName.OWNER.value if command.holds else None)
    account = Address(ActorKind.ACCOUNT, command.user_id)
    return Outcome(reply=reply, changes=(changed,), sends=(Send(account, told, detached=True),))
