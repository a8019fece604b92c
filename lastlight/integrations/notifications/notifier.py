"""What is done for each message to people: alerts are spread, the rest is delivered.

What this node has no provider for is kept in the mailbox folder instead, as it is in a demo. What
fails is tried again on the terms below, and what is given up is noted, and in the operator's list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs

from actors.rules.notices import ways_of
from actors.runtime.effect_terms import EffectDelayed, EffectRefused, EffectTerms
from actors.runtime.effect_terms import Lane as Places
from actors.runtime.outcome import Send
from lastlight.integrations.notifications.deliveries import NOBODY, Delivery
from lastlight.integrations.notifications.delivering import Delivering, Errand
from lastlight.integrations.notifications.following import FOLLOW_TERMS, Following
from lastlight.integrations.notifications.port import Channel
from lastlight.integrations.notifications.spreading import (
    id_of_no_way,
    people_in,
    pieces_of,
    spread_alert,
    spread_contact,
    spread_notice,
    tells_contact,
)
from lastlight.integrations.notifications.words import (
    alert_words,
    is_of_incident,
    is_soft,
    mail_words,
    notice_words,
)
from lastlight.integrations.performing import GivenUp, Perform
from protocol.addresses import OUTSIDE
from protocol.commands import Command
from protocol.internal.emergencies import AlertGroup, AlertPeople
from protocol.internal.notifications import (
    About,
    CallPerson,
    FollowLetter,
    Loudness,
    MailPerson,
    NotifyPerson,
    PushByApns,
    PushByFcm,
    SendText,
    TellContact,
    Words,
)
from protocol.internal.people import SendNotice
from protocol.messages import Message
from protocol.notify_limits import (
    ALERT_AGE_MAX_S,
    NOTICES_AT_ONCE_MAX,
    NOTIFY_AGE_MAX_S,
    NOTIFY_AT_ONCE_MAX,
    NOTIFY_CALL_S,
    NOTIFY_SECRET_AGE_MAX_S,
    NOTIFY_TRIES_MAX,
    NOTIFY_WAIT_MAX_S,
)

CHANNELS: Final[Mapping[type[Command], Channel]] = {
    PushByFcm: Channel.FCM,
    PushByApns: Channel.APNS,
    SendText: Channel.SMS,
    CallPerson: Channel.VOICE,
    MailPerson: Channel.MAIL,
    TellContact: Channel.WEBHOOK,
}
_TRY_S: Final = 6 * NOTIFY_CALL_S
"""A place in the lane, its pace, the call itself and a sign-in before it, each once or twice."""


def _terms(name: str, places: int, age_max_s: float = NOTIFY_AGE_MAX_S) -> EffectTerms:
    return EffectTerms(
        lane=Places(name, places),
        try_s=_TRY_S,
        tries_max=NOTIFY_TRIES_MAX,
        age_max_s=age_max_s,
        wait_max_s=NOTIFY_WAIT_MAX_S,
    )


TERMS: Final[Mapping[type[Command], EffectTerms]] = {
    AlertPeople: _terms("alerts", NOTIFY_AT_ONCE_MAX, ALERT_AGE_MAX_S),
    NotifyPerson: _terms("notices", NOTIFY_AT_ONCE_MAX),
    SendNotice: _terms("codes", NOTICES_AT_ONCE_MAX),
    FollowLetter: FOLLOW_TERMS,
    **{command: _terms(channel.value, NOTIFY_AT_ONCE_MAX) for command, channel in CHANNELS.items()},
}


@attrs.define(eq=False, kw_only=True)
class Notifier:
    """Performs messages to people; `mailbox` keeps what has no provider."""

    delivering: Delivering
    mailbox: Perform
    following: Following

    @property
    def on(self) -> frozenset[Channel]:
        """The ways that there are providers for."""
        return frozenset(self.delivering.lanes)

    def resting(self) -> frozenset[Channel]:
        """Those of them whose provider asked to be left alone for now."""
        return frozenset(way for way, lane in self.delivering.lanes.items() if lane.rests)

    def performers(self) -> Mapping[type[Command], Perform]:
        """What is done for which command."""
        return {
            AlertPeople: self.alert,
            SendNotice: self.send_notice,
            NotifyPerson: self.notify,
            PushByFcm: self.push,
            PushByApns: self.push,
            SendText: self.tell,
            CallPerson: self.tell,
            MailPerson: self.tell,
            TellContact: self.tell_contact,
            FollowLetter: self.following.follow,
        }

    def when_given_up(self) -> Mapping[type[Command], GivenUp]:
        """What is told of those that will not be done: it is noted."""
        return dict.fromkeys((*CHANNELS, SendNotice), self.given_up)

    # To many

    async def alert(self, message: Message) -> Sequence[Send]:
        """Make it one message for each person and way; people nobody knows of now follow later."""
        alert = cast("AlertPeople", message.command)
        contacts = self.delivering.contacts
        people = people_in(alert, await contacts.owners_of_all())
        if pieces := pieces_of(alert, people):
            return (*pieces, *await self._contact(message, alert))
        reaches, unknown = await contacts.of(people)
        contact = await self._contact(message, alert)
        if unknown and len(unknown) == len(people) and not contact:
            raise EffectDelayed("the database is away, and none of these people is known")
        sign = await contacts.sign_of(alert.venue_id)
        spread = spread_alert(
            {user_id: ways for user_id, ways in people.items() if user_id not in unknown},
            reaches,
            words=alert_words(alert, venue=sign.name, at=message.at),
            about=_about(message, alert),
            urgent=not is_soft(alert),
            on=self.on,
        )
        for user_id, way in spread.no_way:
            self.delivering.notes.note(
                id_of_no_way(message.id, user_id, way),
                user_id,
                _about(message, alert),
                way,
                Delivery.NO_WAY,
                at=message.at,
                tried=0,
            )
        if spread.lacks_provider or (tells_contact(alert) and Channel.WEBHOOK not in self.on):
            await self.mailbox(message)
        return (*spread.sends, *_later(alert, people, unknown), *contact)

    async def _contact(self, message: Message, alert: AlertPeople) -> tuple[Send, ...]:
        if not tells_contact(alert) or Channel.WEBHOOK not in self.on:
            return ()
        sign = await self.delivering.contacts.sign_of(alert.venue_id)
        words = alert_words(alert, venue=sign.name, at=message.at)
        return (spread_contact(words, _about(message, alert)),)

    # To one

    async def notify(self, message: Message) -> Sequence[Send]:
        """A notice, by the ways that its person wants it by now."""
        notice = cast("NotifyPerson", message.command)
        reach = await self.delivering.reach(notice.user_id)
        sign = await self.delivering.contacts.sign_of(notice.venue_id)
        ways = ways_of(
            notice.topic,
            channels=reach.channels,
            quiet_hours=reach.quiet_hours,
            now=self.delivering.now(),
            tz=ZoneInfo(sign.tz),
        )
        words = notice_words(notice, ways.push or Loudness.SILENT, message.at)
        return spread_notice(reach, ways, words, About(event_id=message.id), self.on)

    async def push(self, message: Message) -> Sequence[Send]:
        """One push."""
        command = cast("PushByFcm | PushByApns", message.command)
        return await self.delivering.to_device(errand_of(message), command.device_id)

    async def tell(self, message: Message) -> Sequence[Send]:
        """One text, call or mail to a person."""
        is_mail = isinstance(message.command, MailPerson)
        return await self.delivering.to_person(
            errand_of(message), lambda reach: reach.email if is_mail else reach.phone
        )

    async def tell_contact(self, message: Message) -> Sequence[Send]:
        """The contact outside."""
        await self.delivering.deliver(errand_of(message), "")
        return ()

    async def send_notice(self, message: Message) -> Sequence[Send]:
        """A mail or text to the address or number that it names itself, a code perhaps."""
        notice = cast("SendNotice", message.command)
        target = notice.email or notice.phone
        errand = errand_of(message)
        if target is None or errand.channel not in self.on:
            return await self.mailbox(message)
        age = self.delivering.now() - message.at
        if notice.secret is not None and age > timedelta(seconds=NOTIFY_SECRET_AGE_MAX_S):
            raise EffectRefused("what is in it is not good any more")
        return self.delivering.followed(errand, await self.delivering.deliver(errand, target))

    def given_up(self, message: Message, reason: str) -> Sequence[Send]:
        """Note that it will not be done."""
        self.delivering.note(errand_of(message), Delivery.FAILED, error=reason)
        return ()


def errand_of(message: Message) -> Errand:
    """What is to be delivered by a message to one target."""
    command = message.command
    if isinstance(command, SendNotice):
        return Errand(
            message=message,
            user_id=command.user_id,
            channel=Channel.SMS if command.email is None else Channel.MAIL,
            words=mail_words(command),
            about=About(event_id=message.id),
            secret=command.secret,
        )
    told = cast("PushByFcm | PushByApns | SendText | CallPerson | MailPerson", command)
    words: Words = told.words
    return Errand(
        message=message,
        user_id=NOBODY if isinstance(command, TellContact) else told.user_id,
        channel=CHANNELS[type(command)],
        words=words,
        about=told.about,
    )


def _about(message: Message, alert: AlertPeople) -> About:
    incident_id = alert.incident_id if is_of_incident(alert) else None
    return About(event_id=message.id, incident_id=incident_id)


def _later(
    alert: AlertPeople, people: Mapping[UUID, set[str]], unknown: Sequence[UUID]
) -> tuple[Send, ...]:
    """The same alert for those of whom nothing was known now."""
    if not unknown:
        return ()
    groups = tuple(
        AlertGroup(audience="later", channels=tuple(sorted(people[one])), user_ids=(one,))
        for one in unknown
    )
    return (Send(OUTSIDE, alert.evolve(groups=groups), detached=True, urgent=True),)
