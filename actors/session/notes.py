"""What a session remembers in the columns that only it reads: its meter's notes and its fence's.

They are values with a shape of their own, stored as JSON; nothing outside this package reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import attrs
import msgspec

from actors.rules.corrections import excess_minor, taken_back, without
from actors.rules.geofence import FenceState
from actors.rules.safety_levels import Watch
from actors.rules.safety_pace import Drunk, Seen
from protocol.internal.allowances import TimeAllowance
from protocol.records.states import Activity, SegmentMode, SessionStatus
from protocol.records.values import RateBand
from protocol.records.visits import Session

T = TypeVar("T")
EXHAUSTED: Final = "exhausted"
"""Why a session is paused whose funds ended."""
TIME_LIMIT: Final = "time_limit"
"""Why a session is paused whose patron used up an own limit of time."""
RESTS_BY_ITSELF: Final = (EXHAUSTED, TIME_LIMIT)


@attrs.frozen(kw_only=True)
class Move:
    """A change of activity that is under way; the venue gives all but the first."""

    activity: Activity
    station_id: UUID | None = None
    mode: SegmentMode | None = None
    rate_minor_per_h: int = 0
    rate_bands: tuple[RateBand, ...] = ()
    gone: bool = False
    """The station is not to be had any more: it broke while the account was asked."""


@attrs.frozen(kw_only=True)
class Lengthening:
    """A booking that is to last longer."""

    minutes: int
    until: datetime


@attrs.frozen(kw_only=True)
class Details:
    """What staff may say of a visit; None leaves it as it is, and an empty text takes it away."""

    party_size: int | None = None
    table: str | None = None
    zone: str | None = None
    note: str | None = None
    display_name: str | None = None


@attrs.frozen(kw_only=True)
class CareNotes:
    """What is remembered for the patron's safety (Rule 7)."""

    watch: Watch = attrs.field(factory=Watch)
    signs: tuple[Seen, ...] = ()
    reminded: int = 0
    """Breaks that the patron was reminded of."""
    asked_at: datetime | None = None
    """When the last check was sent."""
    ok_at: datetime | None = None
    """When one was last answered with ok."""


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
    drinks: tuple[Drunk, ...] = ()
    """Alcohol of this visit, and of what was before it as much as still counts."""
    care: CareNotes = attrs.field(factory=CareNotes)
    rate_bands: tuple[RateBand, ...] = ()
    """Of the room that the visit is in: when its rate changes."""
    move: Move | None = None
    """The change of activity that is under way; there is one at a time."""
    resume_reason: str | None = None
    """What was said when a resume was asked for that waits for its hold."""
    tax_bp: int = 0
    """Tax inside the price of time, as it was when the visit began."""
    time: TimeAllowance = attrs.field(factory=TimeAllowance)
    """The patron's own limits of time, as the account last told them."""
    limits_told: tuple[str, ...] = ()
    """Which of them people were told of that they are nearly or wholly used."""
    booked_until: datetime | None = None
    """The end of the booking of the place that the visit is at, if it has one."""
    lengthening: Lengthening | None = None
    """The longer booking that is asked for; there is one at a time."""
    details: Details | None = None
    """What staff changed that waits for seats for more people."""
    voiding: bool = False
    """Whether the account was asked to take the visit back: until it answers nothing ends it."""
    card_orders: int = 0
    """Orders that may be paid by card: whether they were served the account knows."""
    acted_at: datetime | None = None
    """When the patron last did something besides changing status: ordered, or moved."""
    forced_reason: str | None = None
    """Why the visit was ended against the patron's will."""
    placed_at: datetime | None = None
    """When the patron last moved, or another rate began because of how many they are."""
    rested_from: datetime | None = None
    """Since when the visit was active that its meter paused by itself."""
    seen_at: datetime | None = None
    """Of a visit that is closing: before what moment it can't have ended."""
    rewound: bool = False
    """Whether more may be charged than time costs, because it stopped earlier than was known."""
    owed_minor: Mapping[date, int] | None = None
    """What time costs by the request in flight, if that is to give back what is beyond it."""

    @property
    def settled_minor(self) -> int:
        """Charged for time so far, as the account confirmed."""
        return sum(self.charged_minor.values())

    @property
    def expected_minor(self) -> Mapping[date, int]:
        """What will be charged when the request in flight has come back."""
        asked = self.asked_minor or {}
        sums = {
            day: self.charged_minor.get(day, 0) + asked.get(day, 0)
            for day in {**self.charged_minor, **asked}
        }
        if self.owed_minor is None:
            return sums
        total_minor = excess_minor(sums, self.owed_minor)
        return without(sums, taken_back(sums, self.owed_minor, total_minor))

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
