"""Answers against a small sequential model: each actor decides one thing after another.

The order is the one in which keys were answered in the journal. By it, whoever asked after somebody
else was answered comes after them (linearizable); each key has one answer, which is the one that
was told; and what was said of a visit's state is what Rule 2 says of the state it was in.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import attrs

from protocol.entries import EntryRows
from protocol.operations.base import KeyRule
from protocol.records.money_states import IdempotencyStatus
from protocol.records.platform import IdempotencyKey
from protocol.records.visits import Session
from tests.night.books import entries_of
from tests.simulation.asking import Sent
from tests.simulation.night import Answered, Night
from tests.twins.people import Heard

MAY: Final = {
    "POST /api/sessions/{session_id}/pause": frozenset({"active"}),
    "POST /api/sessions/{session_id}/checkout": frozenset(
        {"active", "paused", "auto_paused", "cooling"}
    ),
}
"""Rule 2: in which states this is never refused as `invalid_transition`, unless a void is under
way that may come first."""
VOID: Final = "DELETE /api/sessions/{session_id}"
SOS: Final = "/api/emergency/sos"
WITHOUT_KEYS: Final = frozenset({"RegisterUser", "StepUp", "LogIn", "RefreshToken"})


@attrs.define(eq=False)
class Model:
    """All answered keys in the order of the journal, and visits as they were at each."""

    places: dict[str, tuple[int, IdempotencyKey]] = attrs.field(factory=dict)
    visits: dict[UUID, str] = attrs.field(factory=dict)
    voiding: dict[str, UUID] = attrs.field(factory=dict)
    """By key: visits that somebody asked to void and was not answered."""

    def take(self, place: int, entry: EntryRows) -> None:
        """The next entry."""
        for table, key in entry.removes:
            if table == IdempotencyKey.table.name:
                self.voiding.pop(key[-1], None)
        for record in entry.changes:
            if isinstance(record, IdempotencyKey) and f"{record.method} {record.route}" == VOID:
                self.voiding.pop(record.key, None)
                if record.status is IdempotencyStatus.IN_PROGRESS:
                    self.voiding[record.key] = record.actor_id
            if isinstance(record, IdempotencyKey) and record.status is IdempotencyStatus.DONE:
                before = self.places.get(record.key)
                if before is not None and before[1].response is not None:
                    # An SOS that names no venue is for where its raiser works when it is asked.
                    elsewhere = before[1].actor_id != record.actor_id and record.route == SOS
                    assert elsewhere or before[1].response == record.response, (
                        f"{record.key} was answered twice: {before[1].response} and "
                        f"{record.response}"
                    )
                    continue
                self.places[record.key] = (place, record)
                self._judge(record)
        for table, key in entry.removes:
            if table == Session.table.name:
                self.visits.pop(key[0], None)  # It is over, and kept elsewhere.
        for record in entry.changes:
            if isinstance(record, Session):
                self.visits[record.id] = record.status.value

    def _judge(self, row: IdempotencyKey) -> None:
        """Whether a visit was in a state in which it is refused so."""
        refusal = (row.response or {}).get("refusal")
        allowed = MAY.get(f"{row.method} {row.route}")
        if allowed is None or refusal is None or refusal["code"] != "invalid_transition":
            return
        if row.actor_id in self.voiding.values():
            return
        state = self.visits.get(row.actor_id)
        assert state not in allowed, f"refused while the visit was {state}: {row}"


def assert_answers_are_in_order(night: Night) -> None:
    """To be asked with `night.answered`, which grows."""
    model = Model()
    for place, entry in enumerate(entries_of(night.world)):
        model.take(place, entry)
    last: dict[tuple[Any, Any], list[tuple[int, int]]] = {}
    for one in night.answered:
        if not _has_key(one.sent, one.heard):
            continue
        known = model.places.get(one.sent.key)
        assert known is not None, f"{one.sent} was answered {one.heard} and no entry says so"
        place, row = known
        _assert_told(one, row)
        last.setdefault((row.actor_type, row.actor_id), []).append((place, one.number))
    by_number = {one.number: one for one in night.answered}
    for told in last.values():
        told.sort()
        latest_asked = 0
        # Whoever comes earlier in the journal was asked for before anything later was answered.
        for _, number in told:
            one = by_number[number]
            assert one.ended > latest_asked, (
                f"{one.sent} was answered before something was asked that was decided earlier"
            )
            latest_asked = max(latest_asked, one.began)


def _assert_told(one: Answered, row: IdempotencyKey) -> None:
    """What was told is what is stored."""
    stored = row.response or {}
    assert one.heard.status == stored["status"], (one, stored)
    if isinstance(stored["body"], dict) and isinstance(one.heard.body, dict):
        told = {name: one.heard.body.get(name) for name in stored["body"]}
        secret = {"client_secret": None, "dropped": None}
        assert {**told, **secret} == {**stored["body"], **secret}, (one, stored)


def _has_key(sent: Sent, heard: Heard) -> bool:
    operation = sent.operation
    if operation is None or operation.by_gateway or operation.key is KeyRule.NONE:
        return False
    if isinstance(heard.body, dict) and heard.body.get("recorded") is False:
        return False
    return operation.changes and operation.name not in WITHOUT_KEYS and heard.status < 300
