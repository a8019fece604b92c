"""How the node is, in one word and one per part (`/readyz`).

Degraded is not down: commands on resident actors go on while the database is away, so 503 is only
for a node that takes none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

import attrs

from actors.runtime.node import Node
from lastlight.integrations.notifications.port import Channel
from protocol.limits import FLUSH_LAG_DEGRADED_S
from protocol.replies.ops import Readiness, ReadyStatus
from storage.write_behind.standing import Standing

OK: Final = "ok"
OFF: Final = "off"
"""Of what this node was started without: that is no trouble of the node's."""
RESTING: Final = "resting"
"""Of a provider that did not answer, or asked for it: it is left alone for a while."""


@attrs.define(eq=False, kw_only=True)
class Health:
    """Looks at the parts; `draining` is set when the node is told to stop."""

    node: Node
    write_behind: Standing
    payments_on: bool
    """Whether cards are taken here."""
    ways_on: Collection[Channel] = frozenset()
    """The ways to people that there are providers for."""
    payments_rest: Callable[[], bool] = lambda: False
    """Whether the payment provider is left alone for a while, as it does not answer."""
    ways_rest: Callable[[], Collection[Channel]] = tuple
    """Ways whose providers are."""
    jobs_in_trouble: Callable[[], Sequence[str]] = tuple
    """Names of jobs that fail, or should have run and did not."""
    draining: bool = False

    def readiness(self) -> Readiness:
        """The state of the whole, and a word on each part."""
        lag_s, resting = self.write_behind.lag_s, frozenset(self.ways_rest())
        parts = {
            "journal": "ok",
            "database": "away" if self.write_behind.away else "ok",
            "flush": f"{lag_s:.1f} s behind" if lag_s > FLUSH_LAG_DEGRADED_S else "ok",
            "refused_rows": str(self.write_behind.refused_rows or "ok"),
            "payments": _word(on=self.payments_on, rests=self.payments_rest()),
            "effects": self._effects(),
            "jobs": ", ".join(self.jobs_in_trouble()) or OK,
            **{way.value: _word(on=way in self.ways_on, rests=way in resting) for way in Channel},
        }
        if self.draining:
            return Readiness(status=ReadyStatus.DRAINING, parts=parts)
        if not self.node.ready:
            return Readiness(status=ReadyStatus.STARTING, parts={**parts, "actors": "starting"})
        well = all(word in (OK, OFF) for word in parts.values())
        return Readiness(status=ReadyStatus.OK if well else ReadyStatus.DEGRADED, parts=parts)

    def _effects(self) -> str:
        """What could not be done several times and waits still: a provider may be away."""
        effects = self.node.effects()
        stuck = {} if effects is None else effects.stuck()
        return ", ".join(f"{count} of {lane} wait" for lane, count in stuck.items()) or OK


def _word(*, on: bool, rests: bool) -> str:
    """A provider's, in one word."""
    if not on:
        return OFF
    return RESTING if rests else OK
