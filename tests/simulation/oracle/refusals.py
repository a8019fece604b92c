"""A refusal is for a reason that was there, by what was written, when it was asked or since.

The model knows some facts about people, places and wallets from entry to entry. Who is told that
they are in already was in; whose wallet is said to be frozen owed something; where a house was full
there were too few seats. Of what no fact is known here nothing is asked. All refusals that the
journal holds are judged, whether anybody heard them or not.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from weakref import WeakKeyDictionary

import attrs

from protocol.entries import Entry
from protocol.records.money_states import IdempotencyStatus
from protocol.records.platform import IdempotencyKey
from tests.simulation.clients import entry_of
from tests.simulation.night import Night
from tests.simulation.oracle.facts import Facts, Refused
from tests.simulation.oracle.reasons import JUDGES


@attrs.define(eq=False)
class Refusals:
    """What was refused, as far as the journal is read, and the facts until then."""

    read: int = 0
    facts: Facts = attrs.field(factory=Facts)
    asked_at: dict[str, tuple[int, datetime]] = attrs.field(factory=dict)
    """By key, the place of the journal where it was first known, and the time."""

    def go_on(self, night: Night) -> None:
        """Read what was written since the last time."""
        history = night.world.disk.known()
        for place, data in enumerate(history[self.read :], self.read):
            entry = entry_of(data)
            for row in entry.changes:
                if isinstance(row, IdempotencyKey):
                    self._judge(night, row, place, entry)
            self.facts.take(entry, place)
        self.read = len(history)

    def _judge(self, night: Night, row: IdempotencyKey, place: int, entry: Entry) -> None:
        began, asked = self.asked_at.setdefault(row.key, (place, entry.at))
        refusal = (row.response or {}).get("refusal")
        if row.status is not IdempotencyStatus.DONE or refusal is None:
            return
        sent, judge = night.asked.get(row.key), JUDGES.get(refusal["code"])
        if sent is None or judge is None:
            return
        refused = Refused(
            row=row, sent=sent, began=began, asked=asked, at=entry.at,
            detail=refusal["detail"], extra=refusal["extra"] or {},
        )  # fmt: skip
        assert judge(self.facts, refused), f"refused for no reason there was: {sent} -> {refusal}"


_REFUSALS: Final[WeakKeyDictionary[Night, Refusals]] = WeakKeyDictionary()


def assert_refusals_have_reasons(night: Night) -> None:
    """To be asked when all is written down."""
    _REFUSALS.setdefault(night, Refusals()).go_on(night)
