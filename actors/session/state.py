"""What a session actor knows: one visit, its segments, and once it is over the row that is kept."""

from __future__ import annotations

from uuid import UUID

from actors.rules.geofence import FenceState
from actors.runtime.state import State
from actors.session.notes import MeterNotes, fence_of, meter_of
from protocol.addresses import Address
from protocol.records.visits import Session, SessionHistory, SessionSegment


class SessionState(State):
    """A visit's rows: a session while it is open, its history when it is over."""

    __slots__ = ("_noted",)

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self._noted: tuple[Session, MeterNotes, FenceState] | None = None

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

    def notes_of(self, session: Session) -> tuple[MeterNotes, FenceState]:
        """What a visit remembers; its columns are read once as long as it does not change."""
        if self._noted is None or self._noted[0] is not session:
            self._noted = (session, meter_of(session), fence_of(session))
        return self._noted[1:]
