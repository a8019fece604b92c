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
from protocol.addresses import ActorKind
from tests.simulation.mutations import mutation, reached

ONE_IN = 7


def _unlucky(id_: Any) -> bool:
    """Some messages, the same ones each time."""
    return bool(id_.int % 1_000 % ONE_IN == 0)


@mutation(Gate, "pass_out", tells=True)
def reply_before_durable(_: Any) -> Any:
    """Whatever is let out leaves at once: what was answered is not there after a lost commit."""

    def pass_out(self: Any, position: int, output: Any) -> None:
        reached(position > self.durable)
        output()

    return pass_out


@mutation(Gate, "pass_out", tells=True)
def gate_order_broken(_: Any) -> Any:
    """Of what waits for one entry the last leaves first: rooms hear events out of order."""

    def pass_out(self: Any, position: int, output: Any) -> None:
        if position <= self._durable and not self._holds_up_to(position):
            output()
            return
        self._count += 1
        reached(any(place == position for place, _, _ in self._held))
        heapq.heappush(self._held, (position, -self._count, output))

    return pass_out


@mutation(Keys, "verdict", tells=True)
def skipped_dedupe(original: Any) -> Any:
    """Every request is new: what is asked twice happens twice."""
    return lambda self, scope, now: reached(original(self, scope, now) is not None)


@mutation(Keys, "verdict", tells=True)
def key_of_another_body_taken(original: Any) -> Any:
    """A key that was used for another request answers all the same."""

    def verdict(self: Any, scope: Any, now: Any) -> Any:
        known = self._keys.get(keys.scope_of(scope))
        if known is None or known.fingerprint == scope.fingerprint:
            return original(self, scope, now)
        reached()
        return original(self, attrs.evolve(scope, fingerprint=known.fingerprint), now)

    return verdict


@mutation(drafting.Drafter, "_key")
def key_not_kept(_: Any) -> Any:
    """The answer is not written with what it stands for: it is not known after a restart."""
    return lambda self, scope, now, answer: None


@mutation(Generation, "deliver", tells=True)
def lost_send(original: Any) -> Any:
    """Some messages between actors never arrive, until the node starts again."""

    def deliver(self: Any, message: Any, position: int, *more: Any) -> None:
        lost = position != 0 and message.hops != 0 and _unlucky(message.id)
        reached(lost)
        if not lost:
            original(self, message, position, *more)

    return deliver


@mutation(Generation, "deliver", tells=True)
def pending_sends_not_delivered_after_a_start(original: Any) -> Any:
    """What was on its way when the node ended stays there."""

    def deliver(self: Any, message: Any, position: int, *more: Any) -> None:
        pending = position == 0 and message.hops != 0
        reached(pending)
        if not pending:
            original(self, message, position, *more)

    return deliver


@mutation(Generation, "deliver", tells=True)
def position_not_inherited_by_a_message(original: Any) -> Any:
    """What is told by a message need not be durable: effects happen of what never was."""

    def deliver(self: Any, message: Any, position: int, *more: Any) -> None:
        reached(position > self.gate.durable)
        original(self, message, 0, *more)

    return deliver


@mutation(Mailbox, "take", tells=True)
def newest_message_first(_: Any) -> Any:
    """An actor takes its messages out of order."""

    def take(self: Any) -> Any:
        if self._emergencies:
            return self._urgent().popleft()
        if not self._normal:
            return None
        reached(len(self._normal) > 1)
        envelope = self._normal.pop()
        if envelope.reply is not None:
            self._commands -= 1
        return envelope

    return take


@mutation(drafting, "taking_back", tells=True)
def compensation_forgotten(original: Any) -> Any:
    """A refused saga tells its origin, and what its steps did stays done."""

    def taking_back(cause: Any, refusal: Any, origin: Any, **more: Any) -> Any:
        reached(bool(cause.undo))
        return original(attrs.evolve(cause, undo=()), refusal, origin, **more)

    return taking_back


@mutation(drafting, "taking_back", tells=True)
def refusal_not_told(original: Any) -> Any:
    """A refused saga is taken back, and whoever waits is never told."""

    def taking_back(cause: Any, refusal: Any, origin: Any, **more: Any) -> Any:
        reached(origin is not None)
        return original(cause, refusal, None, **more)

    return taking_back


@mutation(RoomCursors, "take_back", tells=True)
def numbers_not_taken_back(_: Any) -> Any:
    """An entry that the journal did not take leaves a gap in its rooms."""
    return lambda self, events: reached(bool([*events]))


@mutation(EffectsUnderWay, "_note")
def effect_not_noted(_: Any) -> Any:
    """What was done outside is not written down: it is pending for ever."""

    async def note(self: Any, message: Any, **more: Any) -> bool:
        return True

    return note


@mutation(EffectsUnderWay, "see_through", tells=True)
def effect_given_up_at_once(original: Any) -> Any:
    """Some effects are taken for done without being tried."""

    async def see_through(self: Any, message: Any) -> None:
        if _unlucky(message.id):
            reached()
            await self._note(message, next_sends=())
            return
        await original(self, message)

    return see_through


@mutation(EffectsUnderWay, "see_through", tells=True)
def effect_done_otherwise(original: Any) -> Any:
    """Some effects do what another of their kind was to do."""
    last: dict[type, Any] = {}

    async def see_through(self: Any, message: Any) -> None:
        command = last.get(type(message.command), message.command)
        last[type(message.command)] = message.command
        reached(command != message.command)
        await original(self, attrs.evolve(message, command=command))

    return see_through


@mutation(handling, "take_in", tells=True)
def state_not_changed(original: Any) -> Any:
    """A session goes on deciding by what it knew before its last entry."""

    def take_in(actor: Any, changes: Any) -> None:
        stays = actor.address.kind is ActorKind.SESSION and actor.state.exists
        reached(stays)
        if not stays:
            original(actor, changes)

    return take_in
