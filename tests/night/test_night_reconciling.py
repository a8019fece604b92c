"""A day's cards against the provider's books, on a whole node: what does not meet is told, once."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import attrs
import pytest
import trio
from trio.testing import MockClock

from lastlight.integrations.comparing import Finding
from lastlight.integrations.payments import ProviderEntry
from protocol.errors import LastLightError
from storage.postgres.reconciling import TradingDay
from tests.night.cards import CARD_TOP_UP, begin, elevated, hook, provider_of
from tests.night.test_night_visits import PLAY, settled
from tests.twins.people import VENUE, Someone, an_order
from tests.twins.whole import LastLight


def today(house: LastLight) -> TradingDay:
    """The time around now, as a day of the venue."""
    now = house.world.clock.now()
    return TradingDay(
        venue_id=UUID(VENUE),
        business_day=now.date(),
        starts_at=now - timedelta(hours=12),
        ends_at=now + timedelta(hours=12),
    )


async def compared(house: LastLight) -> list[Finding]:
    """What comparing finds once all is settled."""
    await settled(house)
    return list(await house.cards.reconciler.reconcile_day(today(house)))


def told(house: LastLight) -> list[tuple[str, str, int]]:
    """What owners were told does not meet."""
    return [
        (event.data["kind"], event.data["reference"], event.data["delta_minor"])
        for event in house.world.publisher.events
        if event.type == "payment.reconciliation_mismatch"
    ]


async def paid_top_up(house: LastLight, patron: Someone) -> tuple[str, str]:
    """A top-up whose money came and was heard of; its transaction and the provider's name."""
    transaction_id, intent = await begin(patron, CARD_TOP_UP)
    provider_of(house).pays(intent["provider_payment_id"])
    await hook(house)
    await settled(house)
    return transaction_id, intent["provider_payment_id"]


async def test_a_day_whose_every_word_was_heard_has_no_findings(
    house: LastLight, patron: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """Top-up, refund and chargeback, all of them booked on both sides."""
    transaction_id, name = await paid_top_up(house, patron)
    body = {"reason_code": "unused_credit", "amount_minor": 2_000}
    asked = await patron.need(202, "POST", f"/api/transactions/{transaction_id}/refund", body)
    decision = f"/api/transactions/refunds/{asked['refund_id']}/decision"
    await (await elevated(manager)).need(200, "POST", decision, {"decision": "approve"})
    provider_of(house).disputes(name)
    await hook(house)
    assert await compared(house) == []
    (outcome,) = house.world.reconciliations.outcomes.values()
    assert outcome[1] == {
        "charges_minor": 5_000, "refunds_minor": 2_000, "disputes_minor": 5_000, "fees_minor": 0,
    }  # fmt: skip
    assert told(house) == []


async def test_money_that_nobody_here_heard_of_is_told_once_and_heals(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """The webhook never came: the owner learns of it in the morning, and not every morning."""
    _, intent = await begin(patron, CARD_TOP_UP)
    name = intent["provider_payment_id"]
    provider_of(house).pays(name)
    for _ in range(2):
        (finding,) = await compared(house)
        assert (finding.kind, finding.reference) == ("missing_local", name)
    assert told(house) == [("missing_local", name, 5_000)]
    await hook(house)
    assert await compared(house) == []


async def test_money_that_the_provider_knows_nothing_of_and_amounts_that_differ_are_told(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """Both are a sign that somebody meddled, or that one of the two lost something."""
    provider = provider_of(house)
    _, first = await paid_top_up(house, patron)
    _, second = await paid_top_up(house, patron)
    provider.books.entries[0] = attrs.evolve(provider.books.entries[0], amount_minor=4_000)
    del provider.books.entries[1], provider.intents[second]
    await compared(house)
    assert sorted(told(house)) == [
        ("amount_differs", first, -1_000),
        ("missing_remote", second, -5_000),
    ]


async def test_a_refund_that_somebody_made_at_the_provider_is_told(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """Made in its dashboard it takes money from the house, and nothing from the wallet."""
    _, name = await paid_top_up(house, patron)
    entries = provider_of(house).books.entries
    made = attrs.evolve(
        entries[0], kind="refund", provider_id="re_by_hand", our_id=None, venue_id=None
    )
    entries.append(made)
    (finding,) = await compared(house)
    assert (finding.kind, finding.what) == ("missing_local", "refund")
    assert told(house) == [("missing_local", "re_by_hand", -5_000)]
    assert finding.provider_payment_id == name


async def test_charges_of_somebody_else_on_the_same_account_are_left_alone(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """A shop may use the account too; its sales are not ours to miss."""
    await paid_top_up(house, patron)
    entries: list[ProviderEntry] = provider_of(house).books.entries
    foreign = attrs.evolve(
        entries[0], provider_id="pi_shop", provider_payment_id="pi_shop", our_id=None, venue_id=None
    )
    entries.append(foreign)
    assert await compared(house) == []


async def test_a_provider_that_is_away_leaves_the_day_due(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """The job is tried again; nothing is told that was not looked at."""
    await paid_top_up(house, patron)
    provider_of(house).away = True
    with pytest.raises(LastLightError):
        await compared(house)
    assert not house.world.reconciliations.outcomes
    assert told(house) == []


async def test_days_are_compared_after_their_close_each_once(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """The job may run as often as it likes."""
    await paid_top_up(house, patron)
    await patron.need(201, "POST", "/api/transactions/purchase", an_order(PLAY))
    reconciler = house.cards.reconciler
    assert await reconciler.reconcile() == {"days": 0, "findings": 0}
    await trio.sleep(2 * 24 * 3600)
    await settled(house)
    first = await reconciler.reconcile()
    assert (first["days"] >= 1, first["findings"]) == (True, 0)
    assert await reconciler.reconcile() == {"days": 0, "findings": 0}
    provider_of(house).on = False
    assert await reconciler.reconcile() == {"days": 0, "provider": "off"}
