"""Delivers one message to one target by its provider, and notes what became of it.

Addresses, numbers and tokens are looked up here, for the moment of sending, and go nowhere else.
What was not taken is raised as `EffectDelayed` and tried again by the runtime, each provider in a
lane of its own there and here: one that hangs holds up no other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import attrs

from actors.runtime.effect_terms import EffectDelayed, EffectRefused
from actors.runtime.outcome import Send
from lastlight.integrations.notifications.contacts import Contacts
from lastlight.integrations.notifications.deliveries import Delivery, DeliveryLog
from lastlight.integrations.notifications.lane import Lane
from lastlight.integrations.notifications.port import (
    Channel,
    Letter,
    TargetGone,
    TryLater,
    Undeliverable,
)
from protocol.addresses import OUTSIDE, ActorKind, Address
from protocol.internal.notifications import (
    About,
    DeviceGone,
    DeviceReached,
    FollowLetter,
    Words,
)
from protocol.messages import Message
from protocol.reaching import Device, Reach

OK_TOLD_EVERY: Final = timedelta(days=1)
"""How often an account hears that a device can still be reached."""


@attrs.frozen(kw_only=True)
class Errand:
    """One message: what it is, to whom, by which way, and what it says."""

    message: Message
    user_id: UUID
    channel: Channel
    words: Words
    about: About
    secret: str | None = attrs.field(default=None, repr=False)

    def letter(self) -> Letter:
        """What the provider gets; the same letter whenever it is tried."""
        message = self.message
        return Letter(id=message.id, words=self.words, urgent=message.urgent, secret=self.secret)


@attrs.define(eq=False, kw_only=True)
class Delivering:
    """Delivers, by `lanes`: the providers that this node has."""

    lanes: Mapping[Channel, Lane]
    contacts: Contacts
    notes: DeliveryLog
    now: Callable[[], datetime]
    followed_ways: frozenset[Channel] = frozenset()
    """Those whose providers can say afterwards what became of a letter."""

    async def reach(self, user_id: UUID) -> Reach:
        """The ways to a person.

        Raises:
            EffectDelayed: nobody can say now.
        """
        found, unknown = await self.contacts.of((user_id,))
        if unknown:
            raise EffectDelayed("the database is away, and this person was never reached before")
        return found.get(user_id, Reach(user_id=user_id))

    async def to_device(self, errand: Errand, device_id: str) -> Sequence[Send]:
        """A push; its account hears if the device is there no more, or there after a long time."""
        reach = await self.reach(errand.user_id)
        device = next((one for one in reach.devices if one.device_id == device_id), None)
        if device is None:
            self.note(errand, Delivery.NO_WAY, tried=0)
            return ()
        account = Address(ActorKind.ACCOUNT, errand.user_id)
        taken = await self.deliver(errand, device.token)
        digest, now = digest_of(device), self.now()
        if isinstance(taken, TargetGone):
            told = DeviceGone(device_id=device_id, token_digest=digest)
            return (Send(account, told, detached=True),)
        if device.last_ok_at is not None and now - device.last_ok_at < OK_TOLD_EVERY:
            return ()
        reached = DeviceReached(device_id=device_id, token_digest=digest, at=now)
        return (Send(account, reached, detached=True),)

    async def to_person(
        self, errand: Errand, target_of: Callable[[Reach], str | None]
    ) -> Sequence[Send]:
        """A text, a call or a mail to wherever the person has these now."""
        target = target_of(await self.reach(errand.user_id))
        if target is None:
            self.note(errand, Delivery.NO_WAY, tried=0)
            return ()
        return self.followed(errand, await self.deliver(errand, target))

    def followed(self, errand: Errand, taken: str | TargetGone) -> Sequence[Send]:
        """What looks after a letter that was taken, where its provider can be asked."""
        if isinstance(taken, TargetGone) or errand.channel not in self.followed_ways:
            return ()
        follow = FollowLetter(
            letter_id=errand.message.id,
            user_id=errand.user_id,
            channel=errand.channel.value,
            name=taken,
            about=errand.about,
        )
        return (Send(OUTSIDE, follow, detached=True),)

    async def deliver(self, errand: Errand, target: str) -> str | TargetGone:
        """Have it brought to a target; the provider's name for it, or that nobody is there.

        Raises:
            EffectDelayed: it was not taken now.
            EffectRefused: it never will be.
        """
        until = errand.words.good_until
        if until is not None and self.now() >= until:
            raise EffectRefused("it came too late to be of use")
        lane = self.lanes.get(errand.channel)
        if lane is None:
            raise EffectRefused(f"this node has no provider for {errand.channel.value} any more")
        try:
            name = await lane.deliver(target, errand.letter())
        except TryLater as error:
            self.note(errand, Delivery.WAITING, error=error.reason)
            raise EffectDelayed(error.reason, error.after_s or 0.0) from None
        except Undeliverable as error:
            raise EffectRefused(error.reason) from None
        except TargetGone as error:
            self.note(errand, Delivery.GONE, error=error.reason)
            return error
        self.note(errand, Delivery.SENT)
        return name

    def note(
        self, errand: Errand, status: Delivery, *, tried: int = 1, error: str | None = None
    ) -> None:
        """Note what became of it."""
        self.notes.note(
            errand.message.id,
            errand.user_id,
            errand.about,
            errand.channel.value,
            status,
            at=self.now(),
            tried=tried,
            error=error,
        )


def digest_of(device: Device) -> bytes:
    """Names a device's token without being one."""
    return hashlib.sha256(device.token.encode()).digest()
