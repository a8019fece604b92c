"""Planted in when things happen: timers that are lost, late, too soon, or fire twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs

from actors.runtime import drafting, handling, restarting
from actors.runtime.timers import Timers
from tests.simulation.mutations import mutation, reached


@mutation(Timers, "_pages", tells=True)
def timers_not_armed_at_a_start(original: Any) -> Any:
    """What was set before the node ended never fires."""

    async def pages(self: Any, until: Any) -> list[Any]:
        reached(bool(await original(self, until)))
        return []

    return pages


@mutation(Timers, "arm", tells=True)
def timer_not_armed_again(original: Any) -> Any:
    """A timer that is set a second time is forgotten."""

    def arm(self: Any, timer: Any) -> None:
        forgotten = timer.version >= 2 and timer.fired_at is None
        reached(forgotten)
        if not forgotten:
            original(self, timer)

    return arm


@mutation(handling, "handle", tells=True)
def timer_fired_twice(original: Any) -> Any:
    """That a timer has fired is forgotten, and it fires once more."""

    async def handle(actor: Any, envelope: Any) -> None:
        await original(actor, envelope)
        timer = envelope.message.timer
        known = None if timer is None else actor.timers.get(timer[0])
        if known is None or known.fired_at is None:
            return
        reached()
        actor.timers[timer[0]] = attrs.evolve(known, fired_at=None)
        again = attrs.evolve(envelope.message, id=actor.generation.ports.ids.fresh())
        await original(actor, attrs.evolve(envelope, message=again))

    return handle


@mutation(restarting, "_again")
def alarm_left_to_the_operator(original: Any) -> Any:
    """The timer of an alarm whose decision raised is not set again."""

    def again(message: Any, now: Any) -> tuple[Any, ...]:
        reached(bool(original(message, now)))
        return ()

    return again


def _later(prefixes: tuple[str, ...], by: timedelta) -> Any:
    """Timers of these names are set for so much later."""

    def make(original: Any) -> Any:
        def timer(self: Any, wanted: Any, version: int) -> Any:
            if not wanted.name.startswith(prefixes):
                return original(self, wanted, version)
            reached()
            late = attrs.evolve(wanted, due_at=wanted.due_at + by)
            return original(self, late, version)

        return timer

    return make


def _plant(name: str, by: timedelta, *prefixes: str) -> None:
    make = _later(prefixes, by)
    make.__name__ = name
    mutation(drafting.Drafter, "_timer", tells=True)(make)


HOUR = timedelta(hours=1)
_plant("rest_ended_an_hour_late", HOUR, "deadline")
_plant("tick_an_hour_late", HOUR, "meter")
_plant("no_show_an_hour_late", HOUR, "booking")
_plant("unpaid_order_void_an_hour_late", HOUR, "unpaid")
_plant("hold_expired_an_hour_late", HOUR, "hold")
_plant("bonus_ended_an_hour_late", HOUR, "bonus")
_plant("day_closed_an_hour_late", HOUR, "day_")
_plant("forgotten_shift_an_hour_late", HOUR, "cutover", "day_")
_plant("task_told_of_an_hour_late", HOUR, "task")
_plant("case_passed_on_half_an_hour_late", HOUR / 2, "care_case")
_plant("alarm_made_louder_half_an_hour_late", HOUR / 2, "sos:")


@mutation(Timers, "__init__")
def timers_fired_late(original: Any) -> Any:
    """What is due is sent three minutes after its time, by a node that is there."""

    def init(self: Any, loader: Any, ids: Any, now: Any, *more: Any) -> None:
        original(self, loader, ids, lambda: now() - timedelta(minutes=3), *more)

    return init
