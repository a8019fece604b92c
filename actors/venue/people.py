"""Who works here, and who may not come: roles and status at this venue (Rule 15).

The venue decides its roles; the account takes them into its tokens, and only when those of before
count no more is the change answered. Refuses the account, the roles are put back.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from actors.rules.permissions import not_found, refuse_at_venue, refuse_role_change
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import LATER, Context, Decision, Outcome, Send
from actors.runtime.state import State
from protocol.addresses import ActorKind, Address, Role
from protocol.errors import Code, FieldError, Refusal
from protocol.internal.accounts import ApplyStatus, PutRolesBack, RolesTaken, StatusApplied
from protocol.internal.duty import LeaveWork
from protocol.internal.people import RolesChanged
from protocol.operations.people import AssignRoles, SetUserStatus
from protocol.records.base import Record
from protocol.records.states import RoleName
from protocol.records.users import UserRole
from protocol.replies.people import RolesAssigned
from protocol.values import WishedStatus

_ROLES: Final = {role: Role.of(role.value) for role in RoleName}


def roles_at(state: State) -> dict[UUID, list[UserRole]]:
    """The living roles here, by person."""
    found: dict[UUID, list[UserRole]] = {}
    for role in state.all(UserRole):
        if role.revoked_at is None:
            found.setdefault(role.user_id, []).append(role)
    return found


def highest(roles: Iterable[RoleName]) -> Role:
    """What somebody with these roles may do; everyone is a patron."""
    return max((_ROLES[role] for role in roles), default=Role.PATRON)


@decides(AssignRoles)
def decide_assign_roles(state: State, command: AssignRoles, context: Context) -> Decision:
    """Replace somebody's roles here, and have the account take the highest into its tokens."""
    principal = context.principal
    assert principal is not None, "a command of the contract has a principal"
    known = roles_at(state)
    before = known.get(command.user_id, [])
    wished = set(command.roles)
    refusal = refuse_at_venue(principal, Role.MANAGEMENT, context.address.id) or refuse_role_change(
        principal,
        user_id=command.user_id,
        venue_id=context.address.id,
        before=highest(role.role for role in before),
        after=highest(wished),
        roles_at_venue={
            user_id: highest(role.role for role in held) for user_id, held in known.items()
        },
    )
    if refusal is not None:
        return refusal
    if command.known is False:
        return not_found(f"user {command.user_id}")
    held = [role.role for role in before]
    told = RolesChanged(
        venue_id=context.address.id,
        role=_told(wished),
        expected_version=context.expected_version,
    )
    line = audited(
        context,
        "roles.assigned",
        "user",
        command.user_id,
        venue_id=context.address.id,
        before={"roles": sorted(held)},
        after={"roles": sorted(wished)},
    )
    undo = PutRolesBack(user_id=command.user_id, roles=tuple(held))
    return Outcome(
        reply=LATER,
        changes=tuple(_rows(command.user_id, before, wished, context)),
        appends=(line,),
        sends=(Send(Address(ActorKind.ACCOUNT, command.user_id), told, undo=undo),),
    )


@decides(RolesTaken)
def decide_roles_taken(state: State, command: RolesTaken, context: Context) -> Decision:
    """Tokens of before count no more: answer with the roles as they are now."""
    if not context.in_saga:
        return Outcome()
    held = roles_at(state).get(command.user_id, [])
    return Outcome(
        reply=RolesAssigned(
            user_id=command.user_id,
            venue_id=context.address.id,
            roles=tuple(sorted((role.role for role in held), key=lambda role: -_ROLES[role])),
            version=command.version,
        ),
        sends=_leaves(command, context),
    )


def _leaves(command: RolesTaken, context: Context) -> tuple[Send, ...]:
    """Nobody stays on duty, is alerted or has tasks where they may not work any more."""
    if command.works_at is None or context.address.id in command.works_at:
        return ()
    return (leave_work(command.user_id, command.works_at),)


def leave_work(user_id: UUID, works_at: tuple[UUID, ...]) -> Send:
    """Have a shift stopped that is open anywhere else."""
    staff = Address(ActorKind.STAFF, user_id)
    return Send(staff, LeaveWork(works_at=works_at), detached=True)


@decides(PutRolesBack)
def decide_put_roles_back(state: State, command: PutRolesBack, context: Context) -> Decision:
    """The account refused: the roles are what they were."""
    held = roles_at(state).get(command.user_id, [])
    rows = tuple(_rows(command.user_id, held, set(command.roles), context))
    if not rows:
        return Outcome()
    line = audited(context, "roles.put_back", "user", command.user_id, venue_id=context.address.id)
    return Outcome(changes=rows, appends=(line,))


@decides(SetUserStatus)
def decide_set_user_status(state: State, command: SetUserStatus, context: Context) -> Decision:
    """Judge what the venue knows, and have the account judge the rest and do it."""
    principal = context.principal
    assert principal is not None, "a command of the contract has a principal"
    refusal = refuse_at_venue(principal, Role.MANAGEMENT, context.address.id)
    if refusal is not None:
        return refusal
    if principal.user_id == command.user_id:
        return Refusal(Code.FORBIDDEN, "nobody sets their own status; ask somebody else")
    target = highest(role.role for role in roles_at(state).get(command.user_id, []))
    if target >= Role.STAFF and principal.role_at(context.address.id) < Role.OWNER:
        return Refusal(Code.FORBIDDEN, f"a person with the role {target.label} is an owner's")
    if command.until is not None and command.until <= context.now:
        detail = f"{command.until.isoformat()} is past; name a later day"
        errors = (FieldError("/until", "out_of_range", detail),)
        return Refusal(Code.VALIDATION_FAILED, detail, errors=errors)
    apply_ = ApplyStatus(request=command, expected_version=context.expected_version)
    account = Address(ActorKind.ACCOUNT, command.user_id)
    return Outcome(reply=LATER, sends=(Send(account, apply_),))


@decides(StatusApplied)
def decide_status_applied(state: State, command: StatusApplied, context: Context) -> Decision:
    """Answer with what the account did; who is suspended works nowhere."""
    suspended = command.answer.status is WishedStatus.SUSPENDED
    return Outcome(
        reply=command.answer if context.in_saga else None,
        sends=(leave_work(command.answer.user_id, ()),) if suspended else (),
    )


def _rows(
    user_id: UUID, held: Iterable[UserRole], wished: set[RoleName], context: Context
) -> Iterable[Record]:
    """The rows that change: what was held and is not wished ends, what is wished and new begins."""
    by = None if context.principal is None else context.principal.user_id
    kept = set()
    for role in held:
        if role.role in wished:
            kept.add(role.role)
        else:
            yield role.revised(revoked_at=context.now, revoked_by=by)
    for name in sorted(wished - kept):
        yield UserRole(
            id=context.fresh_id(),
            user_id=user_id,
            venue_id=context.address.id,
            role=name,
            granted_by=by,
            granted_at=context.now,
        )


def _told(wished: set[RoleName]) -> str | None:
    """What the tokens carry: the highest role, or none."""
    role = highest(wished)
    return None if role is Role.PATRON else role.label
