"""Answers about what happened in rooms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from protocol.replies.base import reply


@attrs.frozen(kw_only=True)
class HeardEvent:
    """One place in a room. `event` is null where the caller must not see it (Rule 8)."""

    seq: int
    event: Mapping[str, Any] | None


@reply
class RoomEvents:
    """Events in order. Ask on with `after_seq` = `seq` and the same `epoch`."""

    room: str
    epoch: str
    seq: int
    """Of the last event here; where there are none, where the room stands."""
    items: tuple[HeardEvent, ...]
