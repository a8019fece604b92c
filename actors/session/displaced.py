"""A visit whose game or room is not to be had any more goes on in the lounge (Rules 3 and 4).

The meter of what is left stops at that moment; the lounge's rate begins. A visit that rests moves
as well, so that it does not go on at what is broken.
"""

from __future__ import annotations

import attrs

from actors.rules.metering import mode_of, rate_of
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from actors.session.draft import VisitDraft, draft_of
from actors.session.moving import take_place
from actors.session.notes import Move
from actors.session.rates import activity_changed
from actors.session.state import SessionState
from protocol.internal.booking import LeaveStation
from protocol.records.states import Activity, SessionStatus


@decides(LeaveStation)
def decide_leave_station(state: SessionState, command: LeaveStation, context: Context) -> Decision:
    """Leave a station, if the visit is still there; the venue hears of it as of any move."""
    session = state.session
    if session is None or session.status is SessionStatus.CLOSING:
        return Outcome()
    draft = draft_of(state, session, context)
    if session.station_id != command.station_id:
        return _not_there_yet(draft, command)
    lounge = Activity.LOUNGE
    settings = draft.profile.settings
    rate = rate_of(lounge, party_size=session.party_size, settings=settings)
    move = Move(activity=lounge, mode=mode_of(lounge), rate_minor_per_h=rate)
    if draft.running is not None:
        take_place(draft, move)
        return draft.outcome()
    draft.start(draft.now, lounge, None, mode_of(lounge), rate)
    # Nothing passes on the meter yet: the visit goes on with this when it is resumed.
    draft.shorten(draft.now)
    draft.session = draft.session.evolve(activity=lounge, station_id=None)
    draft.notes = attrs.evolve(draft.notes, rate_bands=(), booked_until=None, placed_at=draft.now)
    draft.tell(activity_changed(draft.segments[-1], session))
    return draft.outcome()


def _not_there_yet(draft: VisitDraft, command: LeaveStation) -> Outcome:
    """A visit on its way to the station learns that when its hold comes."""
    move = draft.notes.move
    if move is None or move.station_id != command.station_id:
        return Outcome()
    draft.notes = attrs.evolve(draft.notes, move=attrs.evolve(move, gone=True))
    return draft.outcome()
