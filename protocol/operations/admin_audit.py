"""The audit trail, and the proof that nobody changed it."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from protocol.addresses import Role
from protocol.bounds import integer, text
from protocol.commands import Command, command
from protocol.domain_limits import CHAIN_ROWS_MAX
from protocol.errors import FieldError
from protocol.limits import PAGE_ITEMS_DEFAULT
from protocol.operations.addresses import query
from protocol.operations.base import Operation, in_category
from protocol.replies.admin_audit import AuditList, ChainVerdict
from protocol.values import Cursor, PageSize

Sequence = Annotated[int, integer(1)]


@command
class ListAuditLogs(Command):
    """The trail of a venue, newest first; without one the caller's own rows of the platform's."""

    venue_id: UUID | None = None
    actor_id: UUID | None = None
    action: Annotated[str, text(min=1, max=80)] | None = None
    object_type: Annotated[str, text(min=1, max=80)] | None = None
    object_id: Annotated[str, text(min=1, max=200)] | None = None
    since: datetime | None = None
    until: datetime | None = None
    cursor: Cursor | None = None
    limit: PageSize = PAGE_ITEMS_DEFAULT


class Chain(enum.StrEnum):
    """The chains of hashes that a venue has."""

    AUDIT = "audit"
    SAFETY = "safety"
    LEDGER = "ledger"


@command
class VerifyAuditChain(Command):
    """Recompute a chain of hashes over a range of sequence numbers, both ends included.

    Without an end: up to where the chain stands. Without a venue: the platform's audit trail.
    """

    venue_id: UUID | None = None
    chain: Chain = Chain.AUDIT
    from_seq: Sequence = 1
    to_seq: Sequence | None = None

    def faults(self) -> Iterable[FieldError]:
        """The range is not empty and not too long; only the audit trail is the platform's too."""
        if self.to_seq is not None and self.to_seq < self.from_seq:
            yield FieldError("/to_seq", "out_of_range", "must not be less than from_seq")
        elif self.to_seq is not None and self.to_seq - self.from_seq >= CHAIN_ROWS_MAX:
            yield FieldError(
                "/to_seq", "out_of_range", f"at most {CHAIN_ROWS_MAX} rows are verified at once"
            )
        if self.venue_id is None and self.chain is not Chain.AUDIT:
            yield FieldError("/venue_id", "required", f"the chain {self.chain} is a venue's")


# fmt: off
OPERATIONS: Final = in_category(
    "Admin",
    Operation(
        ListAuditLogs, Role.OWNER, "GET /api/admin/audit-logs", query("audit_logs"), AuditList,
        summary="Audit trail: who did what, before and after, from where.",
        audited="audit.read",
    ),
    Operation(
        VerifyAuditChain, Role.OWNER, "GET /api/admin/audit-logs/verify", query("audit_chain"),
        ChainVerdict,
        summary="Recompute the chain of hashes over a range.",
    ),
)
# fmt: on
