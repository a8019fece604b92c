"""Visits whose devices were offline, on a whole node: what is told late costs what it should."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from trio.testing import MockClock

from protocol.records.money import Receipt, Transaction
from protocol.records.visits import SessionHistory
from tests.night.books import assert_all_is_well
from tests.night.test_night_offline import outcomes, replay
from tests.night.test_night_visits import COLA, minutes, settled
from tests.twins.nodes import World
from tests.twins.people import VENUE, Someone, an_order, check_in, here, instant, sign_in
from tests.twins.whole import LastLight, open_memory_last_light


class Phone:
    """A device that writes down what it would have sent."""

    def __init__(self, house: LastLight) -> None:
        self.house = house
        self.queue: list[dict[str, Any]] = []

    def keeps(self, path: str, body: object = None, **more: object) -> None:
        """Write down a request as made now."""
        self.queue.append(
            {
                "seq": len(self.queue) + 1,
                "command_id": str(uuid4()),
                "occurred_at": instant(self.house.world.clock.now()),
                "method": "POST",
                "path": path,
                "body": body or {},
                **more,
            }
        )


async def a_visit(house: LastLight, patron: Someone, staff: Someone) -> tuple[str, Phone]:
    """Somebody in the lounge, with a phone that has just lost its line."""
    session_id = (await check_in(patron, staff))["session_id"]
    return f"/api/sessions/{session_id}", Phone(house)


async def books_are_right(house: LastLight, world: World, time_minor: int) -> SessionHistory:
    """Everything adds up, and this was paid for time."""
    await settled(house)
    assert_all_is_well(world)
    paid = world.database.table(Transaction).values()
    usage = [row.amount_minor for row in paid if row.kind == "usage"]
    assert sum(usage) == time_minor
    history: SessionHistory
    (history,) = world.database.table(SessionHistory).values()
    assert history.time_charge_minor == time_minor
    return history


async def test_a_phone_that_was_offline_for_an_hour_pays_for_what_it_did(
    house: LastLight, world: World, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """Rule 12: 20 min, a break of 10, 15 min more, and out; the ticks of an hour go back."""
    path, phone = await a_visit(house, patron, staff)
    await minutes(20)
    phone.keeps(f"{path}/pause")
    await minutes(10)
    phone.keeps(f"{path}/resume")
    await minutes(15)
    phone.keeps(f"{path}/checkout")
    await minutes(60)
    await patron.refresh()
    answer = await replay(patron, *phone.queue)
    assert outcomes(answer) == ["applied"] * 3
    assert [result["clamped"] for result in answer["results"]] == [False] * 3
    assert answer["results"][0]["data"]["effective_at"] == phone.queue[0]["occurred_at"]
    left = answer["results"][2]["data"]
    assert left["ended_at"] == phone.queue[2]["occurred_at"]
    assert (left["charge_minor"], left["duration_ms"]) == (350, 45 * 60_000)
    await books_are_right(house, world, 350)


async def test_a_check_out_that_comes_after_the_end_shortens_the_visit(
    house: LastLight, world: World, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """The earliest check-out wins: the first receipt is corrected by another, and once only."""
    path, phone = await a_visit(house, patron, staff)
    await minutes(30)
    phone.keeps(f"{path}/checkout")
    await minutes(30)
    phone.keeps(f"{path}/pause")
    await patron.refresh()
    await staff.refresh()
    first = await staff.need(200, "POST", f"{path}/checkout")
    assert first["charge_minor"] == 600
    await minutes(5)
    answer = await replay(patron, *phone.queue)
    assert outcomes(answer) == ["applied", "rejected"]
    assert answer["results"][1]["problem"]["code"] == "invalid_transition"
    left = answer["results"][0]["data"]
    assert left["charge_minor"] == 300
    assert left["receipt_id"] != first["receipt_id"]
    again = await patron.need(200, "POST", f"{path}/checkout")
    assert again == left
    history = await books_are_right(house, world, 300)
    assert instant(history.ended_at) == phone.queue[0]["occurred_at"]
    receipts = {str(row.id): row.body for row in world.database.table(Receipt).values()}
    assert receipts[left["receipt_id"]]["corrects"] == first["receipt_id"]
    assert receipts[first["receipt_id"]]["total_minor"] == 600


async def test_a_check_out_later_than_the_end_is_answered_by_the_first_receipt(
    house: LastLight, world: World, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """Nobody's visit gets longer by a phone that comes back."""
    path, phone = await a_visit(house, patron, staff)
    await minutes(30)
    await staff.refresh()
    first = await staff.need(200, "POST", f"{path}/checkout")
    await minutes(5)
    phone.keeps(f"{path}/checkout")
    await minutes(5)
    await patron.refresh()
    answer = await replay(patron, *phone.queue)
    assert answer["results"][0]["data"] == first
    await books_are_right(house, world, 300)


