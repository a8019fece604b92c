"""What a job is, and where its times are kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

import attrs

from lastlight.jobs.schedule import Schedule
from protocol.background_limits import JOB_TIME_MAX_S
from protocol.jobs import JobRow
from protocol.records.values import Json


@attrs.frozen(kw_only=True)
class Occasion:
    """What a run is for: the last occasion that has come, and everything after `since`.

    What was missed while the node was down is caught up in one run, so a job that does something
    for each day does it for each day between the two.
    """

    at: datetime
    since: datetime
    """The last occasion that was kept, or the moment from which the job was first planned."""


Run: TypeAlias = Callable[[Occasion], Awaitable[Json]]
"""Does the job and tells what was done, without personal data.

It may be cut off anywhere and asked again for the same occasion, and must then come to the same.
"""


@attrs.frozen(kw_only=True)
class Job:
    """One job. Those of one `kind` differ by what they are for: a venue, say."""

    name: str
    kind: str
    about: str
    """What it does, for operators."""
    when: Schedule
    run: Run
    most_s: float = JOB_TIME_MAX_S
    """A run that takes longer is cut off and counts as failed."""


class JobStore(Protocol):
    """Keeps how jobs stand. All methods raise LastLightError while it is away."""

    async def rows(self) -> Sequence[JobRow]:
        """All jobs that were ever planned."""
        ...

    async def keep(self, row: JobRow) -> None:
        """Take the place of the row of this name, if there is one."""
        ...
