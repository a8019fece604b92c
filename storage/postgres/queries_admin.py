"""What owners look at: the audit trail, whether its chain holds, and their venues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final
from uuid import UUID

import attrs
import msgspec

from protocol.domain_limits import CHAIN_ROWS_MAX
from protocol.errors import Code, FieldError, LastLightError, Refusal
from protocol.operations.admin_audit import ListAuditLogs, VerifyAuditChain
from protocol.operations.admin_venues import ListVenues
from protocol.records.states import VenueStatus
from protocol.replies.admin_audit import AuditLine, AuditList, ChainVerdict
from protocol.replies.admin_venues import TodaysFigures, VenueDetail, VenueList, VenueWithFigures
from storage.postgres.asked import Asked, blocks_of
from storage.postgres.chain_checks import check_chain
from storage.postgres.database import Connection
from storage.postgres.paging import after_of, number_after, page_of

SQL: Final = blocks_of("admin")


@attrs.frozen
class RangeTooLong(LastLightError):
    """More rows than one request may have verified. Nothing was read."""

    code: ClassVar[Code] = Code.VALIDATION_FAILED
    count: int

    def __str__(self) -> str:
        return f"{self.count} rows; at most {CHAIN_ROWS_MAX} are verified at once: name a to_seq"

    def refusal(self) -> Refusal:
        """422 at the end of the range."""
        errors = (FieldError("/to_seq", "out_of_range", str(self)),)
        return Refusal(self.code, str(self), errors=errors)


async def audit_logs(connection: Connection, command: ListAuditLogs, asked: Asked) -> AuditList:
    """Lines of one chain, newest first; the cursor holds a number of the chain.

    Raises:
        CursorInvalid: see there.
    """
    before = number_after(command)
    rows = await connection.fetch(
        SQL["audit_logs"].sql,
        command.venue_id,
        before,
        command.actor_id,
        command.action,
        command.object_type,
        command.object_id,
        command.since,
        command.until,
        command.limit + 1,
    )
    page, cursor = page_of(rows, command, lambda row: UUID(int=row["seq"]))
    return AuditList(items=tuple(_line(row) for row in page), next_cursor=cursor)


def _line(row: Mapping[str, Any]) -> AuditLine:
    before, after = row["before"], row["after"]
    return AuditLine(
        seq=row["seq"],
        at=row["at"],
        actor_id=row["actor_id"],
        role=row["role"],
        action=row["action"],
        object_type=row["object_type"],
        object_id=row["object_id"],
        before=None if before is None else msgspec.json.decode(before),
        after=None if after is None else msgspec.json.decode(after),
        request_id=row["request_id"],
        ip=row["ip"],
        hash=row["hash"],
    )


async def audit_chain(
    connection: Connection, command: VerifyAuditChain, asked: Asked
) -> ChainVerdict:
    """Whether a chain holds. One that ends before its head stands has lost its last rows.

    Raises:
        RangeTooLong: see there.
    """
    head = await connection.fetchrow(SQL["chain_head"].sql, command.venue_id, command.chain.value)
    head_seq = 0 if head is None else int(head["seq"])
    first, last = command.from_seq, command.to_seq or head_seq
    if last - first + 1 > CHAIN_ROWS_MAX:
        raise RangeTooLong(last - first + 1)
    checked = await check_chain(connection, command.chain, command.venue_id, first, last)
    broken = checked.broken_seq
    if broken is None and head is not None and last == head_seq and checked.hash != head["hash"]:
        broken = head_seq
    return ChainVerdict(
        ok=broken is None,
        chain=command.chain.value,
        venue_id=command.venue_id,
        from_seq=first,
        to_seq=last,
        count=checked.count,
        head_hash=checked.hash.hex() if checked.count else None,
        broken_seq=broken,
    )


async def venues(connection: Connection, command: ListVenues, asked: Asked) -> VenueList:
    """The caller's venues, oldest first, with today's figures.

    Raises:
        CursorInvalid: see there.
    """
    rows = await connection.fetch(SQL["venues"].sql, after_of(command), command.limit + 1)
    page, cursor = page_of(rows, command, lambda row: row["id"])
    return VenueList(items=tuple(_venue(row) for row in page), next_cursor=cursor)


def _venue(row: Mapping[str, Any]) -> VenueWithFigures:
    return VenueWithFigures(
        venue=VenueDetail(
            venue_id=row["id"],
            name=row["name"],
            tz=row["tz"],
            currency=row["currency"],
            cutover=f"{row['cutover_local']:%H:%M}",
            lat=row["lat"],
            lon=row["lon"],
            radius_m=row["radius_m"],
            capacity=row["capacity"],
            hours=msgspec.json.decode(row["hours"]),
            status=VenueStatus(row["status"]),
            status_reason=row["status_reason"],
            last_orders_at=row["last_orders_at"],
            address=row["address"],
            tax_id=row["tax_id"],
            created_at=row["created_at"],
            version=row["version"],
        ),
        today=TodaysFigures(
            business_day=row["today"],
            present=row["present"] or 0,
            sessions=row["sessions"] or 0,
            on_duty=row["on_duty"] or 0,
            gross_minor=row["gross_minor"],
            tax_minor=row["tax_minor"],
        ),
    )
