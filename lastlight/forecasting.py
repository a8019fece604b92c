"""Forecasts of daily figures: `python -m lastlight.forecasting` reads a series and says what comes.

It runs as a process of its own, because the libraries of statistics take seconds and memory that a
node has other use for. Nothing that a node runs imports it. Input and output are JSON.

Method: exponential smoothing (ETS) with additive error, damped additive trend and a weekly season,
fitted by statsmodels; the band is its 80 % prediction interval. How wrong that is, is told by
forecasting the last days, one week at a time, from what was known before each.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any, Final

import msgspec
import pandas as pd
from statsmodels.tsa.exponential_smoothing.ets import ETSModel

from lastlight.forecasts import SEASON, Asked, Told

_ALPHA: Final = 0.2
_BACK_WEEKS_MAX: Final = 4


def forecast(asked: Asked) -> Told:
    """Look ahead, and back at how it would have been.

    Raises:
        ValueError: there are fewer than three weeks.
    """
    values = asked.values
    if len(values) < 3 * SEASON:
        raise ValueError(f"{len(values)} days are too few; {3 * SEASON} are needed")
    back: list[tuple[int, int, int, int]] = []
    weeks = min(_BACK_WEEKS_MAX, len(values) // SEASON - 2)
    for week in range(weeks, 0, -1):
        known = values[: len(values) - week * SEASON]
        came = values[len(known) : len(known) + SEASON]
        back += [(actual, *day) for actual, day in zip(came, _ahead(known, SEASON), strict=True)]
    return Told(ahead=_ahead(values, asked.days), back=back)


def _ahead(values: list[int], days: int) -> list[tuple[int, int, int]]:
    if len(set(values)) == 1:
        # Nothing varies, so nothing can be fitted, and nothing needs to be.
        return [(values[0],) * 3] * days
    with warnings.catch_warnings():
        # That a fit did not converge shows in the error that is told.
        warnings.simplefilter("ignore")
        model: Any = ETSModel(
            pd.Series(values, dtype=float),
            error="add",
            trend="add",
            damped_trend=True,
            seasonal="add",
            seasonal_periods=SEASON,
        )
        fitted = model.fit(disp=False)
        band = fitted.get_prediction(start=len(values), end=len(values) + days - 1).summary_frame(
            alpha=_ALPHA
        )
    return [
        (max(0, round(low)), max(0, round(mid)), max(0, round(high)))
        for low, mid, high in zip(band["pi_lower"], band["mean"], band["pi_upper"], strict=True)
    ]


def main() -> None:
    """Answer one question."""
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Asked)
    sys.stdout.buffer.write(msgspec.json.encode(forecast(asked)))


if __name__ == "__main__":
    main()
