"""Money that goes back, on a whole node: refunds, voids, chargebacks."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from protocol.records.inventory import InventoryLevel
from protocol.records.ledger import LedgerAccount
from protocol.records.money import Refund
from protocol.records.money_states import RefundStatus
from protocol.records.payments import Payment
from tests.night.cards import (
    CARD_TOP_UP,
    FUNDS_MINOR,
    all_is_well,
    begin,
    elevated,
    hook,
    paid_minor,
    provider_of,
    row,
)
from tests.night.test_night_visits import COLA, COLA_MINOR, PLAY, settled
from tests.twins.people import VENUE, Someone, an_order, check_in, go_on_duty, open_till
from tests.twins.whole import LastLight


async def test_a_refund_goes_back_to_the_card_and_the_wallet_gives_it_up(
    house: LastLight, patron: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """Asked, approved, processing, succeeded: the events say each step once."""
    transaction_id, intent = await begin(patron, CARD_TOP_UP)
    provider = provider_of(house)
    provider.pays(intent["provider_payment_id"])
    await hook(house)
    await settled(house)
    body = {"reason_code": "unused_credit", "amount_minor": 2_000}
    path = f"/api/transactions/{transaction_id}/refund"
    asked = await patron.need(202, "POST", path, body)
    assert asked["status"] == "requested"
    heard = await patron.send("POST", path, body)
    assert (heard.status, heard.code) == (409, "refund_pending")
    decision = f"/api/transactions/refunds/{asked['refund_id']}/decision"
    heard = await manager.send("POST", decision, {"decision": "approve"})
    assert (heard.status, heard.code) == (403, "step_up_required")
    await elevated(manager)
    decided = await manager.need(200, "POST", decision, {"decision": "approve"})
    assert decided["status"] == "processing"
    heard = await manager.send("POST", decision, {"decision": "approve"})
    assert (heard.status, heard.code) == (409, "refund_decided")
    assert await paid_minor(house, patron) == FUNDS_MINOR + 3_000
    assert row(house, Refund, asked["refund_id"]).status == RefundStatus.SUCCEEDED
    assert row(house, Payment, intent["payment_id"]).status == "partially_refunded"
    await hook(house)
    steps = [
        e.data["to"] for e in house.world.publisher.events if e.type == "refund.status_changed"
    ]
    assert steps == ["requested", "approved", "processing", "succeeded"]
    await all_is_well(house)


async def test_a_refund_waits_out_a_provider_that_is_away(
    house: LastLight, patron: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """Rule 10: it is asked again by the same key, so the card gets it once."""
    transaction_id, intent = await begin(patron, CARD_TOP_UP)
    provider = provider_of(house)
    provider.pays(intent["provider_payment_id"])
    await hook(house)
    await settled(house)
    path = f"/api/transactions/{transaction_id}/refund"
    asked = await patron.need(202, "POST", path, {"reason_code": "other"})
    await elevated(manager)
    provider.away = True
    decision = f"/api/transactions/refunds/{asked['refund_id']}/decision"
    await manager.need(200, "POST", decision, {"decision": "approve"})
    await trio.sleep(10 * 60)
    assert row(house, Refund, asked["refund_id"]).status == RefundStatus.PROCESSING
    provider.away = False
    await trio.sleep(40 * 60)
    await settled(house)
    assert row(house, Refund, asked["refund_id"]).status == RefundStatus.SUCCEEDED
    assert [refund["amount"] for refund in provider.refunds.values()] == [5_000]
    assert row(house, Payment, intent["payment_id"]).status == "refunded"
    await all_is_well(house)


async def test_a_refund_that_fails_gives_the_credit_back(
    house: LastLight, patron: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """Rule 10: `failed` reverses the journal; the patron has what they had. Rule 10 failed."""
    transaction_id, intent = await begin(patron, CARD_TOP_UP)
    provider = provider_of(house)
    provider.refunds_wait = True
    provider.pays(intent["provider_payment_id"])
    await hook(house)
    await settled(house)
    path = f"/api/transactions/{transaction_id}/refund"
    asked = await patron.need(202, "POST", path, {"reason_code": "other"})
    await elevated(manager)
    decision = f"/api/transactions/refunds/{asked['refund_id']}/decision"
    await manager.need(200, "POST", decision, {"decision": "approve"})
    assert await paid_minor(house, patron) == FUNDS_MINOR
    provider.fails_refund(next(iter(provider.refunds)))
    await hook(house, times=2)
    assert await paid_minor(house, patron) == FUNDS_MINOR + 5_000
    assert row(house, Refund, asked["refund_id"]).status == RefundStatus.FAILED
    assert row(house, Payment, intent["payment_id"]).status == "succeeded"
    again = await patron.need(202, "POST", path, {"reason_code": "other"})
    assert again["amount_minor"] == 5_000
    await all_is_well(house)


async def test_management_has_a_limit_a_day_and_the_owner_none(
    house: LastLight, patron: Someone, manager: Someone, owner: Someone, autojump_clock: MockClock
) -> None:
    """Rule 10: up to 5000 each and 20000 a day for one decider, over all accounts."""
    await elevated(manager)
    await elevated(owner)
    for n in range(5):
        bought = await patron.need(201, "POST", "/api/transactions/purchase", an_order(PLAY, 50))
        path = f"/api/transactions/{bought['transaction_id']}/refund"
        asked = await patron.need(202, "POST", path, {"reason_code": "game_fault"})
        assert asked["amount_minor"] == 5_000
        decision = f"/api/transactions/refunds/{asked['refund_id']}/decision"
        heard = await manager.send("POST", decision, {"decision": "approve"})
        if n < 4:
            assert (heard.status, heard.body["status"]) == (200, "succeeded")
        else:
            assert (heard.status, heard.code) == (403, "approval_limit_exceeded")
            await owner.need(200, "POST", decision, {"decision": "approve"})
    assert await paid_minor(house, patron) == FUNDS_MINOR
    await all_is_well(house)


async def test_an_unserved_purchase_is_undone_to_the_unit(
    house: LastLight, patron: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """Rule 10: the same day and unserved, so it is void: credit, tip and goods are back."""
    await settled(house)
    levels = house.world.database.table(InventoryLevel)
    before = {level.item_id: level.on_hand_milli for level in levels.values()}
    body = {**an_order(COLA, 2), "tip_minor": 100}
    bought = await patron.need(201, "POST", "/api/transactions/purchase", body)
    await elevated(manager)
    path = f"/api/transactions/{bought['transaction_id']}/void"
    voided = await manager.need(200, "POST", path, {"reason": "wrong table"})
    assert (voided["status"], voided["reversed_minor"]) == ("voided", 700)
    heard = await manager.send("POST", path, {"reason": "again"})
    assert (heard.status, heard.code) == (409, "transaction_not_voidable")
    assert await paid_minor(house, patron) == FUNDS_MINOR
    levels = house.world.database.table(InventoryLevel)
    assert {level.item_id: level.on_hand_milli for level in levels.values()} == before
    await all_is_well(house)


async def test_a_chargeback_freezes_the_wallet_and_won_it_gives_all_back(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """Rule 9: what is there is taken, the rest is owed; won, nothing is left of it."""
    provider = provider_of(house)
    _, intent = await begin(patron, {**CARD_TOP_UP, "amount_minor": 50_000})
    provider.pays(intent["provider_payment_id"])
    await hook(house)
    await settled(house)
    for _ in range(14):
        await patron.need(201, "POST", "/api/transactions/purchase", an_order(PLAY, 99))
    assert await paid_minor(house, patron) == FUNDS_MINOR + 50_000 - 14 * 9_900
    provider.disputes(intent["provider_payment_id"])
    await hook(house, times=2)
    assert await paid_minor(house, patron) == 0
    assert row(house, Payment, intent["payment_id"]).status == "disputed"
    heard = await patron.send("POST", "/api/transactions/purchase", an_order(PLAY))
    assert (heard.status, heard.code) == (402, "insufficient_credits")
    await all_is_well(house)
    provider.disputes(intent["provider_payment_id"], "won")
    await hook(house, times=2)
    assert await paid_minor(house, patron) == FUNDS_MINOR + 50_000 - 14 * 9_900
    assert row(house, Payment, intent["payment_id"]).status == "dispute_won"
    await all_is_well(house)


async def test_cash_of_a_sale_that_is_voided_is_given_back_while_its_till_is_open(
    house: LastLight, patron: Someone, staff: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """Rule 10: as if it had not been sold; once the till was counted there is a refund for it."""
    await go_on_duty(staff)
    await check_in(patron, staff)
    till_id = await open_till(staff)
    order = an_order(COLA, 2) | {"tender": "cash", "user_id": patron.user_id}
    first = await staff.need(201, "POST", "/api/transactions/purchase", order)
    second = await staff.need(201, "POST", "/api/transactions/purchase", order)
    await elevated(manager)
    void = f"/api/transactions/{first['transaction_id']}/void"
    done = await manager.need(200, "POST", void, {"reason": "wrong table"})
    assert (done["status"], done["reversed_minor"]) == ("voided", 2 * COLA_MINOR)
    again = await manager.send("POST", void, {"reason": "wrong table"})
    assert (again.status, again.code) == (409, "transaction_not_voidable")
    await settled(house)
    accounts = house.world.database.table(LedgerAccount).values()
    (drawer,) = (one for one in accounts if one.code == f"venue:{VENUE}:till:{till_id}")
    assert drawer.balance_minor == -2 * COLA_MINOR
    counted = [{"denomination_minor": 1, "count": 10_000 + 2 * COLA_MINOR}]
    closing = {"kind": "count", "counted": counted}
    closed = await staff.need(200, "POST", f"/api/staff/tills/{till_id}/close", closing)
    assert closed["variance_minor"] == 0
    late = f"/api/transactions/{second['transaction_id']}/void"
    refused = await manager.send("POST", late, {"reason": "wrong table"})
    assert (refused.status, refused.code) == (409, "transaction_not_voidable")
    await all_is_well(house)
