"""Several things that follow from one message, as one outcome; and answers for whoever asked."""

from __future__ import annotations

from itertools import chain

import attrs

from actors.runtime.outcome import Context, Outcome
from protocol.replies.base import Done


def together(*parts: Outcome, reply: object = None, status: int | None = None) -> Outcome:
    """All of the parts, in order; their replies don't count. No row may stand in two of them."""
    changes = tuple(chain.from_iterable(part.changes for part in parts))
    keys = [(row.table.name, row.primary_key) for row in changes]
    assert len(keys) == len(set(keys)), f"a row changes twice in one outcome: {keys}"
    return Outcome(
        reply=reply,
        status=status,
        changes=changes,
        removes=tuple(chain.from_iterable(part.removes for part in parts)),
        appends=tuple(chain.from_iterable(part.appends for part in parts)),
        events=tuple(chain.from_iterable(part.events for part in parts)),
        sends=tuple(chain.from_iterable(part.sends for part in parts)),
        timers=tuple(chain.from_iterable(part.timers for part in parts)),
    )


def answered(outcome: Outcome, context: Context) -> Outcome:
    """With an answer if somebody waits for one: what the gateway asks may also be sent or timed."""
    return attrs.evolve(outcome, reply=Done()) if context.in_saga else outcome
