"""Messages to one person: switches, quiet hours, and what became of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest

from actors.runtime.effect_terms import EffectDelayed, EffectRefused
from lastlight.integrations.notifications.notifier import TERMS
from lastlight.integrations.notifications.port import Channel, TryLater, Undeliverable
from protocol.addresses import OUTSIDE
from protocol.internal.notifications import (
    CallPerson,
    MailPerson,
    NotifyPerson,
    PushByApns,
    PushByFcm,
    SendText,
    TellContact,
)
from protocol.internal.people import SendNotice
from protocol.messages import Message
from protocol.notify_limits import NOTIFY_SECRET_AGE_MAX_S
from protocol.operations.users import Switch
from tests.lastlight.notifier_kit import (
    NIGHT,
    PUSH,
    QUIET,
    a_stand,
    someone,
)


@pytest.mark.parametrize(
    ("topic", "channels", "hours", "expected"),
    [
        (Switch.VISITS, {}, None, [("PushByFcm", "plain")]),
        (Switch.VISITS, {}, QUIET, [("PushByFcm", "silent")]),
        (Switch.VISITS, {"visits": False}, None, []),
        (Switch.VISITS, {"push": False}, None, []),
        (Switch.VISITS, {"push": False, "email": True}, QUIET, [("MailPerson", "silent")]),
        (Switch.WALLET, {"sms": True}, None, [("PushByFcm", "plain"), ("SendText", "plain")]),
        (Switch.WALLET, {"sms": True}, QUIET, [("PushByFcm", "silent")]),
        (Switch.OFFERS, {}, None, []),
        (Switch.OFFERS, {"offers": True}, None, [("PushByFcm", "plain")]),
        (Switch.SAFETY, {"safety": False, "push": False}, QUIET, [("PushByFcm", "plain")]),
        (Switch.SECURITY, {"security": False, "push": False}, QUIET, [("PushByFcm", "plain")]),
    ],
)
async def test_a_notice_goes_as_its_person_wants_it(
    topic: Switch,
    channels: dict[str, bool],
    hours: dict[str, str] | None,
    expected: list[tuple[str, str]],
) -> None:
    """Half past midnight where they are. Safety and security can't be silenced."""
    reach = someone(1, channels=channels, quiet_hours=hours)
    stand = a_stand(known={UUID(int=1): reach})
    notice = NotifyPerson(user_id=UUID(int=1), kind="age_verified", topic=topic)
    sends = await stand.ask(notice)
    assert not any(send.urgent for send in sends)
    assert [
        (type(one.command).__name__, one.command.words.loudness.value)  # type: ignore[attr-defined]
        for one in sends
    ] == expected


async def test_what_is_refused_for_good_is_given_up_and_noted() -> None:
    """It is in the operator's list by the runtime, and in the incident by its note."""
    stand = a_stand(known={UUID(int=1): someone(1)})
    stand.ways[Channel.FCM].raises.append(Undeliverable(reason="FCM answered 400"))
    with pytest.raises(EffectRefused):
        await stand.ask(PUSH)
    message = Message(id=UUID(int=1), target=OUTSIDE, command=PUSH, at=NIGHT)
    given_up = stand.notifier.when_given_up()[PushByFcm]
    assert given_up(message, "FCM answered 400") == ()
    (note,) = await stand.notes()
    assert (note.status, note.error, note.incident_id) == (
        "failed",
        "FCM answered 400",
        UUID(int=6),
    )


async def test_what_a_provider_asks_to_wait_is_told_to_the_runtime() -> None:
    """Which tries again, and not before."""
    stand = a_stand(known={UUID(int=1): someone(1)})
    stand.ways[Channel.FCM].raises.append(TryLater(reason="busy", after_s=33.0))
    with pytest.raises(EffectDelayed) as raised:
        await stand.ask(PUSH)
    assert (raised.value.reason, raised.value.not_before_s) == ("busy", 33.0)


