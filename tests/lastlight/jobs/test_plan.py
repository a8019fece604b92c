"""The jobs of a node: what there is, what each does, and what it asks of actors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import attrs
import trio
from trio.testing import MockClock

from lastlight.jobs.forgetting import TIMERS_KEPT, Forgetting
from lastlight.jobs.job import Job
from lastlight.jobs.plan import plan
from lastlight.jobs.scheduler import Scheduler
from protocol.addresses import Address
from protocol.records.platform import ActorTimer
from tests.actors.runtime.asking import PURSE, ask
from tests.actors.runtime.toy_commands import Wait
from tests.actors.runtime.toys import toys
from tests.twins.jobs import MemoryJobs
from tests.twins.nodes import World, open_memory_node
from tests.twins.outside import TrioClock


@attrs.define(eq=False)
class Work:
    """Counts what jobs do; there are three of each thing to do, and then no more."""

    left: dict[str, int] = attrs.field(factory=dict)
    order: list[str] = attrs.field(factory=list)

    async def one(self, what: str) -> int:
        self.order.append(what)
        left = self.left.setdefault(what, 3)
        self.left[what] = max(0, left - 1)
        return min(left, 1)

    async def told(self, what: str) -> Mapping[str, object]:
        return {"did": await self.one(what)}

    def jobs(self) -> Sequence[Job]:
        return plan(
            keep_figures=lambda: self.one("figures"),
            keep_views=lambda: self.one("views"),
            forget_events=lambda: self.one("events"),
            forget=lambda: self.told("forget"),
            reconcile=lambda: self.told("reconcile"),
            replay=lambda: self.one("replay"),
        )


async def test_in_a_day_each_job_runs_at_its_own_times(autojump_clock: MockClock) -> None:
    """The names and times are those of docs/operating.md."""
    clock = TrioClock(start=datetime(2026, 3, 10, 12, 0, 10, tzinfo=UTC))
    store, work = MemoryJobs(), Work()
    jobs = work.jobs()
    with trio.move_on_after(86_400):
        await Scheduler(jobs=lambda: jobs, store=store, now=clock.now).run()
    assert {name: row.runs for name, row in store.kept.items()} == {
        "figures": 288,
        "reconciliation": 24,
        "replays": 2880,
        "retention": 1,
        "room_views": 96,
    }
    assert store.kept["retention"].kept_at == datetime(2026, 3, 11, 4, 30, tzinfo=UTC)


async def test_events_are_forgotten_after_the_views_that_hold_them(
    autojump_clock: MockClock,
) -> None:
    """And each works until there is nothing left, so that a restored database is caught up."""
    clock = TrioClock(start=datetime(2026, 3, 10, 12, 0, 10, tzinfo=UTC))
    store, work = MemoryJobs(), Work()
    jobs = [job for job in work.jobs() if job.name == "room_views"]
    with trio.move_on_after(900):
        await Scheduler(jobs=lambda: jobs, store=store, now=clock.now).run()
    assert work.order == ["views"] * 4 + ["events"] * 4
    assert store.kept["room_views"].state == {"views": 3, "events": 3}


@attrs.frozen(eq=False)
class PastOf:
    """What the rows of the database's twin have to be forgotten."""

    world: World

    async def forget(self) -> Mapping[str, int]:
        return {"karaoke_queue": 2}

    async def silent_accounts(self) -> Sequence[Address]:
        return ()

    async def actors_with_fired_timers(self, before: datetime) -> Sequence[Address]:
        timers = self.world.database.table(ActorTimer).values()
        return [PURSE] if any(t.fired_at and t.fired_at < before for t in timers) else []


async def test_actors_forget_fired_timers_when_the_job_asks_them(
    autojump_clock: MockClock,
) -> None:
    """After seven days, whether the actor is resident or has to be brought in."""
    world = World()
    async with open_memory_node(world, toys()) as running:
        await ask(running.node, Wait(seconds=5))
        await trio.sleep(60)
        await running.wait_flushed()
        forgetting = Forgetting(node=running.node, past=PastOf(world), now=world.clock.now)
        assert await forgetting.forget() == {"karaoke_queue": 2}
        assert len(world.database.table(ActorTimer)) == 1
        world.clock.step += TIMERS_KEPT + timedelta(minutes=5)
        assert await forgetting.forget() == {"karaoke_queue": 2, "actors_with_timers": 1}
        await running.wait_flushed()
    assert not world.database.table(ActorTimer)
