"""Planted in the actors' runtime: gate, sends, sagas, timers, keys, effects."""

from __future__ import annotations

import heapq
from typing import Any

import attrs

from actors.runtime import drafting, handling, keys
from actors.runtime.effects import EffectsUnderWay
from actors.runtime.gate import Gate
from actors.runtime.generation import Generation
from actors.runtime.keys import Keys
from actors.runtime.mailbox import Mailbox
from actors.runtime.rooms import RoomCursors
from actors.runtime.timers import Timers
from protocol.addresses import ActorKind
from tests.simulation.mutations import mutation

ONE_IN = 7


def _unlucky(id_: Any) -> bool:
    """Some messages, the same ones each time."""
    return bool(id_.int % 1_000 % ONE_IN == 0)


@mutation(Gate, "pass_out")
def reply_before_durable(_: Any) -> Any:
    """Whatever is let out leaves at once: what was answered is not there after a lost commit."""
    return lambda self, position, output: output()


@mutation(Gate, "pass_out")
def gate_order_broken(_: Any) -> Any:
    """Of what waits for one entry the last leaves first: rooms hear events out of order."""

    def pass_out(self: Any, position: int, output: Any) -> None:
        if position <= self._durable and not self._holds_up_to(position):
            output()
            return
        self._count += 1
        heapq.heappush(self._held, (position, -self._count, output))

    return pass_out


@mutation(Keys, "verdict")
def skipped_dedupe(_: Any) -> Any:
    """Every request is new: what is asked twice happens twice."""
    return lambda self, scope, now: None


@mutation(Keys, "verdict")
def key_of_another_body_taken(original: Any) -> Any:
    """A key that was used for another request answers all the same."""

    def verdict(self: Any, scope: Any, now: Any) -> Any:
        known = self._keys.get(keys.scope_of(scope))
        return original(
            self,
            scope if known is None else attrs.evolve(scope, fingerprint=known.fingerprint),
            now,
        )

    return verdict


@mutation(drafting.Drafter, "_key")
def key_not_kept(_: Any) -> Any:
    """The answer is not written with what it stands for: it is not known after a restart."""
    return lambda self, scope, now, answer: None


@mutation(Generation, "deliver")
def lost_send(original: Any) -> Any:
    """Some messages between actors never arrive, until the node starts again."""

    def deliver(self: Any, message: Any, position: int, *more: Any) -> None:
        if position == 0 or message.hops == 0 or not _unlucky(message.id):
            original(self, message, position, *more)

    return deliver


@mutation(Generation, "deliver")
def pending_sends_not_delivered_after_a_start(original: Any) -> Any:
    """What was on its way when the node ended stays there."""

    def deliver(self: Any, message: Any, position: int, *more: Any) -> None:
        if position != 0 or message.hops == 0:
            original(self, message, position, *more)

    return deliver


@mutation(Generation, "deliver")
def position_not_inherited_by_a_message(original: Any) -> Any:
    """What is told by a message need not be durable: effects happen of what never was."""
    return lambda self, message, position, *more: original(self, message, 0, *more)


@mutation(Mailbox, "take")
def newest_message_first(_: Any) -> Any:
    """An actor takes its messages out of order."""

    def take(self: Any) -> Any:
        if self._emergencies:
            return self._urgent().popleft()
        if not self._normal:
            return None
        envelope = self._normal.pop()
        if envelope.reply is not None:
            self._commands -= 1
        return envelope

    return take


@mutation(drafting, "taking_back")
def compensation_forgotten(original: Any) -> Any:
    """A refused saga tells its origin, and what its steps did stays done."""

    def taking_back(cause: Any, refusal: Any, origin: Any, **more: Any) -> Any:
        return original(attrs.evolve(cause, undo=()), refusal, origin, **more)

    return taking_back


@mutation(drafting, "taking_back")
def refusal_not_told(original: Any) -> Any:
    """A refused saga is taken back, and whoever waits is never told."""
    return lambda cause, refusal, origin, **more: original(cause, refusal, None, **more)


@mutation(Timers, "_pages")
def timers_not_armed_at_a_start(_: Any) -> Any:
    """What was set before the node ended never fires."""

    async def pages(self: Any, until: Any) -> list[Any]:
        return []

    return pages


@mutation(drafting.Drafter, "_timer")
def timer_set_an_hour_late(original: Any) -> Any:
    """Some timers are late by hours: what they were to end goes on."""

    def timer(self: Any, wanted: Any, version: int) -> Any:
        return (
            original(self, attrs.evolve(wanted, due_at=wanted.due_at.replace(year=2031)), version)
            if wanted.name.startswith(("pause", "payment", "poll"))
            else original(self, wanted, version)
        )

    return timer


@mutation(Timers, "arm")
def timer_not_armed_again(original: Any) -> Any:
    """A timer that is set a second time is forgotten."""

    def arm(self: Any, timer: Any) -> None:
        if timer.version < 2 or timer.fired_at is not None:
            original(self, timer)

    return arm


@mutation(RoomCursors, "take_back")
def numbers_not_taken_back(_: Any) -> Any:
    """An entry that the journal did not take leaves a gap in its rooms."""
    return lambda self, events: None


@mutation(EffectsUnderWay, "_note")
def effect_not_noted(_: Any) -> Any:
    """What was done outside is not written down: it is pending for ever."""

    async def note(self: Any, message: Any, **more: Any) -> bool:
        return True

    return note


@mutation(EffectsUnderWay, "see_through")
def effect_given_up_at_once(original: Any) -> Any:
    """Some effects are taken for done without being tried."""

    async def see_through(self: Any, message: Any) -> None:
        if _unlucky(message.id):
            await self._note(message, next_sends=())
            return
        await original(self, message)

    return see_through


@mutation(handling, "take_in")
def state_not_changed(original: Any) -> Any:
    """A session goes on deciding by what it knew before its last entry."""

    def take_in(actor: Any, changes: Any) -> None:
        if actor.address.kind is not ActorKind.SESSION or not actor.state.exists:
            original(actor, changes)

    return take_in
