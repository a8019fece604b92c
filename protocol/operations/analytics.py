"""Figures of a venue, out of the ledger."""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID

from protocol.addresses import Role
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.operations.addresses import query
from protocol.operations.base import Operation, in_category
from protocol.replies.analytics import DayReport


@command
class GetZReport(Command):
    """A business day's report: X while it is open, Z once it is closed.

    Without a venue: the only one where the caller manages.
    """

    business_day: date
    venue_id: UUID | None = None


# fmt: off
OPERATIONS: Final = in_category(
    "Analytics",
    Operation(
        GetZReport, Role.MANAGEMENT, "GET /api/analytics/z-report/{business_day}",
        query("z_report"), DayReport,
        summary="X report of the open business day, Z report of a closed one.",
        errors=(Code.NOT_FOUND,),
    ),
)
# fmt: on
