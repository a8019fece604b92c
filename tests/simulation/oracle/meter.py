"""The meter, worked out once more from Rule 3 and nothing else.

Visits of continuous time on one business day, longer than the grace and below every cap, cost
exactly the sum of rate times time, rounded down once per activity. Others cost no more than that.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from protocol.records.money import Purchase
from protocol.records.states import SegmentMode, SessionStatus
from protocol.records.visits import SessionHistory, SessionSegment
from tests.twins.nodes import World

HOUR_MS: Final = 3_600_000
GRACE_MS: Final = 5 * 60_000
LEAST_CAP_MINOR: Final = 1_000
"""The lowest that any house sets as its cap on a day's time in these nights."""
MS: Final = timedelta(milliseconds=1)


def assert_time_costs_what_it_costs(world: World) -> None:
    """For every visit that is closed."""
    rows = world.database.table
    segments: dict[UUID, list[Any]] = defaultdict(list)
    for segment in rows(SessionSegment).values():
        segments[segment.session_id].append(segment)
    others: dict[Any, int] = defaultdict(int)
    for visit in rows(SessionHistory).values():
        others[visit.user_id] += 1
    for visit in rows(SessionHistory).values():
        if visit.status is not SessionStatus.CLOSED or not segments[visit.id]:
            continue
        mine = segments[visit.id]
        if any(one.ended_at is None or one.mode is SegmentMode.BLOCK for one in mine):
            continue
        exact: dict[Any, int] = defaultdict(int)
        for one in mine:
            exact[one.activity] += one.rate_minor_per_h * ((one.ended_at - one.started_at) // MS)
        most = sum(-(-cost // HOUR_MS) for cost in exact.values())
        assert visit.time_charge_minor <= sum(exact.values()) / HOUR_MS, (visit, mine)
        active_ms = sum((one.ended_at - one.started_at) // MS for one in mine)
        plain = active_ms > GRACE_MS and most < LEAST_CAP_MINOR and others[visit.user_id] == 1
        if plain and len({one.business_day for one in mine}) == 1:
            wanted = sum(cost // HOUR_MS for cost in exact.values())
            assert visit.time_charge_minor == wanted, (visit, mine)


def assert_tax_is_in_the_price(world: World) -> None:
    """Rule 1: round-half-up(gross · bp / (10000 + bp)) per line."""
    for line in world.database.table(Purchase).values():
        gross, rate = line.total_minor, line.tax_rate_bp
        assert abs(2 * line.tax_minor * (10_000 + rate) - 2 * gross * rate) <= 10_000 + rate, line
        assert 2 * gross * rate - 2 * line.tax_minor * (10_000 + rate) < 10_000 + rate, line
