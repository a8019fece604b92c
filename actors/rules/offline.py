"""What a device kept while it was offline: when it counts as done, and in which order (Rule 12)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import attrs

from protocol.errors import Code, Refusal

OLDEST: Final = timedelta(hours=12)
NEWEST: Final = timedelta(minutes=2)


@attrs.frozen
class Moment:
    """When something counts as done; `clamped` if that is not when the device says it was."""

    at: datetime
    clamped: bool


def moment_of(occurred_at: datetime, received_at: datetime) -> Moment:
    """When a command of a device counts as done (Rule 12).

    The device's time is taken from 12 hours before it was received to 2 minutes after, and what is
    outside is put to the nearer bound and flagged. What a fast clock puts ahead counts from now:
    nothing is done in the future.
    """
    oldest, newest = received_at - OLDEST, received_at + NEWEST
    if occurred_at < oldest:
        return Moment(oldest, clamped=True)
    return Moment(min(occurred_at, received_at), clamped=occurred_at > newest)


def no_earlier(at: datetime, changed_at: datetime) -> Moment:
    """A moment that is not before the last change of what it changes (Rule 12)."""
    return Moment(changed_at, clamped=True) if at < changed_at else Moment(at, clamped=False)


def refuse_gap(device_id: str, last_seq: int, first_seq: int) -> Refusal | None:
    """409 if commands are missing between what was taken and what is sent.

    What was sent before may be sent again; a device that nobody knows begins anywhere, as it may
    have been forgotten.
    """
    if last_seq == 0 or first_seq <= last_seq + 1:
        return None
    return Refusal(
        Code.DEVICE_SEQUENCE_GAP,
        f"device {device_id} was heard up to {last_seq} and sends {first_seq}; "
        f"send what comes after {last_seq} first",
        extra={"last_seq": last_seq},
    )
