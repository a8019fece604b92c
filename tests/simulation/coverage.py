"""What a run of nights has met: a fault or an operation that never occurred shows nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from protocol.operations.table import OPERATIONS
from tests.simulation.faults import FAULTS, FOLLOW
from tests.simulation.nights import Told

ENOUGH: Final = 300
"""From so many nights on all must have occurred."""
UNREAD: Final = frozenset(
    {
        "GetDashboard", "GetOccupancy", "GetOwnProfile", "GetPatronAnalytics", "GetPayment",
        "GetPerformance", "GetPreferences", "GetProjections", "GetReceipt", "GetReconciliation",
        "GetRevenue", "GetSafetyAnalytics", "GetSchedule", "GetStaffAnalytics", "GetTransaction",
        "GetUser", "GetZReport", "ListAuditLogs", "ListCreditPackages", "ListGames",
        "ListIncidents", "ListMenuItems", "ListPaymentMethods", "ListPublicVenues", "ListRefunds",
        "ListReservations", "ListRooms", "ListSafetyLogs", "ListSessionHistory", "ListSessions",
        "ListShifts", "ListTasks", "ListTransactions", "ListUsers", "ListVenues", "ReadLedger",
        "VerifyAuditChain",
    }
)  # fmt: skip
"""Queries that are SQL, which only PostgreSQL answers (`tests/storage/test_queries_*.py`).

In memory they go through the doors, and end as 503 `stale_read`; all others have to be answered.
"""


class Coverage:
    """Counts over all nights of a run."""

    def __init__(self) -> None:
        self.nights = self.steps = 0
        self.cpu_s = 0.0
        self.faults: Counter[str] = Counter()
        self.operations: Counter[str] = Counter()
        self.unread: Counter[str] = Counter()

    def add(self, told: Told) -> None:
        """Count a night."""
        self.nights += 1
        self.steps += told.steps
        self.cpu_s += told.cpu_s
        self.faults += told.faults
        self.operations += told.operations
        self.unread += told.unread

    def missing(self) -> list[str]:
        """Faults and operations that never occurred, and queries that were answered after all."""
        faults = [name for name in (*FAULTS, *FOLLOW) if not self.faults[name]]
        operations = [row.name for row in OPERATIONS if not self._counted(row.name)]
        surprising = [f"{name} unanswered" for name in UNREAD if self.operations[name]]
        return [*faults, *operations, *sorted(surprising)]

    def _counted(self, name: str) -> int:
        """How often an operation was answered, or taken to where nobody answers it here."""
        return (self.unread if name in UNREAD else self.operations)[name]

    def table(self) -> str:
        """All of it, in columns."""
        faults = _columns((name, self.faults[name]) for name in (*FAULTS, *FOLLOW))
        names = sorted({row.name for row in OPERATIONS} - UNREAD)
        operations = _columns((name, self.operations[name]) for name in names)
        unread = _columns((name, self.unread[name]) for name in sorted(UNREAD))
        nights = max(1, self.nights)
        return (
            f"{self.nights} nights · {self.steps / nights:.0f} steps and "
            f"{self.faults.total() / nights:.0f} faults a night · "
            f"{self.cpu_s / nights:.2f} s of one core a night\n\nfaults\n{faults}\n"
            f"\noperations answered\n{operations}\n"
            f"\nqueries taken to a read side that is not there\n{unread}"
        )


def _columns(cells: Iterable[tuple[str, int]]) -> str:
    texts = [f"{count:>7} {name:<28}" for name, count in cells]
    return "\n".join("".join(texts[at : at + 3]).rstrip() for at in range(0, len(texts), 3))
