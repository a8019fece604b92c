"""Care for patrons: what account, session and venue tell one another of it (Rule 7).

None of these is a step of a saga: each travels by itself, and a second word of the same is nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from protocol.commands import Command, command


@command
class PatternSeen(Command):
    """Account → session: a rule that looks at money found too much; `since` began its window."""

    rule: str
    level: int
    value: float
    limit: float
    since: datetime
    window_s: int | None = None


@command
class PatronObserved(Command):
    """Venue → session: what staff noted of a person, who has a visit open here.

    The venue has written the register's line.
    """

    signs: tuple[str, ...] = ()
    visible_intoxication: bool = False
    occurred_at: datetime
    by_user: UUID


@command
class SendSomebody(Command):
    """Session → venue: somebody is to see to a patron; each tier tells more people.

    `task_id` names the task of this tier: it replaces `before_id`, whose people did not come.
    """

    task_id: UUID
    before_id: UUID | None = None
    intervention_id: UUID
    session_id: UUID
    user_id: UUID
    level: int
    tier: int = 0
    zone: str | None = None
    due_at: datetime


@command
class CareEnded(Command):
    """Session → venue: the case is over, and its task is none any more."""

    intervention_id: UUID
    task_id: UUID
    result: str
    by: UUID | None = None


@command
class HoldService(Command):
    """Session → venue: no alcohol for this person, and no way in, until management lifts it."""

    user_id: UUID
    session_id: UUID
    intervention_id: UUID
    level: int


@command
class HoldForNight(Command):
    """Session → venue: somebody whose visit is over was visibly intoxicated."""

    user_id: UUID


@command
class LiftService(Command):
    """Session → venue: management has lifted the hold."""

    user_id: UUID
    session_id: UUID


@command
class HelpAsked(Command):
    """Session → venue: a patron answered a check with help (Rule 7, level 4)."""

    emergency: ClassVar[bool] = True

    incident_id: UUID
    session_id: UUID
    user_id: UUID
    zone: str | None = None


@command
class TakeCare(Command):
    """Venue → session: somebody accepted the task of a case, which acknowledges it."""

    intervention_id: UUID
    by_user: UUID


@command
class CheckLapsed(Command):
    """Session → itself: the time to answer a check is over."""

    check_id: UUID


@command
class CareDue(Command):
    """Session → itself: a case should have been acknowledged, or have an outcome, by now."""

    intervention_id: UUID


@command
class LookAgain(Command):
    """Session → itself: it may be quiet for an hour, active for long, or cooled by now."""
