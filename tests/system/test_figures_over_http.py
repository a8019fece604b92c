"""Analytics over HTTP: what was just done is in the figures, for those who may see them."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from lastlight.demo.ids import Kind, demo_id
from tests.system.guests import VENUE, Front, order

RANGES = ("revenue", "occupancy", "patrons", "staff", "safety")


async def today_of(front: Front) -> tuple[Any, dict[str, Any]]:
    """Management, and the dashboard."""
    manager = await front.sign_in("manager")
    path = f"/api/analytics/dashboard?venue_id={VENUE}"
    return manager, await front.need(200, manager, "GET", path)


async def test_what_was_just_sold_is_in_the_figures(shared_front: Front) -> None:
    """Money is the ledger's, and the read side waits for the flush."""
    manager, before = await today_of(shared_front)
    (person,) = await shared_front.patrons(17, 1)
    await shared_front.check_in(person)
    play = {"game_id": str(demo_id(Kind.GAME, 1)), "qty": 2}
    await shared_front.need(201, person, "POST", "/api/transactions/purchase", order(play))
    _, after = await today_of(shared_front)
    assert after["takings"]["gross_minor"] >= before["takings"]["gross_minor"] + 200
    assert after["present"] >= 1
    assert after["data_age_ms"] < 10_000
    day = after["business_day"]
    path = f"/api/analytics/revenue?venue_id={VENUE}&from={day}&to={day}&by=item"
    revenue = await shared_front.need(200, manager, "GET", path)
    (part,) = (one for one in revenue["parts"] if one["key"] == play["game_id"])
    assert part["count"] >= 2
    assert part["name"]
    assert revenue["totals"]["gross_minor"] >= 200


@pytest.mark.parametrize("figure", RANGES)
async def test_a_range_has_bounds_and_readers(shared_front: Front, figure: str) -> None:
    """422 for a range that is none or longer than 400 days; staff and patrons are not asked."""
    manager, dashboard = await today_of(shared_front)
    day = dashboard["business_day"]
    path = f"/api/analytics/{figure}?venue_id={VENUE}"
    found = await shared_front.need(200, manager, "GET", f"{path}&from={day}&to={day}")
    assert (found["from"], found["to"]) == (day, day)
    for first, last in ((day, "2000-01-01"), ("2000-01-01", day)):
        refused = await shared_front.send(manager, "GET", f"{path}&from={first}&to={last}")
        assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")
        assert refused.json()["errors"][0]["pointer"] == "/to"
    for name in ("staff1", "patron1"):
        somebody = await shared_front.sign_in(name)
        refused = await shared_front.send(somebody, "GET", f"{path}&from={day}&to={day}")
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_safety_is_a_table_for_who_asks_for_one(shared_front: Front) -> None:
    """The compliance export, by Accept."""
    manager, dashboard = await today_of(shared_front)
    day = dashboard["business_day"]
    path = f"/api/analytics/safety?venue_id={VENUE}&from={day}&to={day}"
    answer = await shared_front.send(manager, "GET", path, headers={"accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    names, *rows = csv.reader(io.StringIO(answer.text))
    assert names == ["venue_id", "from", "to", "figure", "of", "value"]
    assert {row[0] for row in rows} == {VENUE}
    assert "refusals_of_service" in {row[3] for row in rows}


async def test_a_first_night_is_no_history(shared_front: Front) -> None:
    """409 for owners, with what is needed; management is not asked."""
    owner, manager = await shared_front.sign_in("owner"), await shared_front.sign_in("manager")
    path = f"/api/analytics/projections?venue_id={VENUE}"
    refused = await shared_front.send(owner, "GET", path)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_enough_history")
    assert refused.json()["days_needed"] == 21
    refused = await shared_front.send(manager, "GET", path)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    refused = await shared_front.send(owner, "GET", f"{path}&days=91")
    assert refused.status_code == 422
