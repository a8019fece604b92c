"""What every way to reach somebody outside the apps promises: the port, and how it fails.

A provider is asked for one message to one target. That it returns means the provider took it,
which is not that anybody read it. It raises within NOTIFY_CALL_S, and every error says which of
three things holds: try later, never, or the target is no more. No error's text has a target, a
secret or what was to be said in it.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Protocol
from uuid import UUID

import attrs

from protocol.errors import LastLightError
from protocol.internal.notifications import Words


class Channel(enum.StrEnum):
    """Ways out, as `notification_deliveries.channel` names them."""

    FCM = "push_fcm"
    APNS = "push_apns"
    SMS = "sms"
    VOICE = "voice"
    MAIL = "mail"
    WEBHOOK = "webhook"


@attrs.frozen(kw_only=True)
class Letter:
    """One message. `id` is the same whenever it is tried again; `secret` goes nowhere else."""

    id: UUID
    words: Words
    urgent: bool = False
    secret: str | None = attrs.field(default=None, repr=False)

    @property
    def text(self) -> str:
        """What is said, with the secret on a line of its own."""
        return self.words.body if self.secret is None else f"{self.words.body}\n\n{self.secret}"


class Provider(Protocol):
    """Brings letters to targets: a device's token, a number, an address."""

    async def deliver(self, target: str, letter: Letter) -> str:
        """Have it brought; returns the provider's name for it, at most 200 characters.

        A letter with the id of an earlier one is the same letter: where the provider takes a key,
        it is brought once; where it takes one to collapse by, it is seen once.

        Raises:
            TryLater: it was not taken, as far as is known.
            Undeliverable: it never will be.
            TargetGone: nothing sent to this target ever will be.
        """
        ...


class Fate(enum.Enum):
    """Where a letter is that a provider took."""

    UNDER_WAY = "under way"
    DELIVERED = "delivered"
    FAILED = "failed"


@attrs.frozen(kw_only=True)
class Trace:
    """What a provider says of a letter: since `at` if it says so, and why it failed."""

    fate: Fate
    at: datetime | None = None
    reason: str | None = None


class Tracer(Protocol):
    """A provider that can say afterwards what became of a letter."""

    async def trace(self, name: str) -> Trace:
        """Where the letter is that it gave this name to.

        Raises:
            TryLater: it did not say.
            Undeliverable: it never will.
        """
        ...


@attrs.define(eq=False, kw_only=True)
class TryLater(LastLightError):
    """Not now. `after_s` is what the provider asked for; `everything` if it asked for all of us."""

    reason: str
    after_s: float | None = None
    everything: bool = False

    def __str__(self) -> str:
        return self.reason


@attrs.define(eq=False, kw_only=True)
class Undeliverable(LastLightError):
    """This letter will never be taken: it, or what this node was given to sign in with, is bad."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@attrs.define(eq=False, kw_only=True)
class TargetGone(LastLightError):
    """There is nobody at this target any more."""

    reason: str

    def __str__(self) -> str:
        return self.reason