async def test_an_alarm_that_is_over_is_not_sent_any_more() -> None:
    """A node that was away for an hour must not wake anybody with it."""
    stand = a_stand(known={UUID(int=1): someone(1)})
    stand.now = NIGHT + timedelta(minutes=1)
    with pytest.raises(EffectRefused, match="too late"):
        await stand.ask(PUSH)
    assert stand.ways[Channel.FCM].taken == []


@pytest.mark.parametrize(
    ("command", "channel", "target"),
    [
        (SendText, Channel.SMS, "+819000000001"),
        (CallPerson, Channel.VOICE, "+819000000001"),
        (MailPerson, Channel.MAIL, "1@guests.example"),
    ],
)
async def test_a_person_is_reached_where_they_are_now(
    command: type[SendText], channel: Channel, target: str
) -> None:
    """The number is looked up when it goes out; without one it is noted, and that is all."""
    stand = a_stand(known={UUID(int=1): someone(1)})
    to = command(user_id=UUID(int=1), words=PUSH.words, about=PUSH.about)
    await stand.ask(to)
    assert [where for where, _ in stand.ways[channel].taken] == [target]
    stand.people.known[UUID(int=1)] = someone(1, phone=None, email=None)
    await stand.ask(to, n=2)
    assert {note.status for note in await stand.notes()} == {"sent", "no_way"}


async def test_a_device_that_was_removed_meanwhile_is_left_alone() -> None:
    """Whoever signed out gets nothing more."""
    stand = a_stand(known={UUID(int=1): someone(1, devices=())})
    assert await stand.ask(PUSH) == []
    assert stand.ways[Channel.FCM].taken == []


async def test_an_account_hears_once_a_day_that_a_device_is_there() -> None:
    """Each push would be a write otherwise."""
    reach = someone(1)
    stand = a_stand(known={UUID(int=1): reach})
    assert [type(one.command).__name__ for one in await stand.ask(PUSH)] == ["DeviceReached"]
    device = attrs.evolve(reach.devices[0], last_ok_at=NIGHT - timedelta(hours=23))
    stand.people.known[UUID(int=1)] = attrs.evolve(reach, devices=(device,))
    assert await stand.ask(PUSH, n=2) == []


def a_code(**more: Any) -> SendNotice:
    given: dict[str, Any] = {
        "user_id": UUID(int=1),
        "kind": "email_verification",
        "email": "1@guests.example",
        "subject": "Your code",
        "text": "Here it is",
        "secret": "493021",
    }
    return SendNotice(**(given | more))


async def test_a_code_goes_to_the_address_that_it_was_made_for() -> None:
    """By mail or by SMS, whole; without a provider it is in the mailbox."""
    stand = a_stand()
    await stand.ask(a_code())
    await stand.ask(a_code(email=None, phone="+81900"), n=2)
    ((address, mail),) = stand.ways[Channel.MAIL].taken
    ((number, _),) = stand.ways[Channel.SMS].taken
    assert (address, number) == ("1@guests.example", "+81900")
    assert mail.text == "Here it is\n\n493021"
    without = a_stand(off=(Channel.MAIL, Channel.SMS))
    await without.ask(a_code())
    await without.ask(a_code(email=None, phone="+81900"))
    assert len(without.mailbox) == 2


async def test_a_code_that_is_not_good_any_more_is_not_sent() -> None:
    """It would only confuse whoever asked for another one since."""
    stand = a_stand()
    old = NIGHT - timedelta(seconds=NOTIFY_SECRET_AGE_MAX_S + 1)
    with pytest.raises(EffectRefused):
        await stand.ask(a_code(), at=old)
    await stand.ask(a_code(secret=None), at=old)
    assert len(stand.ways[Channel.MAIL].taken) == 1


def test_every_provider_has_places_of_its_own() -> None:
    """One that hangs must not take those of another."""
    commands = (PushByFcm, PushByApns, SendText, CallPerson, MailPerson, TellContact)
    assert len({TERMS[command].lane.name for command in commands}) == len(commands)
