"""Alerts to many: who is told by which way, in which pieces, and what if somebody is unknown."""

from __future__ import annotations

from uuid import UUID

import pytest

from actors.runtime.effect_terms import EffectDelayed
from lastlight.integrations.notifications.port import Channel
from protocol.addresses import OUTSIDE
from protocol.domain_limits import ALERT_PEOPLE_MAX
from protocol.entries import Entry, encode_entry
from protocol.internal.emergencies import AlertPeople
from protocol.internal.notifications import (
    Loudness,
)
from protocol.limits import ENTRY_BYTES_MAX
from protocol.messages import Message
from protocol.reaching import Device
from protocol.records.states import PushPlatform, Severity
from tests.lastlight.notifier_kit import (
    NIGHT,
    a_group,
    a_stand,
    an_alert,
    someone,
    told,
)


async def test_everyone_is_told_once_by_each_of_their_ways() -> None:
    """Whoever is in two groups has the ways of both, and nothing twice."""
    stand = a_stand(known={UUID(int=n): someone(n) for n in (1, 2)})
    sends = await stand.ask(
        an_alert(
            a_group(1, 2), a_group(2, audience="on_duty_management", channels="push sms voice")
        )
    )
    assert told(sends) == [("CallPerson", 2), ("PushByFcm", 1), ("PushByFcm", 2), ("SendText", 2)]
    assert all(send.urgent and send.detached for send in sends)
    words = sends[0].command.words  # type: ignore[attr-defined]
    assert words.title == "SOS, critical"
    assert words.body == "Shibuya, bar. Nobody has acknowledged it yet."
    assert words.loudness is Loudness.ALARM


async def test_owners_of_every_venue_are_told_where_an_owner_is() -> None:
    """No venue knows them, so nobody else could."""
    stand = a_stand(known={UUID(int=9): someone(9)}, owners=(UUID(int=9),))
    assert told(await stand.ask(an_alert(a_group(audience="owner")))) == [("PushByFcm", 9)]
    assert told(await stand.ask(an_alert(a_group(audience="on_duty_staff")))) == []


async def test_nothing_goes_to_whom_it_must_be_hidden_from() -> None:
    """Whatever group they are in, by whatever way."""
    stand = a_stand(known={UUID(int=n): someone(n) for n in (1, 2)}, owners=(UUID(int=2),))
    alert = an_alert(
        a_group(1, 2, channels="push sms"), a_group(audience="owner"), hide_from=UUID(int=2)
    )
    assert {whose for _, whose in told(await stand.ask(alert))} == {1}


async def test_each_device_goes_by_its_own_provider() -> None:
    """A tablet and a telephone of one person both ring."""
    devices = (
        Device(device_id="a", platform=PushPlatform.APNS, token="t"),
        Device(device_id="b", platform=PushPlatform.FCM, token="t"),
    )
    stand = a_stand(known={UUID(int=1): someone(1, devices=devices)})
    assert told(await stand.ask(an_alert(a_group(1)))) == [("PushByApns", 1), ("PushByFcm", 1)]


async def test_who_has_nothing_to_be_reached_by_is_noted() -> None:
    """An incident shows whom no telephone could reach, so that it is seen to before the next."""
    stand = a_stand(known={UUID(int=1): someone(1, phone=None, devices=())})
    for _ in range(2):
        assert await stand.ask(an_alert(a_group(1, channels="push sms voice"))) == []
    notes = {note.id: note for note in await stand.notes()}
    assert sorted((note.channel, note.status) for note in notes.values()) == [
        ("push", "no_way"),
        ("sms", "no_way"),
        ("voice", "no_way"),
    ]
    assert {note.incident_id for note in notes.values()} == {UUID(int=0x1C)}


@pytest.mark.parametrize(
    ("channels", "off", "kept"),
    [
        ("push", (), 0),
        ("push", (Channel.APNS,), 0),
        ("push", (Channel.FCM,), 1),
        ("push sms", (Channel.SMS,), 1),
        ("voice", (Channel.VOICE,), 1),
        ("webhook", (Channel.WEBHOOK,), 1),
        ("socket", tuple(Channel), 0),
    ],
)
async def test_what_has_no_provider_is_kept_in_the_mailbox(
    channels: str, off: tuple[Channel, ...], kept: int
) -> None:
    """In a demo there are none, and whoever looks after a house without them can still read it."""
    stand = a_stand(off=off, known={UUID(int=1): someone(1)})
    await stand.ask(an_alert(a_group(1, channels=channels)))
    assert len(stand.mailbox) == kept


async def test_a_full_house_is_told_in_pieces_that_fit_an_entry() -> None:
    """What is to go out is journaled first, and an entry has its bound."""
    devices = tuple(
        Device(device_id="x" * 200 + str(n), platform=PushPlatform.FCM, token="t") for n in range(5)
    )
    known = {UUID(int=n): someone(n, devices=devices) for n in range(1, ALERT_PEOPLE_MAX + 1)}
    stand = a_stand(known=known)
    group = a_group(*range(1, ALERT_PEOPLE_MAX + 1), channels="push sms voice")
    alert = an_alert(group, reason="broadcast_evacuate", text="x" * 1_000)
    pieces = await stand.ask(alert)
    reached: list[tuple[str, int]] = []
    for n, piece in enumerate(pieces, 1):
        sends = await stand.ask(piece.command, n=n)
        messages = tuple(
            Message(id=UUID(int=n), target=OUTSIDE, command=one.command, at=NIGHT) for one in sends
        )
        entry = Entry(actor=OUTSIDE, at=NIGHT, cause=UUID(int=n), sends=messages)
        assert len(encode_entry(entry)) < ENTRY_BYTES_MAX
        reached += told(sends)
    assert len(reached) == ALERT_PEOPLE_MAX * 7
    assert {whose for _, whose in reached} == set(range(1, ALERT_PEOPLE_MAX + 1))
    assert all(note.incident_id is None for note in await stand.notes())


async def test_who_is_known_is_told_while_the_database_is_away_and_the_rest_later() -> None:
    """One stranger among ten must not keep nine from their alarm."""
    stand = a_stand(known={UUID(int=1): someone(1)})
    await stand.ask(an_alert(a_group(1)))
    stand.people.away = True
    alert = an_alert(a_group(1, 2), a_group(audience="external_contact", channels="webhook"))
    sends = await stand.ask(alert)
    assert told(sends) == [("AlertPeople", 0), ("PushByFcm", 1), ("TellContact", 0)]
    (later,) = [one.command for one in sends if isinstance(one.command, AlertPeople)]
    with pytest.raises(EffectDelayed):
        await stand.ask(later)
    stand.people.away = False
    stand.people.known[UUID(int=2)] = someone(2)
    assert told(await stand.ask(later)) == [("PushByFcm", 2)]


@pytest.mark.parametrize(
    ("reason", "severity", "urgent"),
    [
        ("notifying", Severity.MEDIUM, True),
        ("harassment", Severity.MEDIUM, True),
        ("broadcast_evacuate", Severity.CRITICAL, True),
        ("broadcast_info", Severity.MEDIUM, False),
        ("broadcast_all_clear", Severity.MEDIUM, False),
        ("care_overdue", Severity.CRITICAL, True),
        ("safety", Severity.MEDIUM, False),
    ],
)
async def test_only_alarms_overtake(reason: str, severity: Severity, urgent: bool) -> None:
    """Six hundred words from the house must not stand before one SOS."""
    stand = a_stand(known={UUID(int=1): someone(1)})
    (send,) = await stand.ask(an_alert(a_group(1), reason=reason, severity=severity))
    assert send.urgent is urgent
