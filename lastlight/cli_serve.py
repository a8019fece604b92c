"""A node from start to end in this process.

The first SIGTERM or SIGINT ends it gracefully, also while it still starts; a second one ends it at
once, which loses nothing that was answered.
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import attrs
import structlog
import trio

from lastlight.compose import Running, open_last_light
from lastlight.demo.local_stripe import introduce, with_local_payments
from lastlight.settings import Settings

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

log = structlog.get_logger(__name__)

Live = Callable[[Running, trio.Event], Awaitable[None]]


@attrs.frozen(eq=False)
class Ending:
    """What was said about ending: `told` is set, and `starting` is cancelled if it still starts."""

    told: trio.Event = attrs.field(factory=trio.Event)
    starting: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    running: trio.Event = attrs.field(factory=trio.Event)


async def run_node(settings: Settings, *, demo: bool, live: Live) -> None:
    """Run a node while `live` does, which gets an event that is set when the node should end.

    Raises:
        LastLightError: it can't run as told, alone or in an exception group.
    """
    settings = with_local_payments(settings) if demo else settings
    async with open_ending() as ending:
        with ending.starting:
            async with (
                open_last_light(settings, demo=demo) as running,
                trio.open_nursery() as nursery,
            ):
                ending.running.set()
                if demo:
                    nursery.start_soon(introduce, settings, running.door.port)
                await live(running, ending.told)
                nursery.cancel_scope.cancel()


@asynccontextmanager
async def open_ending() -> AsyncIterator[Ending]:
    """Take the signals of this process for the block."""
    ending = Ending()
    with trio.open_signal_receiver(*SIGNALS) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_listen, signals, ending)
            yield ending
            nursery.cancel_scope.cancel()


async def _listen(signals: AsyncIterator[int], ending: Ending) -> None:
    async for number in signals:
        if ending.told.is_set():
            os._exit(128 + number)
        log.info("told_to_end", signal=signal.Signals(number).name)
        ending.told.set()
        if not ending.running.is_set():
            ending.starting.cancel()
