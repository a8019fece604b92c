"""What a session remembers in the columns that only it reads: its meter's notes and its fence's.

They are values with a shape of their own, stored as JSON; nothing outside this package reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

import attrs
import msgspec

from actors.rules.geofence import FenceState
from protocol.records.states import Activity, SegmentMode, SessionStatus
from protocol.records.values import RateBand
from protocol.records.visits import Session

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Drink:
    """Alcohol bought at one moment, in thousandths of a standard drink."""

    at: datetime
    milli: int


@attrs.frozen(kw_only=True)
class Move:
    """A change of activity that is under way; the venue gives all but the first."""

    activity: Activity
    station_id: UUID | None = None
    mode: SegmentMode | None = None
    rate_minor_per_h: int = 0
    rate_bands: tuple[RateBand, ...] = ()


@attrs.frozen(kw_only=True)
class MeterNotes:
    """What the meter has asked for and been given. Amounts are minor units, by business day.

    One request for time is in flight at most: `asked_minor` is what it asks for, and `tick` its
    number. What was charged and what is asked for is never asked for again, so the sum of all
    requests is the charge, whenever they come back.
    """

    tick: int = 0
    asked_minor: Mapping[date, int] | None = None
    charged_minor: Mapping[date, int] = attrs.field(factory=dict)
    charged_until: datetime
    """Time before this moment is paid or asked for, and can't be taken back."""
    elsewhere_minor: Mapping[date, int] = attrs.field(factory=dict)
    """Time charged by other visits of the day: the cap counts it."""
    available_minor: int = 0
    """What the wallet had besides the hold when it last spoke."""
    hold_until: datetime
    warned: bool = False
    """Whether low credit was told and has not been cured since."""
    elapsed_ms: Mapping[SessionStatus, int] = attrs.field(factory=dict)
    """Time spent in each status before the present one."""
    plays: int = 0
    orders: int = 0
    spent_minor: int = 0
    drinks: tuple[Drink, ...] = ()
    rate_bands: tuple[RateBand, ...] = ()
    """Of the room that the visit is in: when its rate changes."""
    move: Move | None = None
    """The change of activity that is under way; there is one at a time."""
    resume_reason: str | None = None
    """What was said when a resume was asked for that waits for its hold."""

    @property
    def settled_minor(self) -> int:
        """Charged for time so far, as the account confirmed."""
        return sum(self.charged_minor.values())

    @property
    def in_flight_minor(self) -> int:
        """Asked for and not yet confirmed."""
        return 0 if self.asked_minor is None else sum(self.asked_minor.values())


def meter_of(session: Session) -> MeterNotes:
    """The meter's notes of a visit that has begun."""
    return msgspec.convert(session.meter, MeterNotes, str_keys=True)


def fence_of(session: Session) -> FenceState:
    """What is remembered of the fixes; nothing at first."""
    if session.geofence is None:
        return FenceState()
    return msgspec.convert(session.geofence, FenceState)


def noted(value: object) -> dict[str, Any]:
    """A value as it is stored; `meter_of` and `fence_of` read it back."""
    plain = msgspec.to_builtins(value, str_keys=True)
    assert isinstance(plain, dict)
    return plain
