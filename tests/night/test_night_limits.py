"""Own limits, exclusions and bans, on a whole node (Rule 7)."""

from __future__ import annotations

from trio.testing import MockClock

from lastlight.demo.ids import Kind, demo_id
from protocol.records.safety import SafetyLog
from protocol.records.users import UserLimit
from tests.night.people_kit import a_newcomer, days_later, rows, settled
from tests.twins.nodes import World
from tests.twins.people import (
    VENUE,
    Someone,
    an_order,
    check_in,
    go_on_duty,
    open_till,
    sign_in,
    top_up,
)
from tests.twins.whole import LastLight, open_memory_last_light


async def test_a_limit_is_lowered_at_once_and_raised_after_a_day_and_a_second_word(
    world: World, autojump_clock: MockClock
) -> None:
    """Rule 7: whoever wants more has a day to think, and says so again."""
    path, limit = "/api/users/me/limits", {"kind": "spend", "period": "day"}
    async with open_memory_last_light(world) as house:
        patron = await sign_in(house, "patron1")
        await patron.need(200, "PUT", path, {**limit, "amount_minor": 1000})
        lowered = await patron.need(200, "PUT", path, {**limit, "amount_minor": 500})
        assert lowered["items"][0]["amount_minor"] == 500
        raised = await patron.need(200, "PUT", path, {**limit, "amount_minor": 900})
        item = raised["items"][0]
        assert (item["amount_minor"], item["pending"]["amount_minor"]) == (500, 900)
        early = await patron.send("PUT", path, {**limit, "amount_minor": 900})
        assert (early.status, early.code) == (409, "limit_change_pending")
    async with days_later(world, 1) as house:
        patron = await sign_in(house, "patron1")
        assert (await patron.need(200, "GET", path))["items"][0]["amount_minor"] == 500
        confirmed = await patron.need(200, "PUT", path, {**limit, "amount_minor": 900})
        assert (confirmed["items"][0]["amount_minor"], confirmed["items"][0]["pending"]) == (
            900,
            None,
        )
        await settled(house)
        told = [
            e.data for e in house.world.publisher.events if e.type == "safety.exclusion_changed"
        ]
        assert [(one["kind"], one["status"]) for one in told] == [
            ("limit", "active"), ("limit", "active"), ("limit", "pending"), ("limit", "active"),
        ]  # fmt: skip
        assert sum(row.superseded_at is None for row in rows(house, UserLimit)) == 1


async def test_a_raise_that_nobody_confirms_lapses(world: World, autojump_clock: MockClock) -> None:
    """A week after it could have been confirmed it was not meant."""
    path, limit = "/api/users/me/limits", {"kind": "topup", "period": "week"}
    async with open_memory_last_light(world) as house:
        patron = await sign_in(house, "patron1")
        await patron.need(200, "PUT", path, {**limit, "amount_minor": 1000})
        await patron.need(200, "PUT", path, {**limit, "remove": True})
    async with days_later(world, 1) as house:
        told = (await house.event("system.notification")).data
        assert told["kind"] == "limit_raise_ready"
    async with days_later(world, 8) as house:
        await settled(house)
        patron = await sign_in(house, "patron1")
        (item,) = (await patron.need(200, "GET", path))["items"]
        assert (item["amount_minor"], item["pending"]) == (1000, None)


