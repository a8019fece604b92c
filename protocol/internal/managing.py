"""Visits that people change: what session, venue and account tell one another.

Chains: VoidSession = session → account → session; ExtendSession = session → venue → account →
session; UpdateSession with more people = session → venue → session; CheckOut with card orders =
session → account → session. Undo steps have no answer.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from protocol.commands import Command, command
from protocol.internal.visit_holds import HoldForVisit
from protocol.internal.visits import VisitSettled


@command
class VoidVisit(Command):
    """Session → account: the visit never should have been; give everything back, or refuse."""

    session_id: UUID
    venue_id: UUID
    hold_id: UUID
    reason: str


@command
class VisitVoided(Command):
    """Account → session: the visit is none any more; `reversed_minor` was charged and is back."""

    session_id: UUID
    reason: str
    reversed_minor: int


@command
class TellAgain(Command):
    """Undo of SettleVisit and VoidVisit at the account: the books are closed and stay so.

    So the session is told once more, as nobody's answer: it comes to the same end.
    """

    session_id: UUID
    settled: VisitSettled | None = None
    voided: VisitVoided | None = None


@command
class ForgetChange(Command):
    """Undo of what the session has under way: a later step failed, so another may begin.

    `what` is the note that says so: `move`, `lengthening` or `details`.
    """

    session_id: UUID
    what: str


@command
class CancelOpening(Command):
    """Account → session: the check-in failed, at whichever step; say when the visit is over."""

    session_id: UUID
    user_id: UUID | None = None


@command
class VisitOver(Command):
    """Session → account: the visit is closed or voided, and another may begin."""

    session_id: UUID


@command
class FindOpenOrders(Command):
    """Session → account: is anything that was ordered by card not served? Refused if so."""

    session_id: UUID


@command
class NoOpenOrders(Command):
    """Account → session: everything was served; the check-out may go on."""

    session_id: UUID


@command
class LengthenStay(Command):
    """Session → venue: may the station be kept until then? The hold is asked for after that."""

    session_id: UUID
    station_id: UUID | None
    new_end_at: datetime
    hold: HoldForVisit


@command
class KeepStay(Command):
    """Undo of LengthenStay at the venue: the stay ends when it did before."""

    session_id: UUID
    reservation_id: UUID | None
    reservation_end_at: datetime | None
    booked_until: datetime | None


@command
class SeatMore(Command):
    """Session → venue: is there room for this many in all?"""

    session_id: UUID
    party_size: int


@command
class SeatFewer(Command):
    """Undo of SeatMore at the venue."""

    session_id: UUID
    party_size: int


@command
class MoreSeated(Command):
    """Venue → session: so many have seats."""

    session_id: UUID
    party_size: int
