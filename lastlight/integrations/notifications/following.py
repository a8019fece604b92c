"""Looks at what becomes of texts and calls after a provider took them, for some minutes.

A provider's word that it took something is not that it arrived. An effect stays with each message
until its end is known: it looks seldom, holds up nothing, and after a crash goes on by the age of
the message. What is not known after FOLLOWED_S stays `sent`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, cast

import attrs
import structlog
import trio

from actors.runtime.effect_terms import EffectTerms, Lane
from actors.runtime.outcome import Send
from lastlight.integrations.notifications.deliveries import Delivery, DeliveryLog
from lastlight.integrations.notifications.port import (
    Channel,
    Fate,
    Trace,
    Tracer,
    TryLater,
    Undeliverable,
)
from protocol.internal.notifications import FollowLetter
from protocol.messages import Message
from protocol.notify_limits import (
    FOLLOW_FIRST_S,
    FOLLOW_WAIT_MAX_S,
    FOLLOWED_AT_ONCE_MAX,
    FOLLOWED_S,
    NOTIFY_CALL_S,
)

log = structlog.get_logger(__name__)
FOLLOW_TERMS: Final = EffectTerms(
    lane=Lane("followed", FOLLOWED_AT_ONCE_MAX),
    try_s=FOLLOWED_S + FOLLOW_WAIT_MAX_S + NOTIFY_CALL_S,
    age_max_s=2 * FOLLOWED_S,
)


@attrs.define(eq=False, kw_only=True)
class Following:
    """Follows letters by `tracers`: the providers that can say where one is."""

    tracers: Mapping[Channel, Tracer]
    notes: DeliveryLog
    now: Callable[[], datetime]

    async def follow(self, message: Message) -> Sequence[Send]:
        """See one letter through, and note its end. Never fails: nobody waits for it."""
        command = cast("FollowLetter", message.command)
        tracer = self.tracers.get(Channel(command.channel))
        wait_s = FOLLOW_FIRST_S
        while tracer is not None and self._age_s(message) < FOLLOWED_S:
            await trio.sleep(wait_s)
            wait_s = min(2 * wait_s, FOLLOW_WAIT_MAX_S)
            try:
                trace = await tracer.trace(command.name)
            except TryLater:
                continue
            except Undeliverable as error:
                log.warning("letter_not_followed", way=command.channel, reason=error.reason)
                break
            if trace.fate is not Fate.UNDER_WAY:
                self._note(message, command, trace)
                break
        return ()

    def _age_s(self, message: Message) -> float:
        return (self.now() - message.at).total_seconds()

    def _note(self, message: Message, command: FollowLetter, trace: Trace) -> None:
        now = self.now()
        arrived = trace.fate is Fate.DELIVERED
        self.notes.note(
            command.letter_id,
            command.user_id,
            command.about,
            command.channel,
            Delivery.DELIVERED if arrived else Delivery.FAILED,
            # Its clock is another: what it says of the time is believed within ours.
            at=min(now, max(message.at, trace.at or now)),
            tried=0,
            error=trace.reason,
        )