async def test_what_was_done_before_the_last_change_counts_from_that_and_says_so(
    house: LastLight, world: World, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """Staff resumed the visit at 20 min: a pause of 10 min before can't be told any more."""
    path, phone = await a_visit(house, patron, staff)
    await minutes(10)
    phone.keeps(f"{path}/checkout")
    await minutes(5)
    await staff.refresh()
    await staff.need(200, "POST", f"{path}/pause")
    await minutes(5)
    resumed = await staff.need(200, "POST", f"{path}/resume")
    await minutes(10)
    await patron.refresh()
    (told,) = (await replay(patron, *phone.queue))["results"]
    assert (told["outcome"], told["clamped"]) == ("applied", True)
    assert told["occurred_at"] == resumed["effective_at"] == told["data"]["ended_at"]
    await books_are_right(house, world, 150)


async def test_a_voided_visit_stays_voided(
    house: LastLight, patron: Someone, manager: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """Terminal states win, whatever the phone remembers."""
    path, phone = await a_visit(house, patron, staff)
    await minutes(2)
    phone.keeps(f"{path}/checkout")
    await minutes(1)
    heard = await manager.send("DELETE", path, {"reason": "wrong guest"})
    assert heard.status == 200, heard
    (told,) = (await replay(patron, *phone.queue))["results"]
    assert (told["outcome"], told["problem"]["code"]) == ("rejected", "session_voided")


@pytest.mark.parametrize("flushed", [True, False])
async def test_what_was_told_late_survives_a_crash(
    world: World, flushed: bool, autojump_clock: MockClock
) -> None:
    """Between the answer and the database lies only the journal; the batch may come again."""
    async with open_memory_last_light(world) as house:
        patron, staff = await sign_in(house, "patron1"), await sign_in(house, "staff1")
        path, phone = await a_visit(house, patron, staff)
        await minutes(20)
        phone.keeps(f"{path}/pause")
        await minutes(5)
        phone.keeps(f"{path}/resume")
        await minutes(10)
        phone.keeps(f"{path}/checkout")
        await minutes(60)
        await patron.refresh()
        first = await replay(patron, *phone.queue)
        if flushed:
            await house.wait_flushed()
    async with open_memory_last_light(world) as house:
        again = await replay(patron.at(house), *phone.queue)
        assert outcomes(again) == ["replayed"] * 3
        assert [r["data"] for r in again["results"]] == [r["data"] for r in first["results"]]
        await books_are_right(house, world, 300)


async def test_a_check_in_that_is_told_late_begins_when_it_was_made(
    house: LastLight, world: World, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """The code was good then, the fix was fresh then, and the meter has run since then."""
    codes = await staff.need(200, "GET", f"/api/venues/{VENUE}/checkin-code")
    phone = Phone(house)
    body = {
        "venue_id": VENUE,
        "qr_token": codes["tokens"][0]["qr_token"],
        "location": here(house),
        "party_size": 1,
        "activity": "lounge",
    }
    phone.keeps("/api/sessions/checkin", body)
    await minutes(30)
    patron = await sign_in(house, "patron1")
    heard = await patron.send("POST", "/api/sessions/checkin", body)
    assert heard.code == "qr_expired"
    (told,) = (await replay(patron, *phone.queue))["results"]
    assert (told["outcome"], told["clamped"]) == ("applied", False), told
    assert told["data"]["checked_in_at"] == phone.queue[0]["occurred_at"]
    await minutes(10)
    path = f"/api/sessions/{told['data']['session_id']}"
    left = await patron.need(200, "POST", f"{path}/checkout")
    assert left["charge_minor"] == 400
    await books_are_right(house, world, 400)


async def test_small_purchases_may_come_late_and_are_marked(
    house: LastLight, world: World, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """From credits, up to the bound; what is dearer, or paid in another way, is done anew."""
    _, phone = await a_visit(house, patron, staff)
    buy = "/api/transactions/purchase"
    await minutes(10)
    phone.keeps(buy, an_order(COLA, 2))
    phone.keeps(buy, an_order(COLA, 7))
    phone.keeps(buy, an_order(COLA, 1) | {"tender": "card"})
    await minutes(20)
    await patron.refresh()
    answer = await replay(patron, *phone.queue)
    assert outcomes(answer) == ["applied", "rejected", "rejected"]
    await settled(house)
    (bought,) = (
        row for row in world.database.table(Transaction).values() if row.kind == "purchase"
    )
    assert (bought.reason, bought.amount_minor) == ("offline", 600)
    assert instant(bought.occurred_at) == phone.queue[0]["occurred_at"]


async def test_who_loses_a_task_hears_of_both_versions(
    house: LastLight, staff: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """Rule 12: the phone knows version 1; the task has moved on, and the answer shows to where."""
    body = {"venue_id": VENUE, "location": here(house)}
    await staff.need(201, "POST", "/api/staff/clock-in", body)
    given = {"title": "Clear table 4", "assignee_id": staff.user_id}
    task = await manager.need(201, "POST", "/api/staff/tasks", given)
    phone = Phone(house)
    path = f"/api/staff/tasks/{task['task_id']}"
    for status in ("accepted", "in_progress"):
        phone.keeps(path, {"status": status}, method="PATCH", if_match='"v1"')
    await minutes(5)
    won, lost = (await replay(staff, *phone.queue))["results"]
    assert won["outcome"] == "applied"
    assert won["data"]["accepted_at"] == phone.queue[0]["occurred_at"]
    problem = lost["problem"]
    assert (problem["code"], problem["current_version"]) == ("version_conflict", 2)
    assert problem["expected_version"] == 1
    assert problem["current"] == won["data"]


async def test_six_hours_are_long_and_no_emergency(
    house: LastLight, world: World, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """Rule 7: reminders of breaks and of a long visit want no answer, so none stops the visit."""
    path, _ = await a_visit(house, patron, staff)
    began = house.world.clock.now()
    patron = await sign_in(house, "patron1")
    while house.world.clock.now() - began < timedelta(hours=6, minutes=10):
        await minutes(10)
        await patron.refresh()
        visit = await patron.need(200, "GET", path)
        assert visit["status"] == "active", (house.world.clock.now() - began, visit)
    # The level is for staff to see.
    staff = await sign_in(house, "staff1")
    assert (await staff.need(200, "GET", path))["safety_level"] == 2
