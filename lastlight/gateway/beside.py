"""What goes on beside the actors, for owners: effects on their way out, dead letters, jobs.

It stands where an actor would: `GET /api/admin/actors/outside/00000000-…`. It says what is done and
never to whom, and of a reason only what is no personal data.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import attrs

from actors.runtime.node import Node
from lastlight.jobs.job import Job
from protocol.addresses import OUTSIDE
from protocol.background_limits import EFFECTS_GIVEN_UP_SHOWN
from protocol.jobs import JobRow
from protocol.limits import PAGE_ITEMS_MAX
from protocol.replies.admin import ActorDetail, ActorView

Standing = Callable[[], Sequence[tuple[Job, JobRow | None]]]
ReadLetters = Callable[[int], Awaitable[Sequence[Mapping[str, Any]]]]
NAME_CHARS_MAX: Final = 100


async def no_letters(_most: int) -> Sequence[Mapping[str, Any]]:
    """Where there is no database to read them from."""
    return ()


@attrs.frozen(kw_only=True)
class Beside:
    """Shows it."""

    node: Node
    standing: Standing = tuple
    dead_letters: ReadLetters = no_letters

    async def detail(self) -> ActorDetail:
        """All of it at this moment; lists have PAGE_ITEMS_MAX lines at most."""
        effects = self.node.effects()
        waiting = () if effects is None else effects.waiting()
        given_up = () if effects is None else effects.given_up()
        snapshot: dict[str, Any] = {
            "effects": [attrs.asdict(one) for one in waiting[:PAGE_ITEMS_MAX]],
            "given_up": [attrs.asdict(one) for one in given_up],
            "dead_letters": [
                _letter(one) for one in await self.dead_letters(EFFECTS_GIVEN_UP_SHOWN)
            ],
            "jobs": [_job(job, row) for job, row in self.standing()],
        }
        statistics = self.node.statistics()
        view = ActorView(
            actor_type=OUTSIDE.kind,
            actor_id=str(OUTSIDE.id),
            state="busy" if statistics.outside else "idle",
            mailbox_depth=statistics.effects_waiting,
            oldest_ms=None,
            messages=0,
            last_message_at=None,
            restarts=0,
            age_ms=0,
            rows=0,
            memory_bytes=0,
        )
        return ActorDetail(
            actor=view,
            snapshot=snapshot,
            timers=(),
            recent=(),
            failures=(),
            waiting=statistics.effects_waiting,
            keys=0,
            position=0,
        )


def _letter(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A letter; of its error the name alone, as the rest may quote personal data."""
    name = str(row["error"]).partition("(")[0]
    return {**row, "error": name[:NAME_CHARS_MAX]}


def _job(job: Job, row: JobRow | None) -> Mapping[str, Any]:
    stands = None if row is None else attrs.asdict(row)
    return {"job": job.name, "about": job.about, **(stands or {})}
