"""How tests put a decision to the question: a state of records, a context, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from actors.runtime.outcome import Context, Decision, Outcome
from actors.runtime.state import State
from protocol.addresses import Address, Principal, Role
from protocol.errors import Code, Refusal
from protocol.messages import Provenance
from protocol.records.base import RECORDS, Record

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
S = TypeVar("S", bound=State)


class Ids:
    """Ids that count up, so that a failing test names the same ones again."""

    def __init__(self) -> None:
        self._last = 0

    def fresh(self) -> UUID:
        self._last += 1
        return UUID(int=(0x0192 << 112) | (0x7 << 76) | (0x8 << 60) | self._last)


IDS = Ids()


def a_principal(user_id: UUID, role: Role = Role.PATRON, venue_id: UUID | None = None) -> Principal:
    """Someone signed in; with a role at one venue, or everywhere if no venue is given."""
    at_venue = {} if venue_id is None else {venue_id: role}
    return Principal(
        user_id=user_id,
        display_name="Somebody",
        roles=at_venue,
        everywhere=Role.PATRON if venue_id is not None else role,
        token_version=1,
        family_id=UUID(int=7),
        expires_at=NOW + timedelta(minutes=15),
    )


def a_context(
    address: Address,
    *,
    now: datetime = NOW,
    principal: Principal | None = None,
    shared: Mapping[Address, object] | None = None,
    expected_version: int | None = None,
    in_saga: bool = True,
    occurred_at: datetime | None = None,
) -> Context:
    """A context as the runtime would give it; `occurred_at` is of a device that was offline."""
    known = shared or {}
    return Context(
        now=now,
        principal=principal,
        address=address,
        message_id=IDS.fresh(),
        fresh_id=IDS.fresh,
        shared=known.get,
        expected_version=expected_version,
        in_saga=in_saga,
        provenance=None if occurred_at is None else Provenance(occurred_at=occurred_at),
    )


def filled(state: S, records: Iterable[Record]) -> S:
    """The state with these records in it."""
    for record in records:
        state.put(record)
    return state


def accepted(decision: Decision) -> Outcome:
    """The outcome of a decision that must not be a refusal."""
    assert isinstance(decision, Outcome), decision
    assert not isinstance(decision.reply, Refusal), decision.reply
    return decision


def refused(decision: Decision) -> Refusal:
    """The refusal of a decision that must be one."""
    refusal = decision.reply if isinstance(decision, Outcome) else decision
    assert isinstance(refusal, Refusal), decision
    return refusal


def refused_with(decision: Decision) -> Code:
    """The code of a decision that must be a refusal."""
    return refused(decision).code


def after(state: S, outcome: Outcome) -> S:
    """Apply an outcome's records to the state, as the runtime does."""
    for record in outcome.changes:
        state.put(record)
    for record in outcome.removes:
        state.discard(RECORDS[record.table.name], record.primary_key)
    return state
