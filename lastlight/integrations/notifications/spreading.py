"""Makes of one message to many people one for each person and way, each with a life of its own.

Only ways that this node has a provider for are taken, only people who have something to be reached
by. It sends nothing itself: what it returns is durable before any of it goes out, so a crash
repeats no more than what was not done.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID, uuid5

import attrs

from actors.rules.notices import Ways
from actors.runtime.outcome import Send
from lastlight.integrations.notifications.port import Channel
from protocol.addresses import OUTSIDE
from protocol.commands import Command
from protocol.internal.emergencies import AlertGroup, AlertPeople
from protocol.internal.notifications import (
    About,
    CallPerson,
    MailPerson,
    PushByApns,
    PushByFcm,
    SendText,
    TellContact,
    Words,
)
from protocol.notify_limits import ALERT_PEOPLE_AT_ONCE
from protocol.reaching import Reach
from protocol.records.states import PushPlatform

PUSHES: Final = {
    PushPlatform.FCM: (Channel.FCM, PushByFcm),
    PushPlatform.APNS: (Channel.APNS, PushByApns),
}
_PUSH: Final = "push"
_SMS: Final = "sms"
_VOICE: Final = "voice"
_WEBHOOK: Final = "webhook"
_OWNER: Final = "owner"
_PIECE: Final = "some"


@attrs.frozen(kw_only=True)
class Spread:
    """What a message becomes. `no_way` are people and ways that there was no target for."""

    sends: tuple[Send, ...]
    no_way: tuple[tuple[UUID, str], ...] = ()
    lacks_provider: bool = False
    """Somebody was to be reached by a way that this node has no provider for."""


def people_in(alert: AlertPeople, owners: Sequence[UUID]) -> dict[UUID, set[str]]:
    """Who is to be told, and by which ways, each once; nobody from whom it must be hidden.

    Owners of every venue are in no group of a venue's: they are told wherever its owner is.
    """
    found: dict[UUID, set[str]] = {}
    for group in alert.groups:
        everyone = (*group.user_ids, *(owners if group.audience == _OWNER else ()))
        for user_id in everyone:
            if user_id != alert.hide_from:
                found.setdefault(user_id, set()).update(group.channels)
    return found


def tells_contact(alert: AlertPeople) -> bool:
    """Whether the contact outside is to be told."""
    return any(_WEBHOOK in group.channels for group in alert.groups)


def pieces_of(alert: AlertPeople, people: Mapping[UUID, set[str]]) -> tuple[Send, ...]:
    """The alert in pieces of ALERT_PEOPLE_AT_ONCE people, none if it has no more than that."""
    everyone, most = list(people.items()), ALERT_PEOPLE_AT_ONCE
    if len(everyone) <= most:
        return ()
    pieces = []
    for start in range(0, len(everyone), most):
        by_channels: dict[tuple[str, ...], list[UUID]] = {}
        for user_id, channels in everyone[start : start + most]:
            by_channels.setdefault(tuple(sorted(channels)), []).append(user_id)
        groups = tuple(
            AlertGroup(audience=_PIECE, channels=channels, user_ids=tuple(user_ids))
            for channels, user_ids in by_channels.items()
        )
        pieces.append(_send(alert.evolve(groups=groups), urgent=True))
    return tuple(pieces)


def spread_alert(
    people: Mapping[UUID, set[str]],
    reaches: Mapping[UUID, Reach],
    *,
    words: Words,
    about: About,
    urgent: bool,
    on: Collection[Channel],
) -> Spread:
    """An alert to some people, by every way of each that there is a provider for."""
    sends: list[Send] = []
    no_way: list[tuple[UUID, str]] = []
    lacks = False
    for user_id, channels in people.items():
        reach = reaches.get(user_id, Reach(user_id=user_id))
        if _PUSH in channels:
            pushes, missing = _pushes(reach, words, about, on)
            sends += [_send(one, urgent=urgent) for one in pushes]
            lacks |= missing or not {Channel.FCM, Channel.APNS} & {*on}
            if not reach.devices:
                no_way.append((user_id, _PUSH))
        for way, channel, command in (
            (_SMS, Channel.SMS, SendText),
            (_VOICE, Channel.VOICE, CallPerson),
        ):
            if way not in channels:
                continue
            if channel not in on:
                lacks = True
            elif reach.phone is None:
                no_way.append((user_id, way))
            else:
                call = command(user_id=user_id, words=words, about=about)
                sends.append(_send(call, urgent=urgent))
    return Spread(sends=tuple(sends), no_way=tuple(no_way), lacks_provider=lacks)


def spread_contact(words: Words, about: About) -> Send:
    """An alert to the contact outside."""
    return _send(TellContact(words=words, about=about), urgent=True)


def spread_notice(
    reach: Reach, ways: Ways, words: Words, about: About, on: Collection[Channel]
) -> tuple[Send, ...]:
    """A notice to one person, by the ways that they want it by."""
    sends: list[Command] = []
    if ways.push is not None:
        sends += _pushes(reach, words, about, on)[0]
    if ways.mail and reach.email is not None and Channel.MAIL in on:
        sends.append(MailPerson(user_id=reach.user_id, words=words, about=about))
    if ways.sms and reach.phone is not None and Channel.SMS in on:
        sends.append(SendText(user_id=reach.user_id, words=words, about=about))
    return tuple(_send(one, urgent=False) for one in sends)


def id_of_no_way(message_id: UUID, user_id: UUID, way: str) -> UUID:
    """Names the note that somebody could not be reached; the same however often it is taken."""
    return uuid5(message_id, f"{user_id}:{way}")


def _pushes(
    reach: Reach, words: Words, about: About, on: Collection[Channel]
) -> tuple[list[Command], bool]:
    """Pushes to all devices of a person, and whether one of them has no provider here."""
    found = list(_each_push(reach, words, about, on))
    return [one for one in found if one is not None], None in found


def _each_push(
    reach: Reach, words: Words, about: About, on: Collection[Channel]
) -> Iterator[Command | None]:
    for device in reach.devices:
        channel, command = PUSHES[device.platform]
        yield (
            command(user_id=reach.user_id, device_id=device.device_id, words=words, about=about)
            if channel in on
            else None
        )


def _send(command: Command, *, urgent: bool) -> Send:
    return Send(OUTSIDE, command, detached=True, urgent=urgent)
