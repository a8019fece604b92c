"""A visit that was closed and turns out to have ended earlier (Rule 12).

Chain: CheckOut = session → account → session. Nothing in it can refuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from protocol.commands import Command, command
from protocol.records.visits import SessionHistory, SessionSegment


@command
class ShortenVisit(Command):
    """Session → account: give back what the visit cost too much, and write a receipt that says so.

    `owed_minor` is what time costs, `less_ms` what passes no more on the meter, by business day.
    """

    session_id: UUID
    venue_id: UUID
    currency: str
    corrects: UUID
    """The receipt that holds no more."""
    started_at: datetime
    ended_at: datetime
    duration_ms: int
    business_day: date
    summary: tuple[Any, ...]
    owed_minor: Mapping[date, int]
    less_ms: Mapping[date, int]
    tax_bp: int


@command
class KeepEnd(Command):
    """Undo of shortening at the session: the account failed, so the visit ended when it did.

    Only as long as it ends at `shortened_to`, and no other receipt than that of `history` is there.
    """

    history: SessionHistory
    segments: tuple[SessionSegment, ...]
    shortened_to: datetime


@command
class VisitShortened(Command):
    """Account → session: the receipt of the correction, and what the visit costs by it.

    Comes twice: the first stands whatever becomes of the second, which is answered.
    """

    session_id: UUID
    receipt_id: UUID
    time_minor: int
    total_minor: int
