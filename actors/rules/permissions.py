"""What a role is good for, and what is hidden rather than forbidden (Rule 15).

A role counts only at its venue. Whoever lacks the role everywhere is told 403, for the route is no
secret; whoever has it elsewhere, or asks for another patron's object, is told 404, for that there
is such an object would be one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from protocol.addresses import Principal, Role
from protocol.errors import Code, Refusal


def refuse_route(principal: Principal, least: Role) -> Refusal | None:
    """403 for whoever has the role of a route nowhere."""
    if principal.role_at(None) >= least:
        return None
    return Refusal(
        Code.FORBIDDEN,
        f"this needs the role {least.label}; yours is {principal.role_at(None).label}",
    )


def refuse_at_venue(principal: Principal, least: Role, venue_id: UUID) -> Refusal | None:
    """403 for whoever has the role nowhere, 404 for whoever has it only at other venues."""
    if principal.role_at(venue_id) >= least:
        return None
    if (refusal := refuse_route(principal, least)) is not None:
        return refusal
    # Someone of this venue may know that it is there; they only may not do this.
    if principal.role_at(venue_id) >= Role.STAFF:
        return Refusal(
            Code.FORBIDDEN,
            f"this needs the role {least.label} at this venue; "
            f"yours is {principal.role_at(venue_id).label}",
        )
    return not_found("this venue")


def refuse_thing(
    principal: Principal, least: Role, venue_id: UUID, *, whose: str
) -> Refusal | None:
    """404 for whoever does not work at the venue of a thing, 403 for whose role there is too low.

    For what is found by its id: that it is there is told only to people of its venue.
    """
    if principal.role_at(venue_id) < Role.STAFF:
        return not_found(whose)
    return refuse_at_venue(principal, least, venue_id)


def refuse_object(
    principal: Principal, *, owner_id: UUID, venue_id: UUID | None, least: Role, whose: str
) -> Refusal | None:
    """404 for an object that is neither one's own nor at a venue where one has the role.

    `venue_id` is None for what belongs to no venue: then only its owner and the platform's owners
    see it. `whose` names the object, such as "session 0190…".
    """
    if principal.user_id == owner_id:
        return None
    role = principal.everywhere if venue_id is None else principal.role_at(venue_id)
    return None if role >= least else not_found(whose)


def not_found(whose: str) -> Refusal:
    """The one answer for what is not there and for what one may not know of."""
    return Refusal(Code.NOT_FOUND, f"{whose} is not here, or not yours to see")


def refuse_unelevated(principal: Principal, now: datetime) -> Refusal | None:
    """403 `step_up_required` unless the token was elevated and still is."""
    if principal.elevated_until is not None and now < principal.elevated_until:
        return None
    return Refusal(
        Code.STEP_UP_REQUIRED, "this needs your password or PIN again: POST /api/auth/step-up"
    )


def refuse_role_change(
    granter: Principal,
    *,
    user_id: UUID,
    venue_id: UUID,
    before: Role,
    after: Role,
    roles_at_venue: Mapping[UUID, Role],
) -> Refusal | None:
    """Why `granter` may not change a user's role at a venue.

    Management gives and takes staff, owners everything below and their own kind; nobody edits own
    roles; the last owner stays. `roles_at_venue` are the roles of all its people.
    """
    if granter.user_id == user_id:
        return Refusal(Code.FORBIDDEN, "nobody changes their own role; ask another owner")
    needed = Role.MANAGEMENT if max(before, after) <= Role.STAFF else Role.OWNER
    if granter.role_at(venue_id) < needed:
        return Refusal(
            Code.FORBIDDEN,
            f"changing {before.label} to {after.label} needs the role {needed.label} here",
        )
    others = [u for u, role in roles_at_venue.items() if role >= Role.OWNER and u != user_id]
    if before >= Role.OWNER > after and not others:
        return Refusal(
            Code.LAST_OWNER, "the venue would have no owner; make somebody else one first"
        )
    return None
