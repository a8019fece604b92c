"""Keeping oneself out for a while, or somebody else out of a venue (Rule 7)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from protocol.addresses import Role
from protocol.bounds import integer
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.errors import FieldError
from protocol.operations.addresses import account
from protocol.operations.base import KeyRule, Operation, in_category
from protocol.records.states import ExclusionKind
from protocol.replies.people import ExclusionStarted
from protocol.values import Reason

COOL_OFF_DAYS: Final = (1, 7, 30, 42)
SELF_EXCLUSION_MONTHS: Final = (6, 60)
"""From the first to the second."""
_ALLOWED: Final = {
    ExclusionKind.COOL_OFF: {"days"},
    ExclusionKind.SELF_EXCLUSION: {"months"},
    ExclusionKind.VENUE_BAN: {"user_id", "venue_id", "until"},
}
_REQUIRED: Final = {
    ExclusionKind.COOL_OFF: ("days",),
    ExclusionKind.SELF_EXCLUSION: ("months",),
    ExclusionKind.VENUE_BAN: ("user_id", "venue_id", "reason"),
}


@command
class StartExclusion(Command):
    """A cool-off or self-exclusion of one's own, or by management a ban of another person.

    A ban without `until` lasts until it is lifted.
    """

    kind: ExclusionKind
    days: Annotated[int, integer(1, 42)] | None = None
    months: Annotated[int, integer(*SELF_EXCLUSION_MONTHS)] | None = None
    user_id: UUID | None = None
    venue_id: UUID | None = None
    until: datetime | None = None
    reason: Reason | None = None

    def faults(self) -> Iterable[FieldError]:
        """Exactly what the kind takes."""
        for name in _REQUIRED[self.kind]:
            if getattr(self, name) is None:
                yield FieldError(f"/{name}", "required", f"{self.kind.value} needs it")
        for name in ("days", "months", "venue_id", "until"):
            if getattr(self, name) is not None and name not in _ALLOWED[self.kind]:
                yield FieldError(f"/{name}", "not_allowed", f"{self.kind.value} has none")
        if self.days is not None and self.days not in COOL_OFF_DAYS:
            days = ", ".join(str(day) for day in COOL_OFF_DAYS)
            yield FieldError("/days", "out_of_range", f"a cool-off lasts {days} days")


# fmt: off
OPERATIONS: Final = in_category(
    "Safety",
    Operation(
        StartExclusion, Role.PATRON, "POST /api/safety/exclusions", account("user_id"),
        ExclusionStarted,
        summary="Keep oneself out for a while, or as management somebody out of the venue.",
        status=201, also=(200,), key=KeyRule.ACCEPTED, errors=(Code.EXCLUSION_ACTIVE,),
        emits=(
            "safety.exclusion_changed", "session.status_changed", "auth.session_revoked",
        ),
    ),
)
# fmt: on
