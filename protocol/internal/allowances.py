"""A patron's own limits, as the account tells them to the visit that is open (Rule 7).

One visit is open at a time, so what other visits used stays the same while this one runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

import attrs

from protocol.commands import Command, command
from protocol.records.states import LimitPeriod


@attrs.frozen(kw_only=True)
class TimeLimit:
    """So many minutes in a period of business days."""

    period: LimitPeriod
    minutes: int


@attrs.frozen(kw_only=True)
class TimeAllowance:
    """The limits that hold, and the time of visits that are over, by business day.

    Without a limit nothing is told of other visits.
    """

    limits: tuple[TimeLimit, ...] = ()
    elsewhere_ms: Mapping[date, int] = attrs.field(factory=dict)
    spend_left_minor: int | None = None
    """What own limits of money left for today when the account spoke; None without any."""


@command
class OwnTimeChanged(Command):
    """Account → session: the patron's own limits of time are others now; of money it tells with
    the next request.
    """

    session_id: UUID
    time: TimeAllowance
