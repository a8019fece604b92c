"""On what terms effects are performed, and how a performer says that it could not.

An effect that raises `EffectDelayed` is tried again, after longer and longer waits, until it is
done, too old or was tried too often; one that raises `EffectRefused` is given up at once. What is
given up is kept for the operator. Reasons are kept and logged: no secret, address or text in them.
"""

from __future__ import annotations

from typing import Final

import attrs

from protocol.background_limits import (
    EFFECT_AGE_MAX_S,
    EFFECT_TRIES_MAX,
    EFFECT_TRY_S,
    EFFECT_WAIT_FIRST_S,
    EFFECT_WAIT_MAX_S,
)
from protocol.errors import LastLightError
from protocol.limits import EFFECTS_AT_ONCE_MAX


@attrs.define(eq=False)
class EffectDelayed(LastLightError):
    """It could not be done now; it is tried again, not before `not_before_s` seconds have passed.

    `not_before_s` is what a provider asked for (`Retry-After`).
    """

    reason: str
    not_before_s: float = 0.0

    def __str__(self) -> str:
        return f"not done now: {self.reason}"


@attrs.define(eq=False)
class EffectRefused(LastLightError):
    """It will never be done, so nobody need try again."""

    reason: str

    def __str__(self) -> str:
        return f"never done: {self.reason}"


@attrs.frozen
class Lane:
    """Effects that wait for one another's places: those of one provider, say.

    A provider that hangs holds up its own lane and no other. Urgent effects have as many places
    again, for themselves.
    """

    name: str
    at_once_max: int = EFFECTS_AT_ONCE_MAX


LANE: Final = Lane("other")


@attrs.frozen(kw_only=True)
class EffectTerms:
    """How an effect of one kind is performed."""

    lane: Lane = LANE
    try_s: float = EFFECT_TRY_S
    """How long one try may take before it counts as failed."""
    tries_max: int = EFFECT_TRIES_MAX
    """Since the node started; only the age is known over a crash."""
    age_max_s: float = EFFECT_AGE_MAX_S
    """Since the decision: later it would help nobody."""
    wait_first_s: float = EFFECT_WAIT_FIRST_S
    wait_max_s: float = EFFECT_WAIT_MAX_S

    def wait_s(self, tries: int, chance: float, not_before_s: float = 0.0) -> float:
        """How long to wait after so many failed tries (at least 1), in seconds.

        Doubles each time up to `wait_max_s`, then `chance` (0 to 1) takes up to half of it off,
        so that what failed together does not come back together.
        """
        whole = min(self.wait_first_s * 2.0 ** min(tries - 1, 32), self.wait_max_s)
        return max(whole * (1 - chance / 2), min(not_before_s, self.wait_max_s))


USUAL_TERMS: Final = EffectTerms()
