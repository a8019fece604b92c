"""What was drunk before a visit began, and what of it the visit begins with (Rule 7).

A business day and the last two hours are a person's, not a visit's: who checks out and in again,
here or elsewhere, has had what they had. All of it is pure, and counts thousandths of a drink.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from actors.rules.safety_levels import HOLD, QUIET, Crossing, Watch
from actors.rules.safety_pace import PACE_120, Drunk


def counted_from(day_start: datetime, now: datetime) -> datetime:
    """Since when drinks count for any row: the business day, or two hours if it is younger."""
    return min(day_start, now - PACE_120)


def taken_together(drinks: Iterable[Drunk], most: int) -> tuple[Drunk, ...]:
    """At most so many drinks, in order; of too many the oldest are added up.

    They count as had later, never as forgotten.
    """
    kept = sorted(drinks, key=lambda drink: drink.at)
    while len(kept) > most:
        first, second, *rest = kept
        kept = [Drunk(at=second.at, milli=first.milli + second.milli), *rest]
    return tuple(kept)


def begun_with(
    found: Iterable[Crossing], drinks: Sequence[Drunk], now: datetime
) -> tuple[tuple[Crossing, ...], Watch]:
    """What raises the level of a visit that begins now, and what is remembered as raised before.

    `found` is what `drinks` reach now. Level 3 does not fall by itself, so it is there from the
    beginning. Levels 1 and 2 would have fallen after an hour without a drink: then their rows are
    not told once more, as they raise once in a window.
    """
    last_at = max((drink.at for drink in drinks), default=now)
    if now - last_at < QUIET:
        return tuple(found), Watch()
    standing = [crossing for crossing in found if crossing.level >= HOLD]
    fallen = [crossing for crossing in found if crossing.level < HOLD]
    return tuple(standing), Watch(fired={crossing.name: last_at for crossing in fallen})
