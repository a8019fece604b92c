"""Exclusions that outlive their accounts: the platform keeps them, and shares them with its node.

An account that is founded, or that takes another address, compares the address with each (Rule 16).
"""

from __future__ import annotations

from typing import Final

from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from actors.runtime.state import State
from protocol.internal.accounts import KeepExclusions
from protocol.reads import Read
from protocol.records.runtime import KeptExclusion

KEPT_READ: Final = Read(KeptExclusion, by=None)


@decides(KeepExclusions)
def decide_keep_exclusions(state: State, command: KeepExclusions, context: Context) -> Decision:
    """Keep them; one that is known is kept with its latest end."""
    rows = []
    for one in command.exclusions:
        known = state.get(KeptExclusion, one.id)
        version = 1 if known is None else known.version + 1
        rows.append(one.evolve(version=version))
    return Outcome(changes=tuple(rows))


def kept_of(state: State) -> tuple[KeptExclusion, ...]:
    """All that are kept, for the decisions of the node."""
    return tuple(state.all(KeptExclusion))
