"""What became of what a device kept."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs

from protocol.replies.base import reply


class ReplayOutcome(enum.StrEnum):
    """What became of one command."""

    APPLIED = "applied"
    REPLAYED = "replayed"
    """It had been performed before; this is its answer."""
    REJECTED = "rejected"
    """It was refused, or could not be done now: `problem` says why, and whether to try again."""
    SKIPPED = "skipped"
    """One that it comes after failed."""


@attrs.frozen(kw_only=True)
class ReplayedCommand:
    """One command of the batch, with the answer that its own route would have given."""

    seq: int
    command_id: UUID
    outcome: ReplayOutcome
    status: int | None
    """HTTP status of the answer; null if it was skipped."""
    data: Any = None
    problem: Mapping[str, Any] | None = None
    occurred_at: datetime
    """When it counts as done."""
    clamped: bool
    """Whether the device's time was out of bounds."""


@reply
class Replayed:
    """The batch, in its order; `last_seq` is up to where the device need not send again."""

    device_id: str
    last_seq: int
    results: tuple[ReplayedCommand, ...]
