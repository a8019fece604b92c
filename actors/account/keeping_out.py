"""Who is kept out from where: what runs, who is told, and the end of an open visit (Rule 7)."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import attrs

from actors.account.standing import in_force
from actors.account.state import AccountState
from actors.runtime.outcome import Context, Event, Send, SetTimer
from actors.runtime.telling import tell
from protocol.addresses import ActorKind, Address
from protocol.domain_limits import VENUES_TOLD_MAX
from protocol.events.base import Audience
from protocol.events.safety import SafetyExclusionChanged
from protocol.internal.accounts import ExclusionOver
from protocol.internal.metering import CloseVisit
from protocol.records.money import CreditGrant
from protocol.records.money_states import CreditSource
from protocol.records.safety import SafetyLog
from protocol.records.states import CheckOutCause, ExclusionKind
from protocol.records.users import Exclusion
from protocol.replies.users import ActiveExclusion, Refundable

Status = Literal["active", "pending", "ended"]
OWN: Final = (ExclusionKind.COOL_OFF, ExclusionKind.SELF_EXCLUSION)
"""What somebody does to themselves, over all venues."""


def exclusions_now(state: AccountState, now: datetime) -> list[Exclusion]:
    """Everything that keeps this person out of anywhere, latest first."""
    found = [one for one in state.all(Exclusion) if in_force(one, now)]
    return sorted(found, key=lambda one: one.starts_at, reverse=True)


def running(
    state: AccountState, kind: ExclusionKind, venue_id: UUID | None, now: datetime
) -> Exclusion | None:
    """The exclusion of a kind that runs, of a venue or of all."""
    alike = (
        one for one in exclusions_now(state, now) if (one.kind, one.venue_id) == (kind, venue_id)
    )
    return next(alike, None)


def keeps_out_everywhere(state: AccountState, now: datetime) -> bool:
    """Whether this person has excluded themselves."""
    return any(one.kind in OWN for one in exclusions_now(state, now))


def shown(one: Exclusion) -> ActiveExclusion:
    """An exclusion as its person sees it."""
    return ActiveExclusion(
        exclusion_id=one.id,
        kind=one.kind,
        venue_id=one.venue_id,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
    )


def told(state: AccountState, one: Exclusion, status: Status) -> Event:
    """What the person hears of an exclusion, and management of the venues concerned."""
    event = SafetyExclusionChanged(
        user_id=state.user_id,
        kind=one.kind.value,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        status=status,
        limit_kind=None,
    )
    return to_management(tell(event, user_id=state.user_id), venues_of(state, one))


def to_management(event: Event, venues: tuple[UUID, ...]) -> Event:
    """Also to the management of these venues, which hears kind and dates only."""
    rooms = tuple(Audience.MANAGEMENT.room(venue_id) for venue_id in venues)
    venue_id = venues[0] if len(venues) == 1 else None
    return attrs.evolve(event, rooms=(*event.rooms, *rooms), venue_id=venue_id)


def venues_of(state: AccountState, one: Exclusion) -> tuple[UUID, ...]:
    """Where an exclusion matters: at its venue, else where the person was a guest."""
    if one.venue_id is not None:
        return (one.venue_id,)
    return tuple(sorted(state.venues))[:VENUES_TOLD_MAX]


def registered(state: AccountState, one: Exclusion, context: Context) -> tuple[SafetyLog, ...]:
    """The lines in the register of each venue concerned: that it began or was extended, not why."""
    by = None if context.principal is None else context.principal.user_id
    return tuple(
        SafetyLog(
            id=context.fresh_id(),
            venue_id=venue_id,
            session_id=None,
            user_id=state.user_id,
            kind="exclusion",
            signs=(one.kind.value,),
            by_user=by,
            occurred_at=context.now,
            received_at=context.now,
        )
        for venue_id in venues_of(state, one)
    )


def visit_ends(
    state: AccountState, venue_id: UUID | None, cause: CheckOutCause
) -> tuple[Send, ...]:
    """The open visit goes to closing, if it is where the person may be no more."""
    visit = state.visit
    if visit is None or venue_id not in (None, visit.venue_id):
        return ()
    session = Address(ActorKind.SESSION, visit.session_id)
    return (Send(session, CloseVisit(cause=cause), detached=True),)


def at_its_end(one: Exclusion) -> tuple[SetTimer, ...]:
    """The timer of an exclusion that has an end."""
    due_at = one.ended_at or one.ends_at
    if due_at is None:
        return ()
    return (SetTimer(f"exclusion:{one.id}", due_at, ExclusionOver(exclusion_id=one.id)),)


def refundable(state: AccountState) -> tuple[Refundable, ...]:
    """Paid credit that is left, by currency: it can be given back whatever happens."""
    sums: dict[str, int] = {}
    for lot in state.all(CreditGrant):
        if lot.source is CreditSource.PAID and lot.remaining_minor > 0:
            sums[lot.currency] = sums.get(lot.currency, 0) + lot.remaining_minor
    return tuple(
        Refundable(currency=currency, amount_minor=amount)
        for currency, amount in sorted(sums.items())
    )
