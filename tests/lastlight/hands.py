"""A clock that is set by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs


@attrs.define(eq=False)
class Hands:
    """A clock that is set by hand, near this machine's own, by which assertions are judged."""

    at: datetime = attrs.field(factory=lambda: datetime.now(UTC))

    def now(self) -> datetime:
        return self.at
