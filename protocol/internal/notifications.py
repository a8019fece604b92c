"""Messages to people on their way out: one command for each thing that is brought to somebody.

An alert to many people becomes one of these for each person and way, so that each is brought,
retried and given up on its own, and a crash repeats only those that were not done. None of them
has an address, a number or a device's token: those are looked up when it goes out.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs

from protocol.commands import Command, command
from protocol.operations.users import Switch


class Loudness(enum.StrEnum):
    """How much a push may disturb whoever gets it."""

    ALARM = "alarm"
    """It breaks through silence, where the device lets it."""
    PLAIN = "plain"
    SILENT = "silent"
    """It is there when somebody looks."""


@attrs.frozen(kw_only=True)
class Words:
    """What is said. `data` is for the app; `collapse` names what a later one takes the place of."""

    title: str
    body: str
    data: Mapping[str, str] = attrs.field(factory=dict)
    collapse: str | None = None
    loudness: Loudness = Loudness.PLAIN
    good_until: datetime | None = None
    """After this it would only mislead."""


@attrs.frozen(kw_only=True)
class About:
    """What a message is about: the effect that asked for it, and its incident if it has one."""

    event_id: UUID
    incident_id: UUID | None = None


@command
class NotifyPerson(Command):
    """Account → outside: a notice to a person, by the ways that they want it by.

    `venue_id` tells whose clock quiet hours go by; without one it is that of the first venue.
    """

    user_id: UUID
    kind: str
    topic: Switch
    params: Mapping[str, Any] = attrs.field(factory=dict)
    venue_id: UUID | None = None


@command
class PushByFcm(Command):
    """Outside → outside: one push to one device that FCM delivers to."""

    user_id: UUID
    device_id: str
    words: Words
    about: About


@command
class PushByApns(Command):
    """Outside → outside: one push to one device that APNs delivers to."""

    user_id: UUID
    device_id: str
    words: Words
    about: About


@command
class SendText(Command):
    """Outside → outside: one SMS to one person."""

    user_id: UUID
    words: Words
    about: About


@command
class MailPerson(Command):
    """Outside → outside: one mail to the address that a person has then."""

    user_id: UUID
    words: Words
    about: About


@command
class CallPerson(Command):
    """Outside → outside: one telephone call that says something to one person."""

    user_id: UUID
    words: Words
    about: About


@command
class TellContact(Command):
    """Outside → outside: what the house's contact outside is told of an incident."""

    words: Words
    about: About


@command
class FollowLetter(Command):
    """Outside → outside: see what becomes of a message that a provider took.

    `letter_id` is the message's own, `name` the provider's for it.
    """

    letter_id: UUID
    user_id: UUID
    channel: str
    name: str
    about: About


@command
class DeviceGone(Command):
    """Outside → account: no push reaches this device by this token any more.

    A device that has another token by now is not meant.
    """

    device_id: str
    token_digest: bytes


@command
class DeviceReached(Command):
    """Outside → account: a push was taken for this device; told once a day at most."""

    device_id: str
    token_digest: bytes
    at: datetime
