"""What a session actor knows: one visit, its segments, and once it is over the row that is kept."""

from __future__ import annotations

from uuid import UUID

from actors.runtime.state import State
from protocol.records.visits import Session, SessionHistory, SessionSegment


class SessionState(State):
    """A visit's rows: a session while it is open, its history when it is over."""

    __slots__ = ()

    @property
    def session_id(self) -> UUID:
        """Which visit it is."""
        return self.address.id

    @property
    def session(self) -> Session | None:
        """The visit, unless it is over."""
        return self.first(Session)

    @property
    def history(self) -> SessionHistory | None:
        """The visit that is over."""
        return self.first(SessionHistory)

    @property
    def segments(self) -> list[SessionSegment]:
        """All metered time, in order; the last one may be running."""
        return sorted(self.all(SessionSegment), key=lambda segment: segment.seq)
