"""Finds the actor that decides a command, by the rule in its row of the operation table."""

from __future__ import annotations

import contextlib
from typing import Any, Final
from uuid import UUID

import trio

from actors.rules.sos import venues_of_press
from actors.runtime.answers import NodeStarting
from actors.runtime.node import Node
from lastlight.gateway.calls import Call, Refused
from protocol.addresses import PLATFORM, ActorKind, Address, Principal, Role, identity_of
from protocol.errors import Code, FieldError, LastLightError, Refusal
from protocol.operations.addresses import AddressRule, Finding

_TABLES: Final = {
    "broadcast_id": "broadcasts",
    "check_id": "safety_checks",
    "exclusion_id": "exclusions",
    "game_id": "games",
    "handover_id": "shift_handovers",
    "hold_id": "credit_holds",
    "incident_id": "incidents",
    "intervention_id": "interventions",
    "item_id": "menu_items",
    "method_id": "payment_methods",
    "payment_id": "payments",
    "refund_id": "refunds",
    "reservation_id": "reservations",
    "room_id": "karaoke_rooms",
    "task_id": "staff_tasks",
    "till_id": "tills",
    "transaction_id": "transactions",
}
"""The table that a field names a row of, for children."""
_ACCOUNT_WITHIN_S: Final = 0.5
"""How long a call for help waits for its caller's account, which knows where they are."""


async def find_address(node: Node, call: Call, rule: AddressRule) -> Address:
    """The one actor that a rule names.

    Raises:
        Refused: there is none; 404.
        LastLightError: the directory can't be asked now.
    """
    value: Any = None if rule.field is None else getattr(call.command, rule.field)
    match rule.finding:
        case Finding.OWN:
            return Address(_kind(rule), call.signed_in.user_id)
        case Finding.FIELD:
            return _by_field(call, rule, value)
        case Finding.IDENTITY:
            return identity_of(value)
        case Finding.TOKEN:
            return _by_token(call, value)
        case Finding.FAMILY:
            return await _by_family(node, call)
        case Finding.CHILD:
            return await _by_child(node, rule, value)
        case Finding.VENUE_OR_PLATFORM:
            return PLATFORM if value is None else Address(ActorKind.VENUE, value)
        case Finding.FOUNDING:
            return PLATFORM if call.creates else _by_field(call, rule, value)
        case Finding.THE_VENUE:
            return _the_venue(node, call, value)
        case Finding.VENUE_OR_ACCOUNT:
            return _venue_or_account(node, call.signed_in, value)
        case Finding.SESSION_OR_VENUE:
            venue_id: Any = getattr(call.command, "venue_id", None)
            kind = ActorKind.VENUE if value is None else ActorKind.SESSION
            return Address(kind, venue_id if value is None else value)
        case Finding.PRESENT:
            return await present_venue(node, call.signed_in, value)
        case Finding.DUTY:
            return duty_venues(node, call.signed_in, value)[0]
    raise AssertionError(f"{call.operation.name} has no actor")


def _kind(rule: AddressRule) -> ActorKind:
    assert rule.kind is not None
    return rule.kind


def _by_field(call: Call, rule: AddressRule, value: Any) -> Address:
    if value is None and rule.or_own:
        value = call.signed_in.user_id
    assert isinstance(value, UUID), f"{call.operation.name} needs {rule.field}"
    return Address(_kind(rule), value)


def _by_token(call: Call, value: str | None) -> Address:
    """A single-use token begins with the id of the identity that made it."""
    if value is None:
        if call.principal is None:
            raise Refused(Refusal(Code.UNAUTHENTICATED, "sign in, or send the token you were sent"))
        return Address(ActorKind.ACCOUNT, call.principal.user_id)
    id_, _, secret = value.partition(".")
    try:
        return Address(ActorKind.IDENTITY, UUID(id_) if secret else UUID(""))
    except ValueError:
        refusal = Refusal(Code.TOKEN_EXPIRED, "this token is not good any more; ask for a new one")
        raise Refused(refusal) from None


async def _by_family(node: Node, call: Call) -> Address:
    invalid = Refusal(Code.REFRESH_INVALID, "this refresh token is not ours; sign in again")
    family_id = getattr(call.command, "family_id", None)
    if family_id is None:
        raise Refused(invalid)
    owner = await node.owner_of("sessions_auth", family_id)
    if owner is None:
        raise Refused(invalid)
    return owner


