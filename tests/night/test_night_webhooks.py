"""The provider's events on a whole node: kept, applied once, waited with, and asked for again."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from protocol.records.money_states import StripeEventStatus
from protocol.records.payments import StripeEvent
from protocol.records.platform import AuditEntry
from tests.night.cards import (
    CARD_TOP_UP,
    FUNDS_MINOR,
    WEBHOOK,
    all_is_well,
    begin,
    hook,
    owner_again,
    paid_minor,
    provider_of,
)
from tests.night.test_night_visits import settled
from tests.twins.people import Someone, ask
from tests.twins.whole import LastLight, open_memory_last_light


def counted(house: LastLight, result: str) -> float | None:
    """How many events ended so, by the metrics of the node."""
    registry = house.metrics.registry
    return registry.get_sample_value("lastlight_webhooks_total", {"result": result})


@pytest.mark.parametrize(
    ("signature", "code"),
    [
        (None, "signature_invalid"),
        ("t=1,v1=00", "signature_invalid"),
        ("nonsense", "signature_invalid"),
    ],
)
async def test_a_forged_event_is_refused_and_not_kept(
    house: LastLight, patron: Someone, signature: str | None, code: str, autojump_clock: MockClock
) -> None:
    """Anybody may post here; only the provider is heard."""
    _, intent = await begin(patron, CARD_TOP_UP)
    provider_of(house).pays(intent["provider_payment_id"])
    body, _ = provider_of(house).webhook()
    headers = () if signature is None else (("stripe-signature", signature),)
    heard = await ask(house, "POST", WEBHOOK, body, headers=headers)
    assert (heard.status, heard.code) == (400, code)
    assert not house.world.database.table(StripeEvent)
    assert counted(house, code) == 1


async def test_an_old_event_and_one_that_is_too_long_are_refused(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """A captured request can't be sent again later, and nobody fills our disk."""
    _, intent = await begin(patron, CARD_TOP_UP)
    provider_of(house).pays(intent["provider_payment_id"])
    body, signature = provider_of(house).webhook()
    await trio.sleep(301)
    headers = (("stripe-signature", signature),)
    heard = await ask(house, "POST", WEBHOOK, body, headers=headers)
    assert (heard.status, heard.code) == (400, "signature_stale")
    heard = await ask(house, "POST", WEBHOOK, b" " * (256 * 1024 + 1), headers=headers)
    assert (heard.status, heard.code) == (413, "payload_too_large")
    assert (counted(house, "signature_stale"), counted(house, "payload_too_large")) == (1, 1)


async def test_an_event_of_nothing_known_waits_and_after_72_hours_the_owners_are_told(
    house: LastLight, patron: Someone, owner: Someone, autojump_clock: MockClock
) -> None:
    """Rule 11: 1, 5 and 30 minutes, then hourly; in the end somebody must look. Rule 11 parked."""
    provider = provider_of(house)
    _, intent = await begin(patron, CARD_TOP_UP)
    provider.pays(intent["provider_payment_id"])
    event = dict(provider.events[-1])
    about = {**event["data"]["object"], "id": "pi_of_nobody", "metadata": {}}
    provider.events.append({**event, "id": "evt_lost", "data": {"object": about}})
    await hook(house, -1)
    await trio.sleep(30)
    await settled(house)
    waiting = house.world.database.table(StripeEvent)[("evt_lost",)]
    assert (waiting.status, waiting.tries) == (StripeEventStatus.PARKED, 1)
    await trio.sleep(73 * 3600)
    await settled(house)
    waiting = house.world.database.table(StripeEvent)[("evt_lost",)]
    assert waiting.next_try_at is None
    assert waiting.tries in range(70, 80)
    told = await house.event("payment.reconciliation_mismatch")
    assert (told.data["kind"], told.data["reference"]) == ("parked_event", "evt_lost")
    fresh = await owner_again(house)
    path = "/api/payments/webhooks/stripe/{}/replay"
    seen = await fresh.need(200, "POST", path.format("evt_lost"))
    assert seen["status"] == "parked"
    assert (await fresh.send("POST", path.format("evt_unheard"))).status == 404


async def test_an_owner_has_an_event_applied_that_never_came(
    house: LastLight, patron: Someone, owner: Someone, autojump_clock: MockClock
) -> None:
    """The provider still has it; applying it twice does nothing twice."""
    _, intent = await begin(patron, CARD_TOP_UP)
    provider_of(house).pays(intent["provider_payment_id"])
    path = f"/api/payments/webhooks/stripe/{provider_of(house).events[-1]['id']}/replay"
    for _ in range(2):
        assert (await owner.need(200, "POST", path))["status"] == "applied"
    assert (await patron.send("POST", path)).status == 403
    assert await paid_minor(house, patron) == FUNDS_MINOR + 5_000
    lines = house.world.database.table(AuditEntry).values()
    replays = [line for line in lines if line.action == "stripe_event.replayed"]
    assert [str(line.actor_id) for line in replays] == [owner.user_id] * 2
    await all_is_well(house)


async def test_an_event_that_was_kept_is_applied_by_the_next_node(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """200 means that it is durable: a kill between keeping and applying loses nothing."""
    _, intent = await begin(patron, CARD_TOP_UP)
    provider_of(house).pays(intent["provider_payment_id"])
    await settled(house)
    await hook(house)
    async with open_memory_last_light(house.world) as second:
        assert await paid_minor(second, patron.at(second)) == FUNDS_MINOR + 5_000


@pytest.mark.parametrize(("on", "word"), [(True, "ok"), (False, "off")])
async def test_a_node_that_takes_no_cards_says_so_and_is_well(
    house: LastLight, autojump_clock: MockClock, on: bool, word: str
) -> None:
    """What was never set up is no trouble; an operator still sees at a look why no card pays."""
    provider_of(house).on = on
    await settled(house)
    async with open_memory_last_light(house.world) as second:
        heard = await ask(second, "GET", "/readyz")
    assert (heard.status, heard.body["status"]) == (200, "ok")
    assert heard.body["parts"]["payments"] == word
