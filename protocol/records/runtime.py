"""Schema `runtime`: rows of ours that the contract does not name.

They are records like the others: owned by one actor, versioned, loaded and flushed generically.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from protocol.addresses import ActorKind
from protocol.records.base import Record, Table, Unique, record
from protocol.records.states import Activity, ExclusionKind, SessionStatus
from protocol.records.values import Json


@record(
    Table(
        name="identities",
        key=("id",),
        unique=(Unique(("email",)), Unique(("user_id",))),
        schema="runtime",
    )
)
class Identity(Record):
    """Who signs in with an e-mail address; the identity actor's one row.

    `id` is the actor's (see `protocol.addresses.identity_of`); `email` is lower-cased.
    """

    id: UUID
    email: str
    user_id: UUID
    version: int = 1


@record(
    Table(
        name="dead_letters",
        key=("message_id",),
        versioned=False,
        append_only=True,
        schema="runtime",
    )
)
class DeadLetter(Record):
    """A message whose decision raised. `payload` is the message as msgpack, or empty if too long.

    A dead command can only be read, as its caller may have retried; a dead send that was no part
    of a saga can be replayed.
    """

    message_id: UUID
    actor_type: ActorKind
    actor_id: UUID
    command: str
    error: str
    payload: bytes
    replayable: bool
    at: datetime


@record(Table(name="floor_places", key=("session_id",), tenant="venue_id", schema="runtime"))
class FloorPlace(Record):
    """A seat on the venue's floor: what the venue knows of a session without asking it."""

    session_id: UUID
    venue_id: UUID
    user_id: UUID
    display_name: str
    party_size: int
    activity: Activity
    status: SessionStatus
    zone: str | None = None
    station_id: UUID | None = None
    safety_level: int = 0
    started_at: datetime
    last_fix_at: datetime | None = None
    charged_minor: int = 0
    booked_until: datetime | None = None
    version: int = 1


@record(Table(name="open_visits", key=("user_id",), schema="runtime"))
class OpenVisit(Record):
    """The account's one open session, over all venues (Rule 2)."""

    user_id: UUID
    session_id: UUID
    venue_id: UUID
    hold_id: UUID
    opened_at: datetime
    version: int = 1


@record(Table(name="time_used", key=("user_id", "business_day"), schema="runtime"))
class TimeUsed(Record):
    """Time of one person's visits that are over, by business day: own limits count it (Rule 7)."""

    user_id: UUID
    business_day: date
    active_ms: int
    version: int = 1


@record(
    Table(
        name="duty_places",
        key=("venue_id", "staff_id"),
        tenant="venue_id",
        schema="runtime",
    )
)
class DutyPlace(Record):
    """Someone on duty, as the venue knows it: who is alerted first (Rule 8)."""

    staff_id: UUID
    venue_id: UUID
    shift_id: UUID
    display_name: str
    on_break: bool = False
    since: datetime
    version: int = 1


@record(
    Table(
        name="drawers_in_use",
        key=("till_id",),
        unique=(Unique(("venue_id", "drawer")),),
        tenant="venue_id",
        schema="runtime",
    )
)
class DrawerInUse(Record):
    """A cash drawer with an open till, which the venue gives out (Rule 13)."""

    till_id: UUID
    venue_id: UUID
    drawer: str
    staff_id: UUID
    version: int = 1


@record(
    Table(
        name="approvals_used",
        key=("venue_id", "decider_id", "business_day", "kind"),
        tenant="venue_id",
        schema="runtime",
    )
)
class ApprovalUse(Record):
    """What somebody approved on a business day, of one kind (Rules 9 and 10)."""

    venue_id: UUID
    decider_id: UUID
    business_day: date
    kind: str
    used_minor: int
    version: int = 1


@record(
    Table(
        name="recent_plays",
        key=("game_id", "user_id"),
        tenant="venue_id",
        schema="runtime",
    )
)
class RecentPlay(Record):
    """Who played a machine last and when: a fault gives the play back (Rule 4)."""

    game_id: UUID
    user_id: UUID
    venue_id: UUID
    played_at: datetime
    version: int = 1


@record(
    Table(
        name="schedule_weeks",
        key=("venue_id", "week"),
        tenant="venue_id",
        schema="runtime",
    )
)
class ScheduleWeek(Record):
    """The plan of a week, which begins on a Monday: its version counts the changes of all of it.

    A week that was never planned has no row and is shown at version 1; so a week is shown at one
    more than the version of its row.
    """

    venue_id: UUID
    week: date
    ends_at: datetime
    version: int = 1


@record(Table(name="shift_claims", key=("schedule_id",), tenant="venue_id", schema="runtime"))
class ShiftClaim(Record):
    """A published shift, as the platform knows it: nobody is planned at two places at once."""

    schedule_id: UUID
    venue_id: UUID
    week: date
    staff_id: UUID
    starts_at: datetime
    ends_at: datetime
    version: int = 1


@record(Table(name="trading", key=("venue_id",), tenant="venue_id", schema="runtime"))
class Trading(Record):
    """How far a venue's business days are closed: the last Z number given, and the last day.

    Both move when a day begins to be closed, so that what comes later finds the next day open.
    """

    venue_id: UUID
    z_number: int
    closed_through: date
    version: int = 1


@record(Table(name="planned_settings", key=("id",), tenant="venue_id", schema="runtime"))
class PlannedSettings(Record):
    """Settings that come into force later. `patch` is a merge patch, as it was sent."""

    id: UUID
    venue_id: UUID
    effective_at: datetime
    patch: Json
    set_by: UUID | None
    planned_at: datetime
    version: int = 1


@record(
    Table(name="safety_holds", key=("venue_id", "user_id"), tenant="venue_id", schema="runtime")
)
class SafetyHold(Record):
    """A person whom a venue serves no alcohol and lets in no more, until management lifts it.

    Of a visit at level 3 or above, and it outlives the visit; without a visit, of staff who saw
    somebody visibly intoxicated, and then it ends by itself at `ends_at` (Rule 7).
    """

    venue_id: UUID
    user_id: UUID
    session_id: UUID | None = None
    intervention_id: UUID | None = None
    level: int
    since: datetime
    ends_at: datetime | None = None
    version: int = 1


@record(Table(name="kept_exclusions", key=("id",), schema="runtime"))
class KeptExclusion(Record):
    """An exclusion that outlives its account, known by a salted digest of the address (Rule 16).

    `id` is the exclusion's, and the salt.
    """

    id: UUID
    identity_hash: bytes
    kind: ExclusionKind
    venue_id: UUID | None
    starts_at: datetime
    ends_at: datetime | None
    version: int = 1


@record(Table(name="platform_settings", key=("name",), schema="runtime"))
class PlatformSetting(Record):
    """A setting of the whole node that was ever changed; without a value it is the default."""

    name: str
    value: int | None
    set_by: UUID | None
    set_at: datetime
    version: int = 1
