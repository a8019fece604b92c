"""One decision's work on a visit: its status, its segments and its meter move through here.

A draft starts from the state, which it never changes. What it gathers is one new version of each
row that changed, and what is to be told to whom. A segment that runs over the cutover, or over a
change of its rate, is split as soon as anyone looks (Rules 3 and 5).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import attrs

from actors.rules.business_day import business_day_of
from actors.rules.geofence import FenceState
from actors.rules.lifecycle import SESSION, SessionTrigger, transition
from actors.rules.metering import Charge, Tariff, charge_at, next_cutover
from actors.rules.profile import VenueProfile
from actors.runtime.outcome import Context, Event, Outcome, Send
from actors.session.floor import claims_less, floor_of, shows, tariff_of
from actors.session.gathering import Gathered
from actors.session.notes import MeterNotes, noted
from actors.session.rates import activity_changed, rate_at, rate_changes_at
from actors.session.standing import profile_of
from actors.session.state import SessionState
from protocol.events.sessions import SessionStatusChanged
from protocol.evolving import evolve
from protocol.internal.metering import EndOverdueVisit
from protocol.records.states import Activity, SegmentMode, SessionStatus
from protocol.records.visits import Session, SessionHistory, SessionSegment

METER: Final = "meter"
"""The timer of the next tick."""
DEADLINE: Final = "deadline"
"""The timer that ends a pause."""
MS: Final = timedelta(milliseconds=1)


@attrs.define(eq=False, kw_only=True)
class VisitDraft(Gathered):
    """What a decision does to one open visit."""

    notes: MeterNotes
    fence: FenceState
    segments: list[SessionSegment]
    profile: VenueProfile
    _versions: dict[UUID, int]
    _touched: dict[UUID, None] = attrs.field(factory=dict)
    _rates_told: dict[UUID, Event] = attrs.field(factory=dict)
    _notes_before: MeterNotes = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._notes_before = self.notes

    # What it looks like

    @property
    def running(self) -> SessionSegment | None:
        """The segment whose time passes now."""
        last = self.segments[-1] if self.segments else None
        return last if last is not None and last.ended_at is None else None

    @property
    def began_at(self) -> datetime:
        """When the last segment began that is written: the meter can't be stopped before."""
        return max(s.started_at for s in self.segments if s.id in self._versions)

    @property
    def tariff(self) -> Tariff:
        """What the charge depends on besides the segments."""
        return tariff_of(self.profile, self.notes)

    def charge(self, at: datetime) -> Charge:
        """What the visit's time costs until a moment."""
        return charge_at(self.segments, at, self.tariff)

    # What happens to it

    def split(self) -> None:
        """Split what runs over a cutover, at which the charge stays the same (Rule 3, law b), or
        over a change of the room's rate, which people are told of.
        """
        while (running := self.running) is not None:
            at = next_cutover(running.started_at, self.tariff)
            rate = running.rate_minor_per_h
            changes_at = rate_changes_at(self.notes, self.profile, running.started_at)
            if changes_at is not None and changes_at <= min(at, self.now):
                at, rate = changes_at, rate_at(self.notes, self.profile, changes_at, running)
            elif at >= self.now:
                return
            self._end(running, at)
            self.start(at, running.activity, running.station_id, running.mode, rate)
            if rate != running.rate_minor_per_h:
                began = self.segments[-1]
                self._rates_told[began.id] = self.told(activity_changed(began, self.session))

    def start(
        self,
        at: datetime,
        activity: Activity,
        station_id: UUID | None,
        mode: SegmentMode,
        rate_minor_per_h: int,
    ) -> None:
        """Let time pass on the meter, at a rate that stays."""
        segment = SessionSegment(
            id=self.context.fresh_id(),
            session_id=self.session.id,
            venue_id=self.session.venue_id,
            user_id=self.session.user_id,
            seq=len(self.segments) + 1,
            activity=activity,
            station_id=station_id,
            rate_minor_per_h=rate_minor_per_h,
            mode=mode,
            started_at=at,
            business_day=business_day_of(at, self.profile.tz, self.profile.settings.cutover),
        )
        self._put(segment)

    def start_again(self, at: datetime) -> None:
        """Go on as before the break, at the rate agreed on, or the room's at that hour."""
        last = self.segments[-1]
        if last.ended_at is not None:
            rate = rate_at(self.notes, self.profile, at, last)
            self.start(at, last.activity, last.station_id, last.mode, rate)
            self.split()

    def stop(self, at: datetime) -> None:
        """Stop the meter at a moment that may be past: what ran after it never did."""
        self.cancel(METER)
        # What was split off just now, after that moment, never began.
        # The visit's first segment stays: it says how the visit goes on after a rest.
        while (
            len(self.segments) > 1
            and self.segments[-1].started_at >= at
            and self.segments[-1].id not in self._versions
        ):
            dropped = self.segments.pop()
            del self._touched[dropped.id]
            self._rates_told.pop(dropped.id, None)
        for segment in reversed([*self.segments]):
            if segment.ended_at is None or segment.ended_at > at:
                self._end(segment, max(at, segment.started_at))

    def waive(self) -> None:
        """Let no time have cost anything."""
        for segment in self.segments:
            self._put(segment.evolve(charge_minor=0))

    def shorten(self, at: datetime) -> None:
        """Let the last segment have ended earlier."""
        last = self.segments[-1]
        self._end(last, max(at, last.started_at))

    def move(
        self,
        trigger: SessionTrigger,
        *,
        at: datetime,
        reason: str,
        deadline_at: datetime | None = None,
        cause: str | None = None,
        effective_at: datetime | None = None,
    ) -> None:
        """Take a step of the lifecycle at `at`, and tell of it.

        `effective_at` is what is told where the step is taken later than it counts from.
        """
        before = self.session
        status = transition(SESSION, before.status, trigger)
        assert status is not None, f"{before.status.value} has no step {trigger.value}"
        spent_ms = (at - before.status_since) // MS
        elapsed_ms = dict(self.notes.elapsed_ms)
        elapsed_ms[before.status] = elapsed_ms.get(before.status, 0) + spent_ms
        self.notes = evolve(self.notes, elapsed_ms=elapsed_ms)
        paused = before.status in {SessionStatus.PAUSED, SessionStatus.AUTO_PAUSED}
        self.session = before.evolve(
            status=status,
            status_since=at,
            deadline_at=deadline_at,
            cause=cause,
            paused_ms=before.paused_ms + (spent_ms if paused else 0),
        )
        if deadline_at is not None:
            self.timer(DEADLINE, deadline_at, EndOverdueVisit())
        else:
            self.cancel(DEADLINE)
        self.tell(
            SessionStatusChanged(
                session_id=before.id,
                from_=before.status,
                to=status,
                reason=reason,
                effective_at=effective_at or at,
                deadline_at=deadline_at,
            )
        )

    # What follows

    def outcome(self, reply: object = None, *, kept: SessionHistory | None = None) -> Outcome:
        """Everything that was done; the venue hears of what its floor shows.

        `kept` takes the visit's place where it is over.
        """
        session = self.session.evolve(
            meter=noted(self.notes), geofence=noted(self.fence), version=self.version
        )
        sends = list(self._sends)
        changed = shows(session) != shows(self._stored)
        if kept is None and (changed or claims_less(self._notes_before, self.notes)):
            sends.append(Send(self.venue, floor_of(session, self.fence, self.notes), detached=True))
        segments = (self._segment(id_) for id_ in self._touched)
        return Outcome(
            reply=reply,
            changes=(session if kept is None else kept, *segments, *self._changes),
            removes=() if kept is None else (self._stored,),
            appends=tuple(self._appends),
            events=(*self._rates_told.values(), *self._events),
            sends=tuple(sends),
            timers=tuple(self._timers.values()),
        )

    def _segment(self, id_: UUID) -> SessionSegment:
        (segment,) = (segment for segment in self.segments if segment.id == id_)
        return segment.evolve(version=self._versions.get(id_, 0) + 1)

    def _end(self, running: SessionSegment, at: datetime) -> None:
        before_minor = sum(s.charge_minor for s in self.segments if s.id != running.id)
        ended = running.evolve(ended_at=at, active_ms=(at - running.started_at) // MS)
        self._put(ended)
        # Parts add up to the whole: a segment has what the charge grew by while it ran.
        grown_minor = self.charge(at).total_minor - before_minor
        self._put(ended.evolve(charge_minor=max(0, grown_minor)))

    def _put(self, segment: SessionSegment) -> None:
        kept = [known for known in self.segments if known.id != segment.id]
        self.segments = sorted([*kept, segment], key=lambda known: known.seq)
        self._touched[segment.id] = None


def draft_of(state: SessionState, session: Session, context: Context) -> VisitDraft:
    """Begin work on an open visit, its time split by business day."""
    segments = state.segments
    notes, fence = state.notes_of(session)
    draft = VisitDraft(
        session=session,
        notes=notes,
        fence=fence,
        segments=segments,
        profile=profile_of(context, session.venue_id),
        context=context,
        stored=session,
        versions={segment.id: segment.version for segment in segments},
    )
    draft.split()
    return draft
