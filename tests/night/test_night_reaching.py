"""An SOS in the night, by telephone: pushes, texts and calls through providers that misbehave."""

from __future__ import annotations

from uuid import UUID

import trio
from trio.testing import MockClock

from lastlight.integrations.notifications.deliveries import NOBODY
from lastlight.integrations.notifications.port import Channel, Fate, TargetGone, Trace, TryLater
from protocol.records.users import PushDevice
from tests.night.books import assert_all_is_well
from tests.night.phones import (
    MANAGER_PHONE,
    OWNER_PHONE,
    open_crew,
    open_phones,
    press,
    token_of,
    with_phone,
)
from tests.twins.nodes import World
from tests.twins.people import sign_in
from tests.twins.whole import open_memory_last_light


async def test_each_tier_reaches_people_by_its_own_ways(
    world: World, autojump_clock: MockClock
) -> None:
    """Rule 8: pushes at once, then texts and calls to who manages tonight, then calls to whoever
    is at home, and in the end the contact outside, once a minute."""
    async with open_crew(world) as crew:
        phones, began = crew.phones, trio.current_time()
        incident_id = await press(crew)
        await trio.sleep(1)
        assert phones.heard(Channel.FCM) == [token_of(crew.staff)]
        assert sorted(phones.heard(Channel.APNS)) == [token_of(crew.manager), token_of(crew.owner)]
        assert phones.heard(Channel.SMS) == phones.heard(Channel.VOICE) == []
        await trio.sleep(began + 31 - trio.current_time())
        assert phones.heard(Channel.SMS) == [MANAGER_PHONE]
        assert phones.heard(Channel.VOICE) == [MANAGER_PHONE]
        await trio.sleep(began + 91 - trio.current_time())
        assert sorted(phones.heard(Channel.VOICE)) == [MANAGER_PHONE, MANAGER_PHONE, OWNER_PHONE]
        assert phones.heard(Channel.WEBHOOK) == []
        await trio.sleep(began + 181 + 60 - trio.current_time())
        assert len(phones.heard(Channel.WEBHOOK)) == 2
        letters = [letter.words for _, letter in phones.ways[Channel.WEBHOOK].taken]
        assert {words.data["incident_id"] for words in letters} == {incident_id}
        assert all("Last Light Shibuya" in words.body for words in letters)
        await trio.sleep(1)
        notes = [note for note in phones.notes if note.incident_id == UUID(incident_id)]
        assert {note.status for note in notes} == {"sent", "no_way"}
        told = {(str(note.user_id), note.channel) for note in notes if note.status == "sent"}
        assert told == {
            (crew.staff.user_id, "push_fcm"),
            (crew.manager.user_id, "push_apns"),
            (crew.owner.user_id, "push_apns"),
            (crew.manager.user_id, "sms"),
            (crew.manager.user_id, "voice"),
            (crew.owner.user_id, "voice"),
            (str(NOBODY), "webhook"),
        }
    assert_all_is_well(world)


async def test_a_provider_that_hangs_for_a_minute_holds_up_nobody_else(
    world: World, autojump_clock: MockClock
) -> None:
    """The other telephones ring at once, every request is answered at once, and what hung is
    brought when it is back."""
    async with open_crew(world) as crew:
        phones = crew.phones
        back = trio.Event()
        phones.ways[Channel.FCM].hangs = back
        phones.ways[Channel.MAIL].hangs = back
        patron = await sign_in(crew.house, "patron1")
        began = trio.current_time()
        await press(crew)
        await trio.sleep(0.5)
        assert sorted(phones.heard(Channel.APNS)) == [token_of(crew.manager), token_of(crew.owner)]
        for number in range(20):
            # Mails for codes that hang likewise.
            who = {"email": f"patron{number + 1}@lastlight.example"}
            await patron.need(202, "POST", "/api/auth/password/forgot", who)
        asked_at = trio.current_time()
        await patron.need(200, "GET", "/api/transactions/credits")
        assert trio.current_time() == asked_at
        await trio.sleep(began + 31 - trio.current_time())
        assert phones.heard(Channel.SMS) == [MANAGER_PHONE]
        assert phones.heard(Channel.FCM) == []
        await trio.sleep(began + 60 - trio.current_time())
        back.set()
        await trio.sleep(60)
        assert token_of(crew.staff) in phones.heard(Channel.FCM)
        assert len(set(phones.heard(Channel.MAIL))) == 20
    assert_all_is_well(world)


async def test_what_a_provider_refused_for_now_is_brought_when_it_takes_it(
    world: World, autojump_clock: MockClock
) -> None:
    """Not before the time that it asked for, and noted with every try."""
    async with open_crew(world) as crew:
        fcm = crew.phones.ways[Channel.FCM]
        fcm.raises += [TryLater(reason="busy", after_s=7.0), TryLater(reason="broken")]
        began = trio.current_time()
        await press(crew)
        await trio.sleep(began + 6.5 - trio.current_time())
        assert fcm.taken == []
        await trio.sleep(3)
        assert crew.phones.heard(Channel.FCM) == [token_of(crew.staff)]
        (note,) = [note for note in crew.phones.notes if note.channel == "push_fcm"]
        assert (note.status, note.tries, note.error) == ("sent", 3, None)


