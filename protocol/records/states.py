"""The words that rows use for states and kinds, exactly those of the contract.

They are stored as text with a check constraint of the same members, so a new word needs a
migration. What the contract leaves open (reasons, sources, channels) is plain text and not here.
"""

from __future__ import annotations

import enum


class RoleName(enum.StrEnum):
    """A role at a venue, as rows and tokens spell it; see `protocol.addresses.Role`."""

    PATRON = "patron"
    STAFF = "staff"
    MANAGEMENT = "management"
    OWNER = "owner"


class UserStatus(enum.StrEnum):
    """Whether an account may sign in. A ban is an exclusion and leaves the status alone."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ERASED = "erased"


class AuthTokenKind(enum.StrEnum):
    """What a single-use token is good for."""

    PASSWORD_RESET = "password_reset"  # noqa: S105 - a kind, not a secret
    EMAIL_VERIFICATION = "email_verification"
    PHONE_VERIFICATION = "phone_verification"
    TRANSFER_CODE = "transfer_code"


class PushPlatform(enum.StrEnum):
    """Who delivers to a device."""

    FCM = "fcm"
    APNS = "apns"


class LimitKind(enum.StrEnum):
    """What a patron's own limit counts (Rule 7)."""

    SPEND = "spend"
    TOPUP = "topup"
    TIME = "time"


class LimitPeriod(enum.StrEnum):
    """One, 7 or 30 business days (Rule 7)."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class ExclusionKind(enum.StrEnum):
    """Why somebody may not come in (Rule 7)."""

    COOL_OFF = "cool_off"
    SELF_EXCLUSION = "self_exclusion"
    VENUE_BAN = "venue_ban"


class VenueStatus(enum.StrEnum):
    """Whether a venue takes patrons."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"
    SUSPENDED = "suspended"


class SessionStatus(enum.StrEnum):
    """The life of a patron's visit (Rule 2)."""

    ACTIVE = "active"
    PAUSED = "paused"
    AUTO_PAUSED = "auto_paused"
    COOLING = "cooling"
    CLOSING = "closing"
    CLOSED = "closed"
    VOIDED = "voided"


OPEN_SESSION: tuple[SessionStatus, ...] = (
    SessionStatus.ACTIVE,
    SessionStatus.PAUSED,
    SessionStatus.AUTO_PAUSED,
    SessionStatus.COOLING,
    SessionStatus.CLOSING,
)
"""Open is the first five: one open session per user over all venues (Rule 2)."""


class Activity(enum.StrEnum):
    """What a patron does; each has its rate (Rule 3)."""

    LOUNGE = "lounge"
    ARCADE_TIME = "arcade_time"
    ARCADE_PLAY = "arcade_play"
    TABLE = "table"
    KARAOKE_ROOM = "karaoke_room"


class SegmentMode(enum.StrEnum):
    """How a segment is rounded (Rule 3)."""

    CONTINUOUS = "continuous"
    BLOCK = "block"


class CheckOutCause(enum.StrEnum):
    """Who or what ended a visit."""

    PATRON = "patron"
    STAFF = "staff"
    FORCED = "forced"
    AUTO = "auto"
    CUTOVER = "cutover"
    EXCLUSION = "exclusion"


class ForceReason(enum.StrEnum):
    """Why management ends a visit against the patron's will."""

    SAFETY = "safety"
    CLOSING_TIME = "closing_time"
    NO_CONTACT = "no_contact"
    MISCONDUCT = "misconduct"


class InterventionStatus(enum.StrEnum):
    """How far a safety case has come."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    ESCALATED = "escalated"
    CLOSED = "closed"


class InterventionSource(enum.StrEnum):
    """Who opened a safety case."""

    SYSTEM = "system"
    STAFF = "staff"
    PATRON = "patron"


class InterventionOutcome(enum.StrEnum):
    """What the responder reports."""

    FINE = "fine"
    WATER_FOOD = "water_food"
    REFUSED_SERVICE = "refused_service"
    RIDE_ARRANGED = "ride_arranged"
    LEFT_ESCORTED = "left_escorted"
    MEDICAL = "medical"
    ESCALATE = "escalate"


class SafetyCheckKind(enum.StrEnum):
    """What a patron is asked."""

    WELLBEING = "wellbeing"
    REACTION = "reaction"
    BREAK_REMINDER = "break_reminder"


class SafetyCheckResponse(enum.StrEnum):
    """What a patron answers."""

    OK = "ok"
    HELP = "help"
    LEAVE = "leave"


class IncidentKind(enum.StrEnum):
    """Whose call it is: staff's SOS or a patron's request for help."""

    SOS = "sos"
    HELP = "help"


class Severity(enum.StrEnum):
    """How soon the tiers of an incident follow one another (Rule 8)."""

    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class IncidentStatus(enum.StrEnum):
    """The life of an incident; `EXHAUSTED` is still open and loudest (Rule 8)."""

    RAISED = "raised"
    NOTIFYING = "notifying"
    ACKNOWLEDGED = "acknowledged"
    ON_SCENE = "on_scene"
    EXHAUSTED = "exhausted"
    RESOLVED = "resolved"
    FALSE_ALARM = "false_alarm"


class BroadcastKind(enum.StrEnum):
    """What everyone is told to do."""

    EVACUATE = "evacuate"
    SHELTER = "shelter"
    MEDICAL = "medical"
    ALL_CLEAR = "all_clear"
    INFO = "info"


class BroadcastAudience(enum.StrEnum):
    """Who is told."""

    STAFF = "staff"
    EVERYONE = "everyone"


class ReservationKind(enum.StrEnum):
    """A room at a time, or a place in line."""

    SLOT = "slot"
    WAITLIST = "waitlist"


class ReservationStatus(enum.StrEnum):
    """The life of a booking."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no_show"
    EXPIRED = "expired"


class TurnStatus(enum.StrEnum):
    """A singer's place in a room's queue."""

    WAITING = "waiting"
    NEXT = "next"
    SINGING = "singing"
    DONE = "done"
    SKIPPED = "skipped"


class ShiftStatus(enum.StrEnum):
    """The life of a shift (Rule 13)."""

    OPEN = "open"
    ON_BREAK = "on_break"
    ENDED = "ended"
    NEEDS_REVIEW = "needs_review"


class ScheduleStatus(enum.StrEnum):
    """Whether a planned shift is shown."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CANCELLED = "cancelled"


class TaskStatus(enum.StrEnum):
    """The life of a task (Rule 13)."""

    OPEN = "open"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    BLOCKED = "blocked"
    DONE = "done"
    CANCELLED = "cancelled"


class TaskPriority(enum.StrEnum):
    """Which task comes first."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"
