"""Each job runs exactly when and as often as it should: over a month, restarts and trouble."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import attrs
import pytest
import trio
from trio.testing import MockClock

from lastlight.jobs.job import Job, Occasion
from lastlight.jobs.schedule import DailyAt, Every, Schedule
from lastlight.jobs.scheduler import Scheduler
from protocol.background_limits import JOB_AGAIN_FIRST_S, JOBS_AT_ONCE_MAX
from protocol.errors import LastLightError
from protocol.records.values import Json
from tests.twins.jobs import MemoryJobs
from tests.twins.outside import TrioClock

HOURLY = Every(timedelta(hours=1))
BERLIN = DailyAt(time(4, 30), ZoneInfo("Europe/Berlin"))
TOKYO = DailyAt(time(6, 0), ZoneInfo("Asia/Tokyo"))
MARCH = datetime(2026, 3, 10, 12, 0, 0, tzinfo=UTC)
"""Clocks are put forward in the month that follows."""


class Refused(LastLightError):
    """What a job may raise."""


@attrs.define(eq=False)
class House:
    """What outlives a scheduler: the times that are kept, and what jobs have done."""

    clock: TrioClock = attrs.field(factory=lambda: TrioClock(start=MARCH))
    store: MemoryJobs = attrs.field(factory=MemoryJobs)
    done: list[tuple[str, datetime, Occasion]] = attrs.field(factory=list)
    """The job, when it ended well, and for which occasion."""
    takes_s: Callable[[], float] = lambda: 0.0
    raises: Callable[[], Exception | None] = lambda: None
    counted: list[tuple[str, str]] = attrs.field(factory=list)
    under_way: int = 0
    most_at_once: int = 0

    def job(self, name: str, when: Schedule, *, most_s: float = 900) -> Job:
        """A job that notes that it ran."""

        async def run(occasion: Occasion) -> Json:
            self.under_way += 1
            self.most_at_once = max(self.most_at_once, self.under_way)
            try:
                await trio.sleep(self.takes_s())
                error = self.raises()
                if error is not None:
                    raise error
            finally:
                self.under_way -= 1
            self.done.append((name, self.clock.now(), occasion))
            return {"did": 1}

        return Job(name=name, kind=name, about="for tests", when=when, run=run, most_s=most_s)

    def scheduler(self, *jobs: Job) -> Scheduler:
        """One that begins with what is kept."""
        return Scheduler(
            jobs=lambda: jobs,
            store=self.store,
            now=self.clock.now,
            count=lambda kind, result: self.counted.append((kind, result)),
        )

    async def live(self, for_s: float, *jobs: Job) -> None:
        """Run a scheduler for so long, then let it die wherever it is."""
        with trio.move_on_after(for_s):
            await self.scheduler(*jobs).run()

    def occasions(self, name: str) -> list[datetime]:
        """Those that were kept, in order."""
        return [occasion.at for job, _, occasion in self.done if job == name]


@pytest.fixture
def house() -> House:
    """Nothing was ever planned. A test has to ask for `autojump_clock` itself."""
    return House()


def between(when: Schedule, begin: datetime, end: datetime) -> list[datetime]:
    """All occasions in a time, counted by hand."""
    found, moment = [], begin
    while (moment := when.after(moment)) <= end:
        found.append(moment)
    return found


async def test_over_a_month_each_occasion_is_kept_once_and_in_its_second(
    house: House, autojump_clock: MockClock
) -> None:
    """Issue's law: exactly when and as often as it should, over a change of clocks."""
    jobs: dict[str, Schedule] = {
        "hourly": HOURLY,
        "berlin": BERLIN,
        "tokyo": TOKYO,
    }
    await house.live(31 * 86400, *(house.job(name, when) for name, when in jobs.items()))
    end = house.clock.now()
    for name, when in jobs.items():
        assert house.occasions(name) == between(when, MARCH, end - timedelta(seconds=1))
    for _, at, occasion in house.done:
        assert at - occasion.at < timedelta(seconds=1)


@pytest.mark.parametrize("seed", range(2))
async def test_over_a_month_with_restarts_no_occasion_is_kept_twice_or_forgotten(
    house: House, seed: int, autojump_clock: MockClock
) -> None:
    """However often the node dies, in the middle of a run or between, and however long it is down.

    What was missed is caught up in one run, so the spans of all runs make up the month without gap
    and without overlap.
    """
    chance = Random(seed)
    house.takes_s = lambda: chance.choice((0, 1, 30, 240))
    jobs: dict[str, Schedule] = {"hourly": HOURLY, "berlin": BERLIN, "tokyo": TOKYO}
    end = MARCH + timedelta(days=31)
    while house.clock.now() < end:
        made = [house.job(name, when) for name, when in jobs.items()]
        await house.live(chance.expovariate(1 / 40_000), *made)
        await trio.sleep(chance.choice((1, 60, 600, 30_000, 200_000)))
    await house.live(2 * 86400, *(house.job(name, when) for name, when in jobs.items()))
    for name, when in jobs.items():
        runs = [occasion for job, _, occasion in house.done if job == name]
        assert [run.at for run in runs] == sorted({run.at for run in runs})
        assert all(when.latest(run.at) == run.at for run in runs)
        for before, after in pairwise(runs):
            assert after.since == before.at
        assert house.store.kept[name].kept_at == runs[-1].at
        assert house.store.kept[name].runs == len(runs)


async def test_what_was_missed_is_caught_up_in_one_run(
    house: House, autojump_clock: MockClock
) -> None:
    """A node that was down for three days has one thing to do for three days, not 72."""
    await house.live(3660, house.job("hourly", HOURLY))
    await trio.sleep(3 * 86400)
    await house.live(60, house.job("hourly", HOURLY))
    first, second = (occasion for _, _, occasion in house.done)
    assert second.since == first.at
    assert second.at - second.since == timedelta(days=3)


