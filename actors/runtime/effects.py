"""Effects on their way out: performed after their entry is durable, until done or given up.

An effect is a send to the outside, so its entry makes it durable, and it is pending until another
entry names it as its cause: the one that says what came of it. What it tells actors, or its dead
letter, is in that same entry, so it counts exactly if the effect is over. A crash in between has
it performed again, which performers allow. Each lane has places of its own: a provider that hangs
keeps nobody waiting but its own.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import attrs
import structlog
import trio

from actors.runtime.chains import next_steps, taking_back
from actors.runtime.containing import Bug, contained
from actors.runtime.effect_terms import EffectDelayed, EffectRefused, EffectTerms
from actors.runtime.inspection import EffectView, GivenUpView
from actors.runtime.outcome import Send
from protocol.addresses import OUTSIDE
from protocol.background_limits import (
    EFFECT_BUG_TRIES_MAX,
    EFFECT_REASON_CHARS_MAX,
    EFFECTS_GIVEN_UP_SHOWN,
    EFFECTS_STUCK_TRIES,
)
from protocol.entries import Entry, encode_entry, encode_message
from protocol.errors import Code, LastLightError, Refusal
from protocol.journal import CommitLost, JournalFull, Urgency
from protocol.limits import DEAD_LETTER_BYTES_MAX
from protocol.messages import Message
from protocol.records.base import Record
from protocol.records.runtime import DeadLetter

if TYPE_CHECKING:
    from actors.runtime.generation import Generation

log = structlog.get_logger(__name__)
_AGAIN_S = 0.5
"""Between two tries to note in a full journal what was done."""


@attrs.define(eq=False, kw_only=True)
class _Pending:
    """One effect that is not over."""

    message: Message
    terms: EffectTerms
    tries: int = 0
    reason: str | None = None
    next_try_at: datetime | None = None
    """None while it waits for a place or is being tried."""


@attrs.frozen(kw_only=True)
class _Failed:
    """Why a try failed."""

    reason: str
    """For logs and operators."""
    error: str
    """For the dead letter, which only the database has."""
    tries_max: int
    not_before_s: float = 0.0


class EffectsUnderWay:
    """All effects of a generation that are durable and not over."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._lanes: dict[tuple[str, bool], trio.CapacityLimiter] = {}
        self._pending: dict[UUID, _Pending] = {}
        self._given_up: deque[GivenUpView] = deque(maxlen=EFFECTS_GIVEN_UP_SHOWN)

    async def see_through(self, message: Message) -> None:
        """Perform an effect until it is over, and note that it is."""
        terms = self._generation.ports.effects.terms(message)
        pending = _Pending(message=message, terms=terms)
        self._pending[message.id] = pending
        try:
            while True:
                result = await self._try(pending)
                if not isinstance(result, _Failed):
                    await self._note(message, next_sends=result)
                    return
                pending.tries += 1
                pending.reason = result.reason
                if self._is_over(pending, result):
                    await self._give_up(pending, result)
                    return
                wait_s = terms.wait_s(pending.tries, _chance(message.id), result.not_before_s)
                log.warning(
                    "effect_waits",
                    effect=type(message.command).__name__,
                    message=str(message.id),
                    tries=pending.tries,
                    again_in_s=round(wait_s, 1),
                    reason=result.reason,
                )
                await trio.sleep(wait_s)
        finally:
            del self._pending[message.id]

    def waiting(self) -> Sequence[EffectView]:
        """Effects that are not over, oldest first."""
        return tuple(
            EffectView(
                message_id=str(one.message.id),
                effect=type(one.message.command).__name__,
                lane=one.terms.lane.name,
                decided_at=one.message.at,
                tries=one.tries,
                reason=one.reason,
            )
            for one in sorted(self._pending.values(), key=lambda one: one.message.at)
        )

    def given_up(self) -> Sequence[GivenUpView]:
        """What was given up lately in this generation, newest first."""
        return tuple(reversed(self._given_up))

    def stuck(self) -> Counter[str]:
        """By lane, how many effects failed several times and wait still."""
        return Counter(
            one.terms.lane.name
            for one in self._pending.values()
            if one.tries >= EFFECTS_STUCK_TRIES
        )

    def __len__(self) -> int:
        return len(self._pending)

    async def _try(self, pending: _Pending) -> Sequence[Send] | _Failed:
        """One try, in a place of its lane: what it tells, or why it failed."""
        message, terms = pending.message, pending.terms
        counts = self._generation.counts
        async with self._lane(terms, urgent=message.urgent):
            counts.outside += 1
            try:
                with trio.move_on_after(terms.try_s):
                    return _judged(await contained(lambda: self._perform(message)), terms)
            except EffectRefused as error:
                return _Failed(reason=error.reason, error=str(error), tries_max=0)
            except LastLightError as error:
                wait_s = error.not_before_s if isinstance(error, EffectDelayed) else 0.0
                reason = error.reason if isinstance(error, EffectDelayed) else str(error)
                return _Failed(
                    reason=reason, error=reason, tries_max=terms.tries_max, not_before_s=wait_s
                )
            finally:
                counts.outside -= 1
        reason = f"not done within {terms.try_s:g} s"
        return _Failed(reason=reason, error=reason, tries_max=terms.tries_max)

    async def _perform(self, message: Message) -> Sequence[Send]:
        return await self._generation.ports.effects.perform(message)

    def _lane(self, terms: EffectTerms, *, urgent: bool) -> trio.CapacityLimiter:
        """The places of a lane; what is urgent never waits for what is not."""
        key = (terms.lane.name, urgent)
        if key not in self._lanes:
            self._lanes[key] = trio.CapacityLimiter(terms.lane.at_once_max)
        return self._lanes[key]

    def _is_over(self, pending: _Pending, failed: _Failed) -> bool:
        age = self._generation.now() - pending.message.at
        return pending.tries >= failed.tries_max or age.total_seconds() >= pending.terms.age_max_s

    async def _give_up(self, pending: _Pending, failed: _Failed) -> None:
        """Keep the effect for the operator, and tell whoever waits for it."""
        message, generation = pending.message, self._generation
        effect = type(message.command).__name__
        generation.counts.effects_given_up += 1
        log.error(
            "effect_given_up",
            effect=effect,
            message=str(message.id),
            tries=pending.tries,
            reason=failed.reason,
        )
        told = generation.ports.effects.given_up(message, failed.reason)
        letter = _letter(message, failed.error, generation.now())
        noted = await self._note(message, next_sends=told, appends=(letter,), is_refused=True)
        if noted:
            self._given_up.append(
                GivenUpView(
                    message_id=str(message.id),
                    effect=effect,
                    at=letter.at,
                    tries=pending.tries,
                    reason=failed.reason[:EFFECT_REASON_CHARS_MAX],
                    replayable=letter.replayable,
                )
            )

    async def _note(
        self,
        message: Message,
        *,
        next_sends: Sequence[Send],
        appends: tuple[Record, ...] = (),
        is_refused: bool = False,
    ) -> bool:
        """Write that an effect is over, with what follows; False if a reset comes instead."""
        generation = self._generation
        now, fresh_id = generation.now(), generation.ports.ids.fresh
        sends = next_steps(
            OUTSIDE, message, tuple(next_sends), message.origin, now=now, fresh_id=fresh_id
        )
        if is_refused and message.origin is not None:
            refusal = Refusal(
                Code.INTERNAL, f"this failed and was recorded as {message.id}; tell the operator"
            )
            sends += taking_back(message, refusal, message.origin, now=now, fresh_id=fresh_id)
        entry = Entry(actor=OUTSIDE, at=now, cause=message.id, sends=sends, appends=appends)
        data = encode_entry(entry)
        while True:
            try:
                position = generation.append(data, Urgency.INTERNAL, OUTSIDE)
            except CommitLost as error:
                log.warning("effect_not_noted", message=str(message.id), reason=str(error))
                return False
            except JournalFull as error:
                # Somebody may wait for what it tells; the journal has room again some time.
                log.warning("effect_not_noted", message=str(message.id), reason=str(error))
                await trio.sleep(_AGAIN_S)
            else:
                break
        for step in sends:
            generation.deliver(step, position)
        return True


def _judged(result: Sequence[Send] | Bug, terms: EffectTerms) -> Sequence[Send] | _Failed:
    """What a performer returned; what it should never have raised is tried again a little."""
    if not isinstance(result, Bug):
        return result
    log.error("effect_failed", exc_info=result.error)
    return _Failed(
        reason=type(result.error).__name__,
        error=repr(result.error),
        tries_max=min(EFFECT_BUG_TRIES_MAX, terms.tries_max),
    )


def _chance(id_: UUID) -> float:
    """A number from 0 to 1 that differs from effect to effect, and is the same every time."""
    return id_.int % 997 / 996


def _letter(message: Message, error: str, now: datetime) -> DeadLetter:
    payload = encode_message(message)
    whole = len(payload) <= DEAD_LETTER_BYTES_MAX
    return DeadLetter(
        message_id=message.id,
        actor_type=OUTSIDE.kind,
        actor_id=OUTSIDE.id,
        command=type(message.command).__name__,
        error=error[:2000],
        payload=payload if whole else b"",
        replayable=whole and message.origin is None,
        at=now,
    )
