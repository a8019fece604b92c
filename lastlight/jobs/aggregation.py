"""The aggregation job: adds up closed days for analytics, a few minutes after they were closed.

Nothing depends on it but speed: a day that was not kept yet is added up when it is asked for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
import trio

from protocol.errors import LastLightError

EVERY_S: Final = 300.0
log = structlog.get_logger(__name__)


async def aggregate(
    wait_ready: Callable[[], Awaitable[None]], keep: Callable[[], Awaitable[int]]
) -> None:
    """Keep figures for ever: at once while there are more, else every EVERY_S seconds."""
    await wait_ready()
    while True:
        try:
            kept = await keep()
        except LastLightError as error:
            log.warning("figures_not_kept", reason=str(error))
            kept = 0
        if not kept:
            await trio.sleep(EVERY_S)
