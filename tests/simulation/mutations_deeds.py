"""Planted in what is written and shown of what was decided."""

from __future__ import annotations

from typing import Any

import attrs

from actors.account import admission
from actors.account.wallet import WalletDraft
from actors.runtime.drafting import Drafter
from actors.venue import checking_in, managing, orders, stations
from lastlight.realtime.members import Member
from protocol.errors import Code
from tests.simulation.mutations import mutation, reached

VISIT = "session"


@mutation(WalletDraft, "close_hold", tells=True)
def hold_of_a_visit_left_open(original: Any) -> Any:
    """All credit goes back, and the hold is open for ever (Rule 3)."""

    def close_hold(self: Any, hold: Any, **more: Any) -> Any:
        if hold.purpose != VISIT:
            return original(self, hold, **more)
        reached()
        return self.hold_exactly(hold, 0)

    return close_hold


@mutation(orders, "move", tells=True)
def stock_moved_and_not_booked(original: Any) -> Any:
    """What is sold leaves the stock, and no movement says so."""

    def move(*given: Any, **named: Any) -> Any:
        change = original(*given, **named)
        reached(bool(change.movements))
        return attrs.evolve(change, movements=())

    return move


@mutation(managing, "refuse_version", tells=True)
def old_version_taken(original: Any) -> Any:
    """Of two who saw one version both change it, and the first change is lost (Rule 12)."""

    def refuse_version(expected: Any, current: int, *, whose: str) -> None:
        reached(original(expected, current, whose=whose) is not None)

    return refuse_version


@mutation(admission, "refuse_exclusion", tells=True)
def who_is_kept_out_comes_in(original: Any) -> Any:
    """An exclusion keeps nobody out (Rule 7)."""

    def refuse_exclusion(*given: Any, **named: Any) -> None:
        reached(original(*given, **named) is not None)

    return refuse_exclusion


@mutation(Drafter, "_timer", tells=True)
def alarm_made_no_louder(original: Any) -> Any:
    """Who raised an SOS that nobody answers waits for ever (Rule 8)."""

    def timer(self: Any, wanted: Any, version: int) -> Any:
        if not wanted.name.startswith("sos:"):
            return original(self, wanted, version)
        reached()
        never = attrs.evolve(wanted, due_at=wanted.due_at.replace(year=2031))
        return original(self, never, version)

    return timer


@mutation(Member, "shape", tells=True)
def silent_alarm_shown_to_its_raiser(original: Any) -> Any:
    """What is to be hidden from somebody's devices is not (Rule 8)."""

    def shape(self: Any, frames: Any, membership: Any) -> Any:
        shaped = original(self, frames, membership)
        if shaped is None or frames.event.hide_from != self.principal.user_id:
            return shaped
        reached()
        return frames.full(self.wire)

    return shape


@mutation(checking_in, "_refuse_full", tells=True)
def capacity_not_looked_at(original: Any) -> Any:
    """However many are in, more are let in (Rule 2)."""

    def refuse_full(state: Any, party_size: int) -> None:
        reached(original(state, party_size) is not None)

    return refuse_full


@mutation(stations, "refuse_station", tells=True)
def two_at_one_station(original: Any) -> Any:
    """A machine or a room that somebody has is given to another."""

    def refuse_station(state: Any, station: Any, *more: Any) -> Any:
        refusal = original(state, station, *more)
        if refusal is None or refusal.code is not Code.STATION_BUSY or station.session_id is None:
            return refusal
        reached()
        return None

    return refuse_station
