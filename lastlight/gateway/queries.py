"""Answers from the tables: the operations of the read side, by the name of their query.

Each sees at least what was durable when its request arrived, with its caller's eyes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import date, datetime
from functools import partial
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs

from actors.rules.opening_hours import opens_at, windows_between
from actors.runtime.answers import Answer
from lastlight.gateway.calls import Call
from lastlight.gateway.media import CSV, HTML, Document, Rows, csv_document
from lastlight.web.receipt_page import receipt_page
from protocol.addresses import Position
from protocol.codec import to_json
from protocol.records.values import Period
from storage.postgres.asked import Asked
from storage.postgres.database import Connection
from storage.postgres.queries_admin import audit_chain, audit_logs, venues
from storage.postgres.queries_days import z_report
from storage.postgres.queries_figures import dashboard, occupancy, revenue
from storage.postgres.queries_inventory import games, menu_items, rooms
from storage.postgres.queries_ledger import account_balances, csv_ledger, ledger
from storage.postgres.queries_money import receipt, transaction, transactions
from storage.postgres.queries_payments import (
    payment,
    payment_methods,
    reconciliation,
    refunds,
)
from storage.postgres.queries_people import user, users
from storage.postgres.queries_people_figures import (
    patron_figures,
    safety_figures,
    safety_figures_csv,
    staff_figures,
)
from storage.postgres.queries_projections import History, history_of
from storage.postgres.queries_reservations import reservations
from storage.postgres.queries_safety import csv_safety_logs, incidents, safety_logs
from storage.postgres.queries_sessions import session_history, sessions
from storage.postgres.queries_staff import performance, schedule, shifts, tasks
from storage.postgres.queries_transactions import credit_packages
from storage.postgres.queries_users import own_preferences, own_profile
from storage.postgres.queries_venues import public_venues
from storage.postgres.reading import Asking, Reader

__all__ = ["NAMED_QUERIES", "Queries"]

Own = Callable[[Call], Awaitable[Answer]]
Query = Callable[[Connection, Any, Asked], Awaitable[object]]
CsvQuery = Callable[[Connection, Any, Asked], Rows]
"""The rows of a table, the names of its columns first."""

NAMED_QUERIES: Final[Mapping[str, Query]] = {
    "own_profile": own_profile,
    "sessions": sessions,
    "session_history": session_history,
    "own_preferences": own_preferences,
    "users": users,
    "user": user,
    "credit_packages": credit_packages,
    "refunds": refunds,
    "payment": payment,
    "payment_methods": payment_methods,
    "reconciliation": reconciliation,
    "transactions": transactions,
    "transaction": transaction,
    "receipt": receipt,
    "ledger": ledger,
    "games": games,
    "rooms": rooms,
    "menu_items": menu_items,
    "reservations": reservations,
    "public_venues": public_venues,
    "incidents": incidents,
    "safety_logs": safety_logs,
    "shifts": shifts,
    "schedule": schedule,
    "tasks": tasks,
    "performance": performance,
    "audit_logs": audit_logs,
    "audit_chain": audit_chain,
    "venues": venues,
    "z_report": z_report,
    "dashboard": dashboard,
    "revenue": revenue,
    "occupancy": occupancy,
    "patron_figures": patron_figures,
    "staff_figures": staff_figures,
    "safety_figures": safety_figures,
}


CSV_QUERIES: Final[Mapping[str, CsvQuery]] = {
    "ledger": csv_ledger,
    "safety_logs": csv_safety_logs,
    "safety_figures": safety_figures_csv,
}
"""Queries that offer text/csv."""
HTML_VIEWS: Final[Mapping[str, Callable[[Any], str]]] = {
    "receipt": receipt_page,
}
"""How a reply of a query that offers text/html looks as a page."""


@attrs.frozen(kw_only=True)
class Queries:
    """The read side of the gateway. `durable` tells how far the journal is."""

    reader: Reader
    durable: Callable[[], Position]
    now: Callable[[], datetime]

    def answers(self) -> Mapping[str, Own]:
        """By the name of the query."""
        return {name: self._answering(name, query) for name, query in NAMED_QUERIES.items()}

    async def history(self, call: Call, since: date) -> History:
        """What forecasts are made of; see `history_of`."""
        asked = self._asked(call)
        async with self.reader.snapshot(asked.asking, self.durable()) as connection:
            return await history_of(connection, call.command.venue_id, since, asked)  # type: ignore[attr-defined]

    def _asked(self, call: Call) -> Asked:
        return Asked(
            asking=_asking(call),
            now=self.now(),
            opens_at=_opens_at,
            open_between=_open_between,
        )

    def _answering(self, name: str, query: Query) -> Own:
        async def answer(call: Call) -> Answer:
            needed = self.durable()
            asked = self._asked(call)
            if call.media == CSV:
                return await csv_document(
                    partial(self._rows, CSV_QUERIES[name], call, asked, needed), f"{name}.csv"
                )
            async with self.reader.snapshot(asked.asking, needed) as connection:
                reply = await query(connection, call.command, asked)
            if call.media == HTML:
                page = HTML_VIEWS[name](reply).encode()
                return Document(status=200, media=f"{HTML}; charset=utf-8", body=page)
            version: int | None = getattr(reply, "version", None)
            return Answer(status=call.operation.status, body=to_json(reply), version=version)

        return answer

    async def balances(self, ids: Sequence[UUID]) -> Mapping[str, int]:
        """What stands on ledger accounts, by code, with all that was durable when asked.

        Raises:
            StaleRead: the tables can't be asked now.
        """
        async with self.reader.own_snapshot(self.durable()) as connection:
            return await account_balances(connection, ids)

    async def _rows(self, query: CsvQuery, call: Call, asked: Asked, needed: Position) -> Rows:
        """All rows of a query, out of one snapshot."""
        async with (
            self.reader.snapshot(asked.asking, needed) as connection,
            aclosing(query(connection, call.command, asked)) as rows,
        ):
            async for row in rows:
                yield row


def _asking(call: Call) -> Asking:
    """With the role at the venue that is asked about, or the highest that the caller has."""
    venue_id = getattr(call.command, "venue_id", None)
    if isinstance(venue_id, UUID):
        return Asking.at(call.signed_in, venue_id)
    return Asking.anywhere(call.signed_in)


def _opens_at(hours: Mapping[str, Any], at: datetime, tz: str) -> datetime | None:
    return opens_at(hours, at, ZoneInfo(tz))


def _open_between(hours: Mapping[str, Any], asked: Period, tz: str) -> tuple[Period, ...]:
    found = windows_between(hours, asked.start, asked.end, ZoneInfo(tz))
    return tuple(Period(start=window.opens_at, end=window.closes_at) for window in found)
