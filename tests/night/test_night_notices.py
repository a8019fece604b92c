"""Notices of visits, bookings and money to a telephone in a pocket, as its owner wants them."""

from __future__ import annotations

from typing import Any

import trio
from trio.testing import MockClock

from lastlight.integrations.notifications.port import Channel
from protocol.internal.notifications import Loudness
from tests.night.bookings import ROOM_FOR_TWO, book, one, patched, stand_in_line
from tests.night.cards import CARD_TOP_UP, begin, elevated, hook, provider_of
from tests.night.phones import Phones, open_phones, token_of, with_phone
from tests.night.test_night_visits import spend_down_to
from tests.twins.nodes import World
from tests.twins.people import Someone, ask, check_in, go_on_duty, sign_in
from tests.twins.whole import LastLight, open_memory_last_light


def shown(phones: Phones, person: Someone) -> list[tuple[str, Loudness]]:
    """What a person's device showed: the kinds of notices, and how loudly."""
    return [
        (letter.words.data["kind"], letter.words.loudness)
        for target, letter in phones.ways[Channel.FCM].taken
        if target == token_of(person)
    ]


async def phone_of(house: LastLight, name: str, phone: str = "+819000000009") -> Someone:
    """Somebody of the demo with a device, of which the database knows."""
    person = await with_phone(await sign_in(house, name), phone, "fcm")
    await house.wait_flushed()
    return person


async def wish(person: Someone, **wishes: Any) -> None:
    """Say how one wants to be told things."""
    headers = (("authorization", f"Bearer {person.token}"), ("if-match", '"v0"'))
    heard = await ask(person.house, "PUT", "/api/users/me/preferences", wishes, headers=headers)
    assert heard.status == 200, heard
    await person.house.wait_flushed()


async def test_credit_that_runs_low_and_out_is_told_to_a_phone_in_a_pocket(
    world: World, autojump_clock: MockClock
) -> None:
    """Rule 3: who does not look at the app has ten minutes to top up, and should know of them."""
    async with open_memory_last_light(world) as house, open_phones(world, house) as phones:
        patron = await phone_of(house, "patron1")
        await spend_down_to(patron, 600)
        await check_in(patron, await sign_in(house, "staff1"))
        await trio.sleep(80 * 60)
        kinds = [kind for kind, _ in shown(phones, patron) if kind != "break_reminder"]
        assert kinds == ["credit_low", "credit_used_up", "visit_ended"]


async def test_a_room_for_who_waits_in_line_is_told_and_own_doings_are_not(
    world: World, autojump_clock: MockClock
) -> None:
    """Rule 14: a room is kept a quarter of an hour; who stands at the bar must hear of it."""
    async with open_memory_last_light(world) as house, open_phones(world, house) as phones:
        patron = await phone_of(house, "patron1")
        await stand_in_line(patron)
        booking = await book(patron, room_id=ROOM_FOR_TWO)
        await patched(patron, one(booking), booking["version"], {"action": "cancel"})
        await trio.sleep(5)
        assert [kind for kind, _ in shown(phones, patron)] == ["room_ready"]


async def test_a_booking_that_the_house_cancels_is_told_as_its_owner_wishes(
    world: World, autojump_clock: MockClock
) -> None:
    """Nothing to who switched bookings off; the others hear of it before they come."""
    async with open_memory_last_light(world) as house, open_phones(world, house) as phones:
        wanting = await phone_of(house, "patron1")
        silent = await phone_of(house, "patron2", "+819000000008")
        await wish(silent, channels={"reservations": False})
        manager = await sign_in(house, "manager")
        await go_on_duty(manager)
        for person in (wanting, silent):
            booking = await book(person)
            body = {"action": "cancel", "reason": "the room is flooded"}
            await patched(manager, one(booking), booking["version"], body)
        await trio.sleep(5)
        assert [kind for kind, _ in shown(phones, wanting)] == ["booking_cancelled"]
        assert shown(phones, silent) == []


async def test_money_that_came_is_told_silently_in_quiet_hours(
    world: World, autojump_clock: MockClock
) -> None:
    """It lies there in the morning, and wakes nobody."""
    async with open_memory_last_light(world) as house, open_phones(world, house) as phones:
        patron = await phone_of(house, "patron1")
        await wish(patron, channels={}, quiet_hours={"from": "00:00", "to": "23:59"})
        await paid_top_up(house, patron)
        assert shown(phones, patron) == [("top_up_posted", Loudness.SILENT)]


async def test_a_notice_is_given_once_over_a_crash(world: World, autojump_clock: MockClock) -> None:
    """It is part of the outcome that it is of, so it is neither lost nor said twice."""
    async with open_memory_last_light(world) as house:
        patron = await phone_of(house, "patron1")
        async with open_phones(world, house) as phones:
            phones.ways[Channel.FCM].hangs = trio.Event()
            await paid_top_up(house, patron)
            assert shown(phones, patron) == []
    async with open_memory_last_light(world) as house, open_phones(world, house) as phones:
        await trio.sleep(60)
        assert [kind for kind, _ in shown(phones, patron)] == ["top_up_posted"]


async def paid_top_up(house: LastLight, patron: Someone) -> None:
    """A top-up by card whose money comes."""
    _, intent = await begin(patron, CARD_TOP_UP)
    provider_of(house).pays(intent["provider_payment_id"])
    await hook(house)
    await trio.sleep(5)


async def test_a_refund_that_is_decided_is_told(world: World, autojump_clock: MockClock) -> None:
    """Who asked for their money back has closed the app long before somebody decides."""
    async with open_memory_last_light(world) as house, open_phones(world, house) as phones:
        patron = await phone_of(house, "patron1")
        transaction_id, intent = await begin(patron, CARD_TOP_UP)
        provider_of(house).pays(intent["provider_payment_id"])
        await hook(house)
        await trio.sleep(5)
        body = {"reason_code": "unused_credit", "amount_minor": 500}
        path = f"/api/transactions/{transaction_id}/refund"
        asked = await patron.need(202, "POST", path, body)
        owner = await elevated(await sign_in(house, "owner"))
        decision = f"/api/transactions/refunds/{asked['refund_id']}/decision"
        await owner.need(200, "POST", decision, {"decision": "approve"})
        await trio.sleep(30)
        kinds = [kind for kind, _ in shown(phones, patron)]
        assert kinds == ["top_up_posted", "refund_succeeded"]