async def test_who_spends_hears_of_the_own_limit_at_four_fifths_and_at_its_end(
    house: LastLight, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """Rule 7: once each in a period, and beyond it nothing is sold."""
    play = {"game_id": str(demo_id(Kind.GAME, 1))}
    path = "/api/users/me/limits"
    await check_in(patron, staff)
    body = {"kind": "spend", "period": "day", "amount_minor": 1000}
    await patron.need(200, "PUT", path, body)
    for qty in (7, 1, 1, 1):
        await patron.need(201, "POST", "/api/transactions/purchase", an_order(play, qty))
    over = await patron.send("POST", "/api/transactions/purchase", an_order(play))
    assert (over.status, over.code) == (403, "spend_limit_reached")
    await settled(house, 1)
    told = [e.data for e in house.world.publisher.events if e.type == "session.limit_reached"]
    assert [(one["action"], one["percent"], one["used"]) for one in told] == [
        ("warn", 80, 800), ("block", 100, 1000),
    ]  # fmt: skip
    shown = await patron.need(200, "GET", path)
    assert (shown["items"][0]["used"], shown["items"][0]["remaining"]) == (1000, 0)


async def test_a_top_up_without_a_visit_is_told_as_a_notice(
    house: LastLight, staff: Someone, autojump_clock: MockClock
) -> None:
    """There is no session to tell it of, and yet the limit speaks."""
    body = {"kind": "topup", "period": "month", "amount_minor": 2000}
    guest = await a_newcomer(house, "saver")
    await guest.need(200, "PUT", "/api/users/me/limits", body)
    await go_on_duty(staff)
    await open_till(staff)
    await top_up(staff, guest, 2000)
    told = (await house.event("system.notification")).data
    assert (told["kind"], told["params"]["action"]) == ("limit_reached", "block")
    await settled(house)


async def test_a_self_exclusion_acts_at_once_and_nobody_shortens_it(
    house: LastLight, patron: Someone, staff: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """Rule 7: the visit closes, and not even management lets anybody back before its time.

    Rule 7 excluded.
    """
    path = "/api/safety/exclusions"
    await check_in(patron, staff)
    begun = await patron.need(201, "POST", path, {"kind": "self_exclusion", "months": 6})
    assert begun["refundable"][0]["currency"] == "JPY"
    assert (await house.event("session.checked_out")).data["cause"] == "exclusion"
    shorter = await patron.send("POST", path, {"kind": "cool_off", "days": 7})
    assert (shorter.status, shorter.code) == (409, "exclusion_active")
    longer = await patron.need(200, "POST", path, {"kind": "self_exclusion", "months": 12})
    assert longer["exclusion_id"] == begun["exclusion_id"]
    assisted = {"venue_id": VENUE, "user_id": patron.user_id}
    assert (await staff.send("POST", "/api/sessions/checkin", assisted)).code == "excluded"
    status = f"/api/users/{patron.user_id}/status"
    body = {"venue_id": VENUE, "status": "active", "reason": "asked for it at the counter"}
    early = await manager.send("PUT", status, body)
    assert (early.status, early.code) == (409, "invalid_transition")
    await settled(house)
    assert "exclusion" in {row.kind for row in rows(house, SafetyLog)}


async def test_management_bans_a_guest_and_lets_them_back(
    house: LastLight, patron: Someone, staff: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """A ban is of one venue: the account goes on, the visit does not."""
    await check_in(patron, staff)
    body = {"kind": "venue_ban", "venue_id": VENUE, "user_id": patron.user_id, "reason": "fight"}
    assert (await staff.send("POST", "/api/safety/exclusions", body)).status == 403
    banned = await manager.need(201, "POST", "/api/safety/exclusions", body)
    assert banned["ends_at"] is None
    assert (await house.event("session.checked_out")).data["cause"] == "exclusion"
    told = (await house.event("safety.exclusion_changed")).data
    assert (told["kind"], told["status"]) == ("venue_ban", "active")
    assert (await patron.send("GET", "/api/users/me/limits")).status == 200
    assisted = {"venue_id": VENUE, "user_id": patron.user_id}
    assert (await staff.send("POST", "/api/sessions/checkin", assisted)).code == "banned"
    status = f"/api/users/{patron.user_id}/status"
    again = {"venue_id": VENUE, "status": "banned_from_venue", "reason": "fight"}
    assert (await manager.send("PUT", status, again)).code == "invalid_transition"
    back = {"venue_id": VENUE, "status": "active", "reason": "talked"}
    assert (await manager.need(200, "PUT", status, back))["status"] == "active"
    assert (await manager.send("PUT", status, back)).code == "invalid_transition"
    await staff.need(201, "POST", "/api/sessions/checkin", assisted)
    await settled(house)
