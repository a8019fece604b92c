"""All jobs of a node, with their times: what is done beside requests, and that no actor does.

Actors have timers of their own for what belongs to one of them: the end of a business day and of
a visit, of grants, holds and exclusions, polls of payments, the grace of an erasure (Rules 2, 5, 7,
9, 11 and 16). Here is what belongs to nobody in particular.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from lastlight.jobs.job import Job, Occasion, Run
from lastlight.jobs.schedule import DailyAt, Every
from protocol.records.values import Json

FIGURES_EVERY: Final = timedelta(minutes=5)
REPLAYS_EVERY: Final = timedelta(seconds=30)
VIEWS_EVERY: Final = timedelta(minutes=15)
HOURLY: Final = timedelta(hours=1)
RETENTION_AT: Final = time(4, 30)
"""UTC: several venues share a node, and it is done in small steps whenever it is."""


def counting(what: str, work: Callable[[], Awaitable[int]], *, rounds_max: int = 1) -> Run:
    """A run that works until there is nothing left, or for `rounds_max` rounds."""

    async def run(_occasion: Occasion) -> Json:
        total = 0
        for _ in range(rounds_max):
            count = await work()
            total += count
            if not count:
                break
        return {what: total}

    return run


def telling(work: Callable[[], Awaitable[Mapping[str, object]]]) -> Run:
    """A run that tells what the work tells."""

    async def run(_occasion: Occasion) -> Json:
        return dict(await work())

    return run


def plan(
    *,
    keep_figures: Callable[[], Awaitable[int]],
    keep_views: Callable[[], Awaitable[int]],
    forget_events: Callable[[], Awaitable[int]],
    forget: Callable[[], Awaitable[Mapping[str, object]]],
    reconcile: Callable[[], Awaitable[Mapping[str, object]]],
    replay: Callable[[], Awaitable[int]],
) -> Sequence[Job]:
    """The jobs. Each finds out by itself what is due, so one run catches up any time."""

    async def views_and_events(_occasion: Occasion) -> Json:
        kept = await counting("views", keep_views, rounds_max=100)(_occasion)
        # Only what a kept view holds may go.
        return {**kept, **await counting("events", forget_events, rounds_max=100)(_occasion)}

    def job(name: str, about: str, when: Every | DailyAt, run: Run) -> Job:
        return Job(name=name, kind=name, about=about, when=when, run=run)

    return (
        job(
            "figures",
            "adds up the days that were closed, for analytics",
            Every(FIGURES_EVERY),
            counting("days", keep_figures, rounds_max=100),
        ),
        job(
            "reconciliation",
            "compares the cards of closed days with the provider",
            Every(HOURLY),
            telling(reconcile),
        ),
        job(
            "replays",
            "sends dead messages again that an operator asked for",
            Every(REPLAYS_EVERY),
            counting("messages", replay),
        ),
        job(
            "retention",
            "forgets what is past its time, table by table",
            DailyAt(RETENTION_AT, ZoneInfo("UTC")),
            telling(forget),
        ),
        job(
            "room_views",
            "keeps what rooms' events came to, and forgets events after 72 hours",
            Every(VIEWS_EVERY),
            views_and_events,
        ),
    )
