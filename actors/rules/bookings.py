"""How long a room or a table is had: in whole blocks, the first of them longer (Rule 3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from actors.rules.metering import Metered
from actors.rules.settings import VenueSettings
from protocol.errors import Code, FieldError, Refusal
from protocol.records.states import SegmentMode


def block_end(started_at: datetime, at: datetime, settings: VenueSettings) -> datetime:
    """The end of the block that runs at `at`; time until then is paid for anyway."""
    first = timedelta(minutes=settings.block_first_minutes)
    block = timedelta(minutes=settings.block_minutes)
    further = -(-max(timedelta(0), at - started_at - first) // block)
    return started_at + first + further * block


def paid_until(
    segments: Sequence[Metered], at: datetime, settings: VenueSettings
) -> datetime | None:
    """Until when the block is paid that runs at `at`; None if no block does."""
    if not segments or segments[-1].ended_at is not None:
        return None
    last = segments[-1]
    if last.mode is not SegmentMode.BLOCK:
        return None
    started_at = last.started_at
    for before in reversed(segments[:-1]):
        if before.ended_at != started_at or _place(before) != _place(last):
            break
        started_at = before.started_at
    return block_end(started_at, at, settings)


def refuse_minutes(minutes: int, settings: VenueSettings) -> Refusal | None:
    """Why a booking can't be lengthened by so much: only whole blocks can be had."""
    if minutes > 0 and minutes % settings.block_minutes == 0:
        return None
    detail = f"must be whole blocks of {settings.block_minutes} min; is {minutes} min"
    return Refusal(
        Code.VALIDATION_FAILED, detail, errors=(FieldError("/minutes", "not_whole_blocks", detail),)
    )


def _place(segment: Metered) -> tuple[object, ...]:
    return segment.activity, segment.station_id, segment.rate_minor_per_h
