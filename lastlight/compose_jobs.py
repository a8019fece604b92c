"""The jobs of a node, put together from its storage and its node."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from actors.runtime.node import Node
from lastlight.compose_storage import Storage
from lastlight.jobs.forgetting import Forgetting
from lastlight.jobs.plan import plan
from lastlight.jobs.replaying import Replays
from lastlight.jobs.scheduler import Scheduler
from lastlight.metrics import Metrics


def make_scheduler(
    *,
    node: Node,
    storage: Storage,
    reconcile: Callable[[], Awaitable[Mapping[str, object]]],
    metrics: Metrics,
    now: Callable[[], datetime],
) -> Scheduler:
    """The one scheduler; see `run_jobs`."""

    async def wait_flushed() -> None:
        await storage.write_behind.wait_flushed(node.last_position)

    jobs = plan(
        keep_figures=storage.keeper.keep,
        keep_views=storage.room_views.keep,
        forget_events=storage.room_views.forget_events,
        forget=Forgetting(node=node, past=storage.retention, now=now).forget,
        reconcile=reconcile,
        replay=Replays(node=node, letters=storage.jobs, wait_flushed=wait_flushed, now=now).replay,
    )
    return Scheduler(jobs=lambda: jobs, store=storage.jobs, now=now, count=metrics.count_job)


async def run_jobs(node: Node, scheduler: Scheduler) -> None:
    """Run them for ever, once commands are taken."""
    await node.wait_ready()
    await scheduler.run()
