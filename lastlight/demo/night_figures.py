"""What the screen of the demo shows, counted as it happens. Everything is bounded."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs

from lastlight.demo.night_telling import Names, Told, sold, tell

WINDOW_S: Final = 10.0
"""Over which rates and latencies are shown."""
ANSWERS_MAX: Final = 20_000
SALES_MAX: Final = 2_000
FEED_MAX: Final = 200
HEARD_MAX: Final = 4_000


@attrs.frozen(kw_only=True)
class Rate:
    """Answers of the last WINDOW_S."""

    per_s: float
    p50_ms: float
    p99_ms: float


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that `share` of `values` do not exceed; 0 for none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@attrs.define(eq=False)
class Figures:
    """The night so far. `clock` gives seconds that never go back."""

    clock: Callable[[], float]
    began_s: float = attrs.field(init=False)
    answer_count: int = 0
    visit_count: int = 0
    sale_count: int = 0
    event_count: int = 0
    refusals: Counter[str] = attrs.field(factory=Counter)
    occupancy: Mapping[str, Any] | None = None
    revenue: Mapping[str, Any] | None = None
    actors: Mapping[str, int] = attrs.field(factory=dict)
    names: Names = attrs.field(factory=Names)
    feed: deque[tuple[float, Told]] = attrs.field(factory=lambda: deque(maxlen=FEED_MAX))
    _answers: deque[tuple[float, float]] = attrs.field(factory=lambda: deque(maxlen=ANSWERS_MAX))
    _sales: deque[float] = attrs.field(factory=lambda: deque(maxlen=SALES_MAX))
    _last_sale: tuple[Told, int, int] | None = None
    _heard: OrderedDict[str, None] = attrs.field(factory=OrderedDict)

    def __attrs_post_init__(self) -> None:
        self.began_s = self.clock()

    def answered(self, took_s: float, code: str | None) -> None:
        """A request was answered; `code` is that of a refusal, or why there was no answer."""
        self.answer_count += 1
        self._answers.append((self.clock(), took_s * 1000))
        if code is not None:
            self.refusals[code] += 1

    def hear(self, event: Mapping[str, Any]) -> None:
        """An event of any room; what was heard in another one already counts once."""
        if not self._is_new(str(event.get("id"))):
            return
        self.event_count += 1
        type_, data = str(event["type"]), event.get("data")
        if data is None:
            return
        if type_ == "venue.occupancy_changed":
            self.occupancy = data
        elif type_ == "revenue.tick":
            self.revenue = data
        elif type_ == "session.checked_in":
            self.visit_count += 1
        elif type_ == "transaction.posted" and data["kind"] == "purchase":
            self._sell(data)
            return
        if (told := tell(type_, data, self.names)) is not None:
            self.feed.append((self.clock(), told))

    def _sell(self, data: Mapping[str, Any]) -> None:
        """Sales in a row are one line, or nothing else would be seen on a busy night."""
        self.sale_count += 1
        self._sales.append(self.clock())
        paid_minor = abs(data["amount_minor"])
        count, total_minor = 1, paid_minor
        if self._last_sale is not None and self.feed and self.feed[-1][1] is self._last_sale[0]:
            _, count, total_minor = self._last_sale
            count, total_minor = count + 1, total_minor + paid_minor
            self.feed.pop()
        told = sold(count, total_minor, data["currency"])
        self._last_sale = (told, count, total_minor)
        self.feed.append((self.clock(), told))

    def note(self, sentence: str, mood: str = "calm") -> None:
        """Something that the players have to say themselves."""
        self.feed.append((self.clock(), Told(sentence, mood)))

    def rate(self) -> Rate:
        """How often and how fast answers came."""
        since = self.clock() - WINDOW_S
        recent = [took_ms for at, took_ms in self._answers if at >= since]
        elapsed_s = min(WINDOW_S, max(1.0, self.clock() - self.began_s))
        return Rate(
            per_s=len(recent) / elapsed_s,
            p50_ms=percentile(recent, 0.50),
            p99_ms=percentile(recent, 0.99),
        )

    def sales_per_min(self) -> int:
        """Sales of the last 60 s."""
        since = self.clock() - 60
        return sum(1 for at in self._sales if at >= since)

    def _is_new(self, id_: str) -> bool:
        if id_ in self._heard:
            return False
        self._heard[id_] = None
        while len(self._heard) > HEARD_MAX:
            self._heard.popitem(last=False)
        return True
