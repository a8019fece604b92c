"""Cards on a whole node in memory: what is asked, what the provider says, and what it comes to."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from protocol.records.inventory import InventoryLevel
from protocol.records.money import Purchase, Transaction
from protocol.records.money_states import StripeEventStatus
from protocol.records.payments import Payment, StripeEvent
from tests.night.cards import (
    CARD_TOP_UP,
    FUNDS_MINOR,
    all_is_well,
    begin,
    hook,
    paid_minor,
    provider_of,
    row,
)
from tests.night.test_night_visits import COLA, PLAY, settled
from tests.twins.people import Someone, an_order, sign_in
from tests.twins.whole import LastLight


async def test_a_top_up_is_credited_when_its_payment_has_come_and_not_before(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """Rule 11: client confirmation never grants credit; the webhook does, once of however many."""
    transaction_id, intent = await begin(patron, CARD_TOP_UP)
    assert intent["client_secret"] == f"{intent['provider_payment_id']}_secret"
    assert await paid_minor(house, patron) == FUNDS_MINOR
    provider_of(house).works_on(intent["provider_payment_id"])
    provider_of(house).pays(intent["provider_payment_id"])
    await hook(house, -1, times=3)
    await hook(house, -2)
    assert await paid_minor(house, patron) == FUNDS_MINOR + 5_000
    assert row(house, Payment, intent["payment_id"]).status == "succeeded"
    assert row(house, Transaction, transaction_id).status == "posted"
    events = house.world.database.table(StripeEvent).values()
    assert {event.status for event in events} == {StripeEventStatus.APPLIED}
    assert len(events) == 2
    await all_is_well(house)


async def test_the_secret_of_a_payment_is_told_again_and_kept_nowhere(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """An app that lost the answer asks again with its key; nobody who reads our disks can pay."""
    opened = await patron.need(202, "POST", "/api/transactions/topup", CARD_TOP_UP)
    body = {"transaction_id": opened["transaction_id"]}
    first = await patron.need(201, "POST", "/api/payments/intents", body, key="once")
    again = await patron.need(201, "POST", "/api/payments/intents", body, key="once")
    assert again == first
    assert first["client_secret"]
    heard = await patron.send("POST", "/api/payments/intents", body, key="twice")
    assert (heard.status, heard.code) == (409, "payment_exists")
    await settled(house)
    secret = first["client_secret"].encode()
    assert not any(secret in kept.data for kept in house.world.disk.entries)
    assert secret not in repr(house.world.database.rows).encode()


async def test_nothing_is_handed_out_before_it_is_paid_and_stock_returns_if_it_is_not(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """Rule 11: what nobody paid for 60 minutes is void, and its goods can be sold again."""
    levels = house.world.database.table(InventoryLevel)
    await settled(house)
    before = {level.item_id: level.on_hand_milli for level in levels.values()}
    body = {**an_order(COLA, 2), "tender": "card"}
    transaction_id, intent = await begin(patron, body)
    await settled(house)
    levels = house.world.database.table(InventoryLevel)
    assert {level.item_id: level.on_hand_milli for level in levels.values()} != before
    await trio.sleep(60 * 60)
    await settled(house)
    assert row(house, Transaction, transaction_id).status == "voided"
    levels = house.world.database.table(InventoryLevel)
    assert {level.item_id: level.on_hand_milli for level in levels.values()} == before
    assert provider_of(house).intents[intent["provider_payment_id"]].status == "canceled"
    assert row(house, Payment, intent["payment_id"]).status == "canceled"
    await all_is_well(house)


async def test_money_that_comes_after_the_void_becomes_credit(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """The bank took it; neither the patron nor the books may lose it, and no status goes back."""
    provider = provider_of(house)
    transaction_id, intent = await begin(patron, CARD_TOP_UP)
    provider.away = True
    await trio.sleep(60 * 60)
    provider.away = False
    provider.pays(intent["provider_payment_id"])
    await hook(house, times=2)
    assert await paid_minor(house, patron) == FUNDS_MINOR + 5_000
    assert row(house, Transaction, transaction_id).status == "voided"
    await all_is_well(house)


async def test_a_payment_of_which_nothing_is_heard_is_asked_for(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """Rule 11: a webhook that never comes costs a quarter of an hour, not the money."""
    provider = provider_of(house)
    transaction_id, intent = await begin(patron, CARD_TOP_UP)
    provider.works_on(intent["provider_payment_id"])
    await hook(house)
    await settled(house)
    assert row(house, Payment, intent["payment_id"]).status == "processing"
    provider.away = True
    await trio.sleep(20 * 60)
    provider.away = False
    provider.pays(intent["provider_payment_id"])
    assert await paid_minor(house, patron) == FUNDS_MINOR
    await trio.sleep(15 * 60)
    assert await paid_minor(house, patron) == FUNDS_MINOR + 5_000
    assert row(house, Transaction, transaction_id).status == "posted"
    calls = provider.calls
    await trio.sleep(60 * 60)
    assert provider.calls == calls
    await all_is_well(house)


async def test_a_card_purchase_is_served_once_it_is_paid(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """The sale is posted with its revenue and tax; the wallet has no part in it."""
    transaction_id, intent = await begin(patron, {**an_order(PLAY, 3), "tender": "card"})
    provider_of(house).pays(intent["provider_payment_id"])
    await hook(house)
    assert await paid_minor(house, patron) == FUNDS_MINOR
    sale = row(house, Transaction, transaction_id)
    assert (sale.status, sale.tender, sale.amount_minor) == ("posted", "card", 300)
    lines = [
        line
        for line in house.world.database.table(Purchase).values()
        if str(line.transaction_id) == transaction_id
    ]
    assert [line.status for line in lines] == ["served"]
    await all_is_well(house)


async def test_a_declined_card_leaves_the_transaction_to_another_try(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """The second payment pays; the first one's late success is credit of its own."""
    provider = provider_of(house)
    transaction_id, first = await begin(patron, CARD_TOP_UP)
    provider.declines(first["provider_payment_id"])
    await hook(house)
    await settled(house)
    body = {"transaction_id": transaction_id}
    second = await patron.need(201, "POST", "/api/payments/intents", body)
    assert second["payment_id"] != first["payment_id"]
    provider.pays(first["provider_payment_id"])
    await hook(house)
    provider.pays(second["provider_payment_id"])
    await hook(house)
    assert await paid_minor(house, patron) == FUNDS_MINOR + 10_000
    await all_is_well(house)


