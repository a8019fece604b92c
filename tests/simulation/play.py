"""How a night is played: steps, alone and at once, time, crashes, and quiet moments to look."""

from __future__ import annotations

from datetime import timedelta

import trio
from trio.testing import wait_all_tasks_blocked

from protocol.records.venues import Venue
from tests.simulation.night import KIND, Night, NoStep
from tests.simulation.oracle.laws import assert_laws
from tests.simulation.workload import admin, care, money, people, places, visits, work
from tests.simulation.workload.steps import STEPS
from tests.twins.nodes import World
from tests.twins.people import VENUE
from tests.twins.whole import LastLight, open_memory_last_light

__all__ = ["NAMES", "play_night"]

_TABLES = (admin, care, money, people, places, visits, work)
"""Imported for their steps."""
NAMES = tuple(STEPS)
FAVOUR = 30
"""How much more often the step is taken that a night is in favour of."""
ROUNDS = 80
LOOK_EVERY = 20
AT_ONCE_MAX = 7
SETTLED_S = 240
"""Longer than what got lost takes to be asked for again."""


def favoured(seed: int) -> str:
    """Every night is in favour of one kind of step, so that those which need much happen too."""
    return NAMES[seed % len(NAMES)]


def weights_of(seed: int) -> list[int]:
    """How often each kind is taken in a night."""
    name = favoured(seed)
    return [weight + FAVOUR * (kind == name) for kind, (weight, _) in STEPS.items()]


async def play_night(world: World, seed: int, *, rounds: int = ROUNDS) -> Night:
    """Play a night from its seed; it ends quiet.

    Raises:
        AssertionError: something did not hold; the night's words are added to it.
    """
    night = Night.of(seed, world)
    world.clock.step += timedelta(minutes=night.one((0, 120, 300, 420, 470)))
    try:
        left = rounds
        first = True
        while left > 0:
            async with open_memory_last_light(world, hooks=night.faults) as house:
                if first:
                    await _begin(night, house)
                    first = False
                left = await _evening(night, house, left)
                if left <= 0:
                    await _look(night, SETTLED_S)
            if left > 0 and night.perhaps(0.5):
                _let_time_pass_unseen(night)
    except BaseException as error:
        said = "\n".join([*night.words][-200:])
        error.add_note(f"TEST_LASTLIGHT_SEED={seed}\n{said}")
        raise
    return night


async def _begin(night: Night, house: LastLight) -> None:
    """People come to work, and the first guests arrive."""
    night.move_to(house)
    for name in ("clock in", "clock in", "open a till", *["check in"] * night.one((0, 2, 4))):
        await _take(night, name)
        await house.wait_flushed()


async def _evening(night: Night, house: LastLight, left: int) -> int:
    """Play until the night is over, or this node is; returns how many rounds are left.

    Whoever calls leaves the node at once, which is a crash unless it was drained.
    """
    night.move_to(house)
    night.faults.share = night.one((0.0, 0.0, 0.01, 0.05))
    night.trouble.share = night.one((0.0, 0.0, 0.1))
    for sent in [*night.unanswered.values()]:
        KIND.set(sent.kind)
        await night.send(sent, again=False)
    while left > 0:
        left -= 1
        if night.shut and night.perhaps(0.4):
            await _open_the_doors(night)
        chance = night.random.random()
        if chance < 0.02:
            night.say("the node dies")
            return left
        if chance < 0.05:
            await _die_in_the_middle(night)
            return left
        if chance < 0.07:
            night.say("the node is told to end")
            await house.node.drain()
            await house.wait_flushed()
            return left
        if chance < 0.33:
            await _let_time_pass(night)
        elif chance < 0.36:
            await _lose_the_database(night)
        else:
            await _take_steps(night)
        if left % LOOK_EVERY == 0:
            await _look(night, 5)
    return left


async def _take_steps(night: Night) -> None:
    """Some steps, now and then at the same moment."""
    count = night.one((1, 2, 4, AT_ONCE_MAX))
    async with trio.open_nursery() as nursery:
        for _ in range(count):
            nursery.start_soon(_take, night, night.random.choices(NAMES, weights_of(night.seed))[0])


async def _take(night: Night, name: str) -> None:
    KIND.set(name)
    try:
        await STEPS[name][1](night)
    except NoStep:
        night.say(f"nothing to {name} with")


async def _die_in_the_middle(night: Night) -> None:
    """The node is gone before everybody has an answer."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_take_steps, night)
        for _ in range(night.random.randint(1, 80)):
            await trio.lowlevel.checkpoint()
        night.say("the node dies in the middle")
        nursery.cancel_scope.cancel()


async def _lose_the_database(night: Night) -> None:
    """It is away for some seconds, or loses an answer; who works goes on."""
    database = night.world.database
    database.lose_answers = night.one((0, 1, 2))
    database.away = True
    night.say("the database is away")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_take_steps, night)
        await trio.sleep(night.one((1, 10, 25)))
        database.away = False
        night.say("the database is back")


async def _let_time_pass(night: Night) -> None:
    """Seconds to hours; or the clock itself is set forward."""
    minutes = night.one((0.1, 0.5, 1, 1, 3, 3, 8, 17, 40))
    if night.perhaps(0.15):
        night.world.clock.step += timedelta(minutes=minutes)
        night.say(f"the clock is set forward by {minutes} min")
        minutes = 1
    night.say(f"{minutes} min pass")
    await trio.sleep(60 * minutes)


def _let_time_pass_unseen(night: Night) -> None:
    """While no node runs; now and then over the cutover."""
    minutes = night.one((1, 7, 30, 200, 500))
    night.world.clock.step += timedelta(minutes=minutes)
    night.say(f"no node for {minutes} min")


async def _open_the_doors(night: Night) -> None:
    (venue,) = night.rows(Venue, lambda row: str(row.id) == VENUE)
    await admin.set_the_doors(night, venue, "open", 600)
    night.shut = False


async def _look(night: Night, seconds: float) -> None:
    """Let what is under way come to its end, and look whether all is well."""
    share, night.faults.share = night.faults.share, 0.0
    await trio.sleep(seconds)
    house = night.house
    while True:
        await house.wait_flushed()
        await wait_all_tasks_blocked()
        if house.write_behind.flushed == house.journal.last:
            break
    night.say("looking")
    assert_laws(night)
    night.faults.share = share
