"""Who owns everything: the role of owner at every venue, given and taken in one place.

As at a venue, the change is answered once the account's tokens of before count no more (Rule 15).
"""

from __future__ import annotations

from uuid import UUID

from actors.platform.state import PlatformState
from actors.rules.permissions import not_found
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Outcome, Send
from protocol.addresses import ActorKind, Address, Role
from protocol.errors import Code, Refusal
from protocol.internal.accounts import PutRolesBack, RolesTaken
from protocol.internal.duty import LeaveWork
from protocol.internal.people import RolesChanged, SetOwner
from protocol.operations.people import AssignRoles
from protocol.records.base import Record
from protocol.records.states import RoleName
from protocol.records.users import UserRole
from protocol.replies.base import Done
from protocol.replies.people import RolesAssigned

_LAST = Refusal(Code.LAST_OWNER, "nobody else owns every venue; make somebody else owner first")


@decides(SetOwner)
def decide_set_owner(state: PlatformState, command: SetOwner, context: Context) -> Decision:
    """Give or take the role; the account takes it into its tokens. The last owner stays."""
    reply = Done() if context.in_saga else None
    role = state.owners.get(command.user_id)
    if (role is not None) is command.holds:
        return Outcome(reply=reply)
    if role is not None and len(state.owners) == 1:
        return _LAST
    changed = _row(role, command.user_id, context)
    told = RolesChanged(venue_id=None, role=RoleName.OWNER.value if command.holds else None)
    account = Address(ActorKind.ACCOUNT, command.user_id)
    return Outcome(reply=reply, changes=(changed,), sends=(Send(account, told, detached=True),))


@decides(AssignRoles)
def decide_assign_ownership(
    state: PlatformState, command: AssignRoles, context: Context
) -> Decision:
    """Make somebody owner of everything, or not any more; for owners of everything only."""
    principal = context.principal
    assert principal is not None, "a command of the contract has a principal"
    known = state.owners.get(command.user_id)
    holds = RoleName.OWNER in command.roles
    if principal.everywhere < Role.OWNER:
        return Refusal(Code.FORBIDDEN, "only owners of every venue say who owns every venue")
    if principal.user_id == command.user_id:
        return Refusal(Code.FORBIDDEN, "nobody changes their own role; ask another owner")
    if known is not None and not holds and len(state.owners) == 1:
        return _LAST
    if command.known is False:
        return not_found(f"user {command.user_id}")
    told = RolesChanged(
        venue_id=None,
        role=RoleName.OWNER.value if holds else None,
        expected_version=context.expected_version,
    )
    line = audited(
        context,
        "roles.assigned",
        "user",
        command.user_id,
        venue_id=None,
        before={"owner": known is not None},
        after={"owner": holds},
    )
    undo = PutRolesBack(user_id=command.user_id, roles=() if known is None else (RoleName.OWNER,))
    unchanged = (known is not None) is holds
    return Outcome(
        reply=LATER,
        changes=() if unchanged else (_row(known, command.user_id, context),),
        appends=(line,),
        sends=(Send(Address(ActorKind.ACCOUNT, command.user_id), told, undo=undo),),
    )


@decides(RolesTaken)
def decide_ownership_taken(state: PlatformState, command: RolesTaken, context: Context) -> Decision:
    """Tokens of before count no more: answer. Who owns no more works only where a role says so."""
    if not context.in_saga:
        return Outcome()
    staff = Address(ActorKind.STAFF, command.user_id)
    stops = command.works_at
    roles = (RoleName.OWNER,) if command.user_id in state.owners else ()
    return Outcome(
        reply=RolesAssigned(
            user_id=command.user_id, venue_id=None, roles=roles, version=command.version
        ),
        sends=() if stops is None else (Send(staff, LeaveWork(works_at=stops), detached=True),),
    )


@decides(PutRolesBack)
def decide_put_ownership_back(
    state: PlatformState, command: PutRolesBack, context: Context
) -> Decision:
    """The account refused: it is as it was."""
    known = state.owners.get(command.user_id)
    if (known is not None) is (RoleName.OWNER in command.roles):
        return Outcome()
    line = audited(context, "roles.put_back", "user", command.user_id, venue_id=None)
    return Outcome(changes=(_row(known, command.user_id, context),), appends=(line,))


def _row(role: UserRole | None, user_id: UUID, context: Context) -> Record:
    """The end of a role, or a new one."""
    by = None if context.principal is None else context.principal.user_id
    if role is not None:
        return role.revised(revoked_at=context.now, revoked_by=by)
    return UserRole(
        id=context.fresh_id(),
        user_id=user_id,
        venue_id=None,
        role=RoleName.OWNER,
        granted_by=by,
        granted_at=context.now,
    )
