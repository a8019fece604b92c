"""What is on sale (GET /api/transactions/packages)."""

from __future__ import annotations

from typing import Final

from protocol.operations.transactions import ListCreditPackages
from protocol.records import payments
from protocol.replies.transactions import CreditPackage, CreditPackages
from storage.postgres.asked import Asked, blocks_of, venue_on_show
from storage.postgres.database import Connection
from storage.postgres.mapping import mapping_of
from storage.postgres.paging import after_of, page_of

SQL: Final = blocks_of("transactions")


async def credit_packages(
    connection: Connection, command: ListCreditPackages, asked: Asked
) -> CreditPackages:
    """Packages on sale at a venue, oldest first, within their hours or not.

    Raises:
        NotOnShow: the venue is not there, or not open to patrons.
        CursorInvalid: see there.
    """
    after = after_of(command)
    await venue_on_show(connection, command.venue_id)
    rows = await connection.fetch(
        SQL["credit_packages"].sql, command.venue_id, after, command.limit + 1
    )
    found = mapping_of(payments.CreditPackage).from_rows(rows)
    page, cursor = page_of(found, command, lambda row: row.id)
    return CreditPackages(items=tuple(_view(row) for row in page), next_cursor=cursor)


def _view(row: payments.CreditPackage) -> CreditPackage:
    return CreditPackage(
        package_id=row.id,
        venue_id=row.venue_id,
        name=row.name,
        price_minor=row.price_minor,
        credits_minor=row.credits_minor,
        bonus_minor=row.bonus_minor,
        bonus_days=row.bonus_days,
        valid_hours=row.valid_hours,
        per_day_cap=row.per_day_cap,
        version=row.version,
    )