async def _by_child(node: Node, rule: AddressRule, value: UUID) -> Address:
    assert rule.field is not None
    owner = await node.owner_of(_TABLES[rule.field], value)
    if owner is None:
        raise Refused(Refusal(Code.NOT_FOUND, f"{rule.field} {value} is not here"))
    return owner


def _the_venue(node: Node, call: Call, value: UUID | None) -> Address:
    if value is not None:
        return Address(ActorKind.VENUE, value)
    principal, least = call.signed_in, call.operation.least
    venues = [venue for venue, role in principal.roles.items() if role >= least]
    if principal.everywhere >= least:
        venues = [address.id for address in node.venues()]
    if len(venues) != 1:
        detail = f"name the venue: there are {len(venues)} that it could be"
        errors = (FieldError("/venue_id", "required", detail),)
        raise Refused(Refusal(Code.VALIDATION_FAILED, detail, errors=errors))
    return Address(ActorKind.VENUE, venues[0])


def _venue_or_account(node: Node, principal: Principal, value: UUID | None) -> Address:
    if value is not None and principal.role_at(value) >= Role.STAFF:
        return Address(ActorKind.VENUE, value)
    worked_at = _worked_at(node, principal)
    if value is None and len(worked_at) == 1:
        return Address(ActorKind.VENUE, worked_at[0])
    return Address(ActorKind.ACCOUNT, principal.user_id)


def duty_venues(node: Node, principal: Principal, value: UUID | None) -> list[Address]:
    """Where an emergency of this person belongs, best first (Rule 8).

    The venue named, if it is there and there is a role at it; else that of the open shift, else of
    the last one, else every venue where the token has a role.

    Raises:
        Refused: the token has a role nowhere; 403.
        NodeStarting: an owner of everything names no venue, and none is known yet; 503.
    """
    if value is not None and principal.role_at(value) >= Role.STAFF:
        named = Address(ActorKind.VENUE, value)
        # Who owns everything has a role at every id, also at one that nobody has.
        if named in node.venues() or not node.ready:
            return [named]
    # What a staff member shares is the venue of the open shift, else of the last one.
    shift = node.shared(Address(ActorKind.STAFF, principal.user_id))
    venues = venues_of_press(
        shift=shift if isinstance(shift, UUID) else None,
        role_venues=tuple(sorted(_worked_at(node, principal))),
    )
    if not venues and principal.everywhere >= Role.STAFF and not node.ready:
        raise NodeStarting  # which venues there are is not known yet
    if not venues:
        raise Refused(Refusal(Code.FORBIDDEN, "only people who work at a venue raise an SOS"))
    return [Address(ActorKind.VENUE, venue) for venue in venues]


async def present_venue(node: Node, principal: Principal, value: UUID | None) -> Address:
    """Where somebody is who calls for help: the venue named, else that of the open visit, else
    the only one there is.

    Raises:
        Refused: nobody can say where they are; 422.
        NodeStarting: which venues there are is not known yet; 503.
    """
    known = {address.id for address in node.venues()}
    if value is not None and (value in known or not node.ready):
        return Address(ActorKind.VENUE, value)
    account = Address(ActorKind.ACCOUNT, principal.user_id)
    with contextlib.suppress(LastLightError), trio.move_on_after(_ACCOUNT_WITHIN_S):
        await node.activate(account)
    visited = node.shared(account)
    if isinstance(visited, UUID):
        return Address(ActorKind.VENUE, visited)
    if len(known) == 1:
        return Address(ActorKind.VENUE, known.pop())
    if not node.ready:
        raise NodeStarting
    detail = "say at which venue you are: there is no open visit of yours"
    error = FieldError("/venue_id", "required", detail)
    raise Refused(Refusal(Code.VALIDATION_FAILED, detail, errors=(error,)))


def _worked_at(node: Node, principal: Principal) -> list[UUID]:
    """Where somebody is staff or more; for owners without a venue of their own: everywhere."""
    venues = [venue for venue, role in principal.roles.items() if role >= Role.STAFF]
    if not venues and principal.everywhere >= Role.STAFF:
        venues = [address.id for address in node.venues()]
    return venues
