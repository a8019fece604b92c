"""How an effect says that it was not done: what may come right, and what never will.

Whoever performs an effect raises one of these; the runtime decides when it is tried again, and
lists what is dead. Reasons say what the provider said, and never whom it was said of: they are
shown to operators.
"""

from __future__ import annotations

from typing import ClassVar

import attrs

from protocol.errors import Code, LastLightError


@attrs.define(eq=False, kw_only=True)
class EffectNotDone(LastLightError):
    """It was not done, as far as is known, and may be done later.

    `after_s` is what the provider asked to wait at least; None leaves it to the runtime.
    """

    code: ClassVar[Code] = Code.ACTOR_UNAVAILABLE
    reason: str
    after_s: float | None = None

    def __str__(self) -> str:
        wait = "" if self.after_s is None else f"; ask again in {self.after_s:g} s"
        return f"{self.reason}{wait}"


@attrs.define(eq=False, kw_only=True)
class EffectDead(LastLightError):
    """It can't be done, however often it is tried: it goes to the operator's list."""

    reason: str

    def __str__(self) -> str:
        return self.reason