async def test_a_run_that_was_cut_off_is_taken_up_again_but_not_at_once(
    house: House, autojump_clock: MockClock
) -> None:
    """What ended the node must not end it again in the same second, for ever."""
    house.takes_s = lambda: 600
    await house.live(3600 + 60, house.job("hourly", HOURLY))
    assert house.done == []
    house.takes_s = lambda: 0
    began = house.clock.now()
    await house.live(600, house.job("hourly", HOURLY))
    ((_, at, occasion),) = house.done
    assert at - began >= timedelta(seconds=JOB_AGAIN_FIRST_S)
    assert occasion.at == MARCH + timedelta(hours=1)


@pytest.mark.parametrize("error", [Refused("the provider is away"), RuntimeError("a bug")])
async def test_a_run_that_fails_is_tried_again_until_it_ends_well(
    house: House, error: Exception, autojump_clock: MockClock
) -> None:
    """A provider that is away at half past four is there at five; and a bug harms no other job."""
    left: list[Exception] = [error] * 3
    house.raises = lambda: left.pop() if left else None
    job = house.job("berlin", BERLIN)
    await house.live(86400, job)
    ((_, at, occasion),) = house.done
    assert occasion.at == BERLIN.after(MARCH)
    assert at - occasion.at == timedelta(seconds=JOB_AGAIN_FIRST_S * (1 + 2 + 4))
    row = house.store.kept["berlin"]
    assert (row.runs, row.failures, row.error) == (1, 0, None)
    assert house.counted == [("berlin", "failed")] * 3 + [("berlin", "ok")]


async def test_what_fails_for_ever_is_tried_at_each_occasion_and_told_of(
    house: House, autojump_clock: MockClock
) -> None:
    """An hourly job is not put off for longer than an hour, and the operator sees why it fails."""
    house.raises = lambda: Refused("no")
    job = house.job("hourly", HOURLY)
    scheduler = house.scheduler(job)
    with trio.move_on_after(86400):
        await scheduler.run()
    row = house.store.kept["hourly"]
    assert row.failures >= 24
    assert row.next_at <= house.clock.now() + timedelta(hours=1)
    assert scheduler.in_trouble() == ("hourly",)


async def test_a_job_that_hangs_is_cut_off_and_keeps_no_other_waiting(
    house: House, autojump_clock: MockClock
) -> None:
    """A provider that never answers must not keep old rows from being forgotten."""
    never = house.job("never", HOURLY, most_s=300)
    house_takes = {"never": 10_000.0}

    async def hangs(occasion: Occasion) -> Json:
        await trio.sleep(house_takes["never"])
        return {}

    await house.live(3600 + 400, attrs.evolve(never, run=hangs), house.job("hourly", HOURLY))
    ((name, at, occasion),) = house.done
    assert (name, at) == ("hourly", occasion.at)
    assert house.store.kept["never"].error == "not done within 300 s"


async def test_only_so_many_run_at_once(house: House, autojump_clock: MockClock) -> None:
    """Jobs share the database with those who wait for an answer."""
    house.takes_s = lambda: 60
    await house.live(3600 + 600, *(house.job(f"job {n}", HOURLY) for n in range(8)))
    assert len(house.done) == 8
    assert house.most_at_once == JOBS_AT_ONCE_MAX


async def test_while_the_database_is_away_jobs_wait_and_nothing_is_forgotten(
    house: House, autojump_clock: MockClock
) -> None:
    """Jobs need it anyway; when it is back they go on where they were."""
    house.store.away = True
    job = house.job("hourly", HOURLY)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(house.live, 4 * 3600 - 60, job)
        await trio.sleep(90 * 60)
        house.store.away = False
        await trio.sleep(60 * 60)
        house.store.away = True
        await trio.sleep(70 * 60)
        house.store.away = False
    assert house.occasions("hourly") == between(HOURLY, MARCH, house.clock.now())[1:]


async def test_a_new_venue_has_its_jobs_without_a_restart(
    house: House, autojump_clock: MockClock
) -> None:
    """Jobs at a local hour are planned for whoever is there."""
    jobs: list[Job] = []
    scheduler = Scheduler(jobs=lambda: jobs, store=house.store, now=house.clock.now)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(scheduler.run)
        await trio.sleep(1800)
        jobs.append(house.job("tokyo", TOKYO))
        await trio.sleep(2 * 86400)
        nursery.cancel_scope.cancel()
    assert house.occasions("tokyo") == between(TOKYO, MARCH, house.clock.now())


async def test_a_venue_that_moves_has_its_next_night_at_its_new_hour(
    house: House, autojump_clock: MockClock
) -> None:
    """The plan is that of now, not of when the row was kept."""
    job = house.job("night", BERLIN)
    jobs: list[Job] = [job]
    scheduler = Scheduler(jobs=lambda: jobs, store=house.store, now=house.clock.now)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(scheduler.run)
        await trio.sleep(3600)
        jobs[:] = [attrs.evolve(job, when=TOKYO)]
        await trio.sleep(86400)
        nursery.cancel_scope.cancel()
    assert house.occasions("night") == [TOKYO.after(MARCH)]


def names(standing: Sequence[tuple[Job, object]]) -> list[str]:
    """Of jobs, in order."""
    return [job.name for job, _ in standing]


async def test_all_jobs_are_shown_by_name_planned_or_not(
    house: House, autojump_clock: MockClock
) -> None:
    """An operator sees what there is before it ever ran."""
    scheduler = house.scheduler(house.job("b", HOURLY), house.job("a", BERLIN))
    assert names(scheduler.standing()) == ["a", "b"]
    assert scheduler.in_trouble() == ()
