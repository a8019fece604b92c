"""What all changes of machines, rooms and the menu have in common: who may, and what is noted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from actors.rules.permissions import refuse_at_venue
from actors.rules.preconditions import refuse_version
from actors.runtime.auditing import audited
from actors.runtime.outcome import Context, Send
from actors.venue.state import VenueState
from protocol.addresses import ActorKind, Address, Role
from protocol.errors import Code, FieldError, Refusal
from protocol.internal.booking import LeaveStation
from protocol.records.base import Record
from protocol.records.platform import AuditEntry


def role_here(state: VenueState, context: Context) -> Role:
    """The caller's role at this venue."""
    assert context.principal is not None, "a command of the contract has a principal"
    return context.principal.role_at(state.venue_id)


def refuse_lesser(state: VenueState, context: Context, least: Role) -> Refusal | None:
    """Why the caller may not do this here."""
    assert context.principal is not None, "a command of the contract has a principal"
    return refuse_at_venue(context.principal, least, state.venue_id)


def refuse_fields(names: Iterable[str]) -> Refusal | None:
    """403 for staff who send what is management's to change."""
    errors = tuple(
        FieldError(f"/{name}", "forbidden", "is for management to change") for name in names
    )
    if not errors:
        return None
    named = ", ".join(error.pointer[1:] for error in errors)
    return Refusal(Code.FORBIDDEN_FIELD, f"staff may not change {named}", errors=errors)


def refuse_stale(context: Context, version: int, whose: str) -> Refusal | None:
    """Why a change is of another version than the row has."""
    return refuse_version(context.expected_version, version, whose=whose)


def noted(
    context: Context, action: str, kind: str, before: Record | None, after: Any
) -> AuditEntry:
    """The line of the audit trail for a change, with what changed as it was and as it is.

    Prices have their history here: each change of one stands with its moment and its author.
    """
    old, new = ({}, fields_of(after)) if before is None else _changed(before, after)
    return audited(
        context, action, kind, after.id, venue_id=after.venue_id, before=old or None, after=new
    )


def fields_of(record: Any) -> dict[str, Any]:
    """A row's values by column."""
    return {name: getattr(record, name) for name in type(record).__slots__ if name[0] != "_"}


def _changed(before: Any, after: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    old, new = fields_of(before), fields_of(after)
    names = [name for name in new if old[name] != new[name] and name != "version"]
    return {name: old[name] for name in names}, {name: new[name] for name in names}


def send_away(session_id: UUID | None, station_id: UUID, reason: str) -> tuple[Send, ...]:
    """Tell the session that has a station that it can't stay, if one has it."""
    if session_id is None:
        return ()
    leave = LeaveStation(session_id=session_id, station_id=station_id, reason=reason)
    return (Send(Address(ActorKind.SESSION, session_id), leave, detached=True),)
