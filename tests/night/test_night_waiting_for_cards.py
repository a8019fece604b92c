"""What waits for a card is no sale yet, but it takes up the limits that it would be held to."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from protocol.records.inventory import Game
from protocol.records.money import CreditGrant, Receipt
from tests.night.bookings import patched
from tests.night.cards import CARD_TOP_UP, all_is_well, begin, hook, paid_minor, provider_of, row
from tests.night.test_night_visits import COLA, PLAY, settled
from tests.twins.people import Someone, an_order, check_in, sign_in
from tests.twins.whole import LastLight

LIMITS = "/api/users/me/limits"


async def test_top_ups_that_wait_for_a_card_do_not_pass_the_own_limit_together(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """Rule 7: 100,000 of 105,000 are used. What nobody paid makes room when it is void."""
    limit = {"kind": "topup", "period": "day", "amount_minor": 105_000}
    await patron.need(200, "PUT", LIMITS, limit)
    await begin(patron, CARD_TOP_UP)
    more = await patron.send("POST", "/api/transactions/topup", CARD_TOP_UP)
    assert (more.status, more.code) == (403, "topup_limit_reached")
    await trio.sleep(60 * 60)
    await settled(house)
    patron = await sign_in(house, patron.name)
    _, intent = await begin(patron, CARD_TOP_UP)
    provider_of(house).pays(intent["provider_payment_id"])
    await hook(house)
    assert await paid_minor(house, patron) == 105_000
    await all_is_well(house)


async def test_orders_that_wait_for_a_card_do_not_pass_the_own_limit_together(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """Rule 7: 900 of 1,000 are asked for; 100 more are left, however they are paid."""
    limit = {"kind": "spend", "period": "day", "amount_minor": 1_000}
    await patron.need(200, "PUT", LIMITS, limit)
    _, intent = await begin(patron, {**an_order(COLA, 3), "tender": "card"})
    for tender in ("card", "credits"):
        body = {**an_order(COLA, 1), "tender": tender}
        more = await patron.send("POST", "/api/transactions/purchase", body)
        assert (more.status, more.code) == (403, "spend_limit_reached")
    await patron.need(201, "POST", "/api/transactions/purchase", an_order(PLAY, 1))
    provider_of(house).pays(intent["provider_payment_id"])
    await hook(house)
    await all_is_well(house)
    used = (await patron.need(200, "GET", LIMITS))["items"][0]["used"]
    assert used == 1_000


async def test_a_visit_s_receipt_is_of_what_was_paid(
    house: LastLight, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """An order that still waits for its card has a receipt of its own when it is paid."""
    visit = await check_in(patron, staff)
    await patron.need(201, "POST", "/api/transactions/purchase", an_order(PLAY, 1))
    await begin(patron, {**an_order(COLA, 2), "tender": "card"})
    path = f"/api/sessions/{visit['session_id']}/checkout"
    await patron.need(200, "POST", path, {"carry_over": True})
    await settled(house)
    receipts = house.world.database.table(Receipt).values()
    (body,) = (r.body for r in receipts if str(r.session_id) == visit["session_id"])
    assert (body["purchases_minor"], len(body["purchases"])) == (100, 1)
    (told,) = (e for e in house.world.publisher.events if e.type == "session.checked_out")
    assert told.data["total_minor"] == body["total_minor"] == body["time_minor"] + 100
    await all_is_well(house)


async def test_a_fault_gives_no_play_back_that_was_not_paid(
    house: LastLight, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """Rule 4: what was never given is not given back."""
    await begin(patron, {**an_order(PLAY, 1), "tender": "card"})
    await settled(house)
    game = row(house, Game, PLAY["game_id"])
    fault = {"status": "out_of_order", "fault": "jam"}
    await patched(staff, f"/api/inventory/games/{game.id}", game.version, fault)
    await settled(house)
    grants = house.world.database.table(CreditGrant).values()
    assert not [grant for grant in grants if grant.source.value == "bonus"]
    await all_is_well(house)