async def test_an_own_payment_can_be_cancelled_until_it_has_come(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """Cancelled means void; come means final, and the money is there."""
    transaction_id, intent = await begin(patron, CARD_TOP_UP)
    path = f"/api/payments/intents/{intent['payment_id']}/cancel"
    cancelled = await patron.need(200, "POST", path)
    assert (cancelled["status"], cancelled["transaction_status"]) == ("canceled", "voided")
    heard = await patron.send("POST", path)
    assert (heard.status, heard.code) == (409, "payment_final")
    _, other = await begin(patron, CARD_TOP_UP)
    provider_of(house).pays(other["provider_payment_id"])
    path = f"/api/payments/intents/{other['payment_id']}/cancel"
    heard = await patron.send("POST", path)
    assert (heard.status, heard.code) == (409, "payment_final")
    assert await paid_minor(house, patron) == FUNDS_MINOR + 5_000
    assert row(house, Transaction, transaction_id).status == "voided"
    await all_is_well(house)


async def test_another_s_payment_is_not_there(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """Rule 15: 404, and the provider is not asked on a stranger's word."""
    _, intent = await begin(patron, CARD_TOP_UP)
    stranger = await sign_in(house, "patron2")
    calls = provider_of(house).calls
    path = f"/api/payments/intents/{intent['payment_id']}/cancel"
    assert (await stranger.send("POST", path)).status == 404
    body = {"transaction_id": intent["transaction_id"]}
    assert (await stranger.send("POST", "/api/payments/intents", body)).status == 404
    assert provider_of(house).calls == calls


async def test_without_a_provider_cards_are_refused_and_nothing_is_begun(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """503 says that nothing was done; the transaction waits, and is void by itself."""
    provider_of(house).on = False
    opened = await patron.need(202, "POST", "/api/transactions/topup", CARD_TOP_UP)
    body = {"transaction_id": opened["transaction_id"]}
    heard = await patron.send("POST", "/api/payments/intents", body)
    assert (heard.status, heard.code) == (503, "provider_unavailable")
    heard = await patron.send("POST", "/api/payments/methods", {})
    assert (heard.status, heard.code) == (503, "provider_unavailable")
    await settled(house)
    assert not house.world.database.table(Payment)


async def test_a_provider_that_does_not_answer_is_a_bad_gateway_and_asked_again(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """The same key gives the same payment once it answers."""
    opened = await patron.need(202, "POST", "/api/transactions/topup", CARD_TOP_UP)
    body = {"transaction_id": opened["transaction_id"]}
    provider_of(house).away = True
    heard = await patron.send("POST", "/api/payments/intents", body, key="again")
    assert (heard.status, heard.code) == (502, "provider_error")
    provider_of(house).away = False
    await patron.need(201, "POST", "/api/payments/intents", body, key="again")
    await settled(house)
    assert len(house.world.database.table(Payment)) == 1


async def test_a_card_is_saved_paid_with_and_forgotten(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """By reference only: what we keep can't pay anywhere else."""
    provider = provider_of(house)
    begun = await patron.need(201, "POST", "/api/payments/methods", {})
    assert begun["status"] == "requires_confirmation"
    assert begun["client_secret"]
    body = {"setup_intent_id": begun["setup_intent_id"]}
    early = await patron.need(201, "POST", "/api/payments/methods", body)
    assert early["status"] == "requires_confirmation"
    provider.confirms(begun["setup_intent_id"])
    saved = await patron.need(201, "POST", "/api/payments/methods", body)
    method_id = saved["method"]["method_id"]
    assert (saved["method"]["last4"], saved["method"]["is_default"]) == ("4242", True)
    opened = await patron.need(202, "POST", "/api/transactions/topup", CARD_TOP_UP)
    paying = {"transaction_id": opened["transaction_id"], "method_id": method_id}
    intent = await patron.need(201, "POST", "/api/payments/intents", paying)
    heard = await patron.send("DELETE", f"/api/payments/methods/{method_id}")
    assert (heard.status, heard.code) == (409, "method_in_use")
    provider.pays(intent["provider_payment_id"])
    await hook(house)
    await settled(house)
    heard = await patron.send("DELETE", f"/api/payments/methods/{method_id}")
    assert (heard.status, heard.raw) == (204, b"")
    assert (await patron.send("DELETE", f"/api/payments/methods/{method_id}")).status == 404
    await settled(house)
    assert provider.detached == {f"pm_{begun['setup_intent_id']}"}
