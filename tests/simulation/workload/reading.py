"""Steps of those who only look: the read side's questions, which a node in memory passes on.

What they answer is PostgreSQL's and tested there. Here they go through the doors like everything
else: who may ask is decided, and what they cost the node while all kinds of things happen.
"""

from __future__ import annotations

from typing import Any, Final, cast

import attrs

from protocol.addresses import Role
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


@step(3)
async def ask_the_read_side(night: Night) -> None:
    """Any question, by somebody who may ask it, or by a guest who may not."""
    for row in night.random.sample(QUESTIONS, 4):
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
        if row.name in WITH_VENUE:
            path += f"?venue_id={VENUE}"
        if row.name == "ReadEvents":
            path = f"{row.path}?room=user:{who.user_id}"
        heard = await night.ask(who, "GET", path)
        if who.name != "owner" and row.least > Role.PATRON:
            assert heard.status in {401, 403, 404, 422}, (row.name, heard)