async def test_a_device_that_is_gone_is_forgotten(world: World, autojump_clock: MockClock) -> None:
    """By the account that it belongs to; the other devices keep their alarm."""
    async with open_crew(world) as crew:
        crew.phones.ways[Channel.FCM].raises.append(TargetGone(reason="UNREGISTERED"))
        await press(crew)
        await trio.sleep(1)
        await crew.house.wait_flushed()
        left = {one.token for one in _devices(world)}
        assert left == {token_of(crew.manager), token_of(crew.owner)}
        reached = {one.token for one in _devices(world) if one.last_ok_at is not None}
        assert reached == left
        assert [note.status for note in crew.phones.notes if note.channel == "push_fcm"] == ["gone"]


async def test_a_device_that_got_another_token_meanwhile_is_kept(
    world: World, autojump_clock: MockClock
) -> None:
    """What is said of the old token is not said of the new one."""
    async with open_crew(world) as crew:
        fcm = crew.phones.ways[Channel.FCM]
        fcm.hangs = trio.Event()
        fcm.raises.append(TargetGone(reason="UNREGISTERED"))
        await press(crew)
        await trio.sleep(0.1)
        body = {"device_id": "staff2-phone", "platform": "fcm", "token": "newer", "app": "staff"}
        await crew.staff.need(200, "POST", "/api/users/me/devices", body)
        fcm.hangs.set()
        await trio.sleep(1)
        await crew.house.wait_flushed()
        assert "newer" in {one.token for one in _devices(world)}


async def test_a_silent_call_shows_on_no_device_of_whoever_raised_it(
    world: World, autojump_clock: MockClock
) -> None:
    """Whoever stands next to them may hold it in the hand."""
    async with open_crew(world) as crew:
        await with_phone(crew.raiser, "+819000000009", "fcm")
        await crew.house.wait_flushed()
        await press(crew, silent=True)
        await trio.sleep(200)
        everything = [target for channel in Channel for target in crew.phones.heard(channel)]
        assert token_of(crew.raiser) not in everything
        assert "+819000000009" not in everything
        assert token_of(crew.staff) in everything


async def test_an_alarm_reaches_telephones_while_the_database_is_away(
    world: World, autojump_clock: MockClock
) -> None:
    """Whoever works here was read before; the notes follow when it is back."""
    async with open_crew(world) as crew:
        await trio.sleep(301)
        for person in (crew.raiser, crew.staff, crew.manager, crew.owner):
            await person.refresh()
        crew.phones.book.away = True
        incident_id = await press(crew)
        await trio.sleep(1)
        assert crew.phones.heard(Channel.FCM) == [token_of(crew.staff)]
        assert crew.phones.notes == []
        crew.phones.book.away = False
        await trio.sleep(10)
        assert {str(note.incident_id) for note in crew.phones.notes} == {incident_id}


async def test_a_crash_repeats_only_what_was_not_brought(
    world: World, autojump_clock: MockClock
) -> None:
    """Each telephone is a message of its own: nobody is rung twice for one who was not."""
    async with open_crew(world) as crew:
        crew.phones.ways[Channel.FCM].hangs = trio.Event()
        await press(crew)
        await trio.sleep(1)
        first = crew.phones
        assert len(first.heard(Channel.APNS)) == 2
    async with (
        open_memory_last_light(world, ready=False) as house,
        open_phones(world, house) as then,
    ):
        await house.node.wait_ready()
        await trio.sleep(1)
        assert then.heard(Channel.FCM) == ["token-of-staff2"]
        assert then.heard(Channel.APNS) == []
    assert_all_is_well(world)


def _devices(world: World) -> list[PushDevice]:
    return [one for one in world.database.table(PushDevice).values() if isinstance(one, PushDevice)]


async def test_whether_a_text_arrived_is_noted_also_over_a_crash(
    world: World, autojump_clock: MockClock
) -> None:
    """That a provider took an alarm is not that anybody heard it; who looks later sees which."""
    ways = (Channel.SMS, Channel.VOICE)
    async with open_crew(world, followed=ways) as crew:
        incident_id = await press(crew)
        await trio.sleep(40)
        (text,) = [letter for _, letter in crew.phones.ways[Channel.SMS].taken]
        (call,) = [letter for _, letter in crew.phones.ways[Channel.VOICE].taken]
    async with open_memory_last_light(world) as house:
        async with open_phones(world, house, followed=ways) as phones:
            for way, letter, fate in (
                (Channel.SMS, text, Fate.DELIVERED),
                (Channel.VOICE, call, Fate.FAILED),
            ):
                phones.ways[way].taken.append(("", letter))
                phones.ways[way].traces[str(letter.id)] = Trace(fate=fate, reason="engaged")
            await trio.sleep(20)
            notes = {note.id: note for note in phones.notes}
        assert notes[text.id].incident_id == UUID(incident_id)
        assert (notes[text.id].status, notes[text.id].channel) == ("delivered", "sms")
        assert notes[text.id].delivered_at is not None
        assert (notes[call.id].status, notes[call.id].error) == ("failed", "engaged")
