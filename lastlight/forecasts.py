"""What a node says to the process that forecasts, and what that answers.

The process itself is `lastlight.forecasting`.
"""

from __future__ import annotations

from typing import Final

import attrs

METHOD: Final = "ETS(A,Ad,A), weekly season, statsmodels; band of 80 %"
SEASON: Final = 7
"""Days of a week."""


@attrs.frozen(kw_only=True)
class Asked:
    """A figure of each day, oldest first, without a gap; and how many days ahead."""

    values: list[int]
    days: int


@attrs.frozen(kw_only=True)
class Told:
    """Low, mid and high of each day ahead, and pairs of (actual, low, mid, high) looking back."""

    ahead: list[tuple[int, int, int]]
    back: list[tuple[int, int, int, int]]
