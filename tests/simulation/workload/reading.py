"""Steps of those who only look: the read side's questions, which a node in memory passes on.

What they answer is PostgreSQL's and tested there. Here they go through the doors like everything
else: who may ask is decided, and what they cost the node while all kinds of things happen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import urlencode

import attrs

from protocol.addresses import Role
from protocol.operations.figures import OfDays
from protocol.operations.table import OPERATIONS
from protocol.records.money import Transaction
from protocol.records.payments import Payment
from tests.simulation.night import Night
from tests.simulation.workload.steps import step
from tests.twins.people import VENUE

QUESTIONS: Final = tuple(row for row in OPERATIONS if row.query is not None)
WITH_VENUE: Final = frozenset(
    row.name
    for row in QUESTIONS
    if any(field.name == "venue_id" for field in attrs.fields(cast("Any", row.command)))
)
DAYS: Final = {"from": "2026-11-19", "to": "2026-11-20"}
NEEDED: Final[Mapping[str, Mapping[str, str]]] = {
    "GetReconciliation": {"business_day": "2026-11-20"},
    "ListUsers": {"q": "patron"},
    **{row.name: DAYS for row in QUESTIONS if issubclass(row.command, OfDays)},
}
"""What else has to be said, by the question."""
AT_ONCE: Final = 10


@step(4)
async def ask_the_read_side(night: Night) -> None:
    """Any questions, by somebody who may ask them, or by a guest who may not."""
    for row in night.random.sample(QUESTIONS, AT_ONCE):
        who = await night.owner() if night.perhaps(0.8) else await night.patron()
        order = next(iter(night.rows(Transaction)), None)
        payment = next(iter(night.rows(Payment)), None)
        known = {
            "user_id": who.user_id,
            "staff_id": who.user_id,
            "transaction_id": str(getattr(order, "id", who.user_id)),
            "payment_id": str(getattr(payment, "id", who.user_id)),
            "business_day": "2026-11-20",
        }
        path = row.path.format_map(known)
        asked = {"venue_id": VENUE} if row.name in WITH_VENUE else {}
        asked |= NEEDED.get(row.name, {})
        path += f"?{urlencode(asked)}" if asked else ""
        if row.name == "ReadEvents":
            path = f"{row.path}?room=user:{who.user_id}"
        heard = await night.ask(who, "GET", path)
        if who.name != "owner" and row.least > Role.PATRON:
            assert heard.status in {401, 403, 404, 422}, (row.name, heard)
