"""Calls for help that no device has received: their venue hears of it, and does not wait (Rule 8).

Some seconds after a call went out it is known whose devices acknowledged it. If none but the
raiser's did, the venue is told, unless all who might have it use clients that never acknowledge:
of those nothing is known, and the times of the rule hold. All of this is memory: what a crash
takes from here makes no incident later than the rule has it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from uuid import UUID

import structlog
import trio

from lastlight.realtime.hub import Member
from lastlight.realtime.receipts import Alert
from protocol.errors import LastLightError
from protocol.limits import ALERTS_KNOWN_MAX, RECEIPTS_AGAIN_S

log = structlog.get_logger(__name__)


class Unheard:
    """Watches calls until it is known whether anybody has them; ALERTS_KNOWN_MAX at a time."""

    def __init__(
        self,
        *,
        members: Callable[[str], Iterable[Member]],
        tells: Callable[[Member], bool],
        within_s: Callable[[UUID], float],
    ) -> None:
        """
        Args:
            members: the connections in a room now.
            tells: whether the client of a connection is one that acknowledges.
            within_s: how long a venue gives its devices, in seconds.
        """
        self._members, self._tells, self._within_s = members, tells, within_s
        self._watched: list[tuple[float, int, Alert]] = []
        self._number = 0
        self._telling = 0
        self._bell = trio.Event()

    def __len__(self) -> int:
        return len(self._watched)

    def watch(self, alert: Alert) -> None:
        """A call went out."""
        if not alert.is_call or len(self._watched) + self._telling >= ALERTS_KNOWN_MAX:
            return
        self._number += 1
        due = trio.current_time() + self._within_s(alert.venue_id)
        self._watched.append((due, self._number, alert))
        self._bell.set()

    async def run(self, tell: Callable[[Alert], Awaitable[object]]) -> None:
        """Tell venues of what nobody has, until cancelled."""
        async with trio.open_nursery() as nursery:
            while True:
                due = min(self._watched, default=None, key=lambda watched: watched[:2])
                if due is None:
                    self._bell = trio.Event()
                    await self._bell.wait()
                    continue
                if due[0] > trio.current_time():
                    self._bell = trio.Event()
                    with trio.move_on_at(due[0]):
                        await self._bell.wait()
                    continue
                self._watched.remove(due)
                if self.nobody_has(due[2]):
                    self._telling += 1
                    nursery.start_soon(self._tell, due[2], tell)

    def nobody_has(self, alert: Alert) -> bool:
        """Whether no device but the raiser's has it, as far as can be known."""
        if alert.receivers:
            return False
        others = [
            member
            for room in alert.places
            for member in self._members(room)
            if member.principal.user_id != alert.raiser_id
        ]
        return not others or any(self._tells(member) for member in others)

    async def _tell(self, alert: Alert, tell: Callable[[Alert], Awaitable[object]]) -> None:
        log.warning("alert_unheard", venue=str(alert.venue_id), incident=str(alert.id))
        while not alert.receivers:
            try:
                await tell(alert)
            except LastLightError as error:
                # The venue is not there yet; it is told as soon as it is.
                log.info("unheard_waits", venue=str(alert.venue_id), reason=str(error))
                await trio.sleep(RECEIPTS_AGAIN_S)
            else:
                break
        self._telling -= 1
