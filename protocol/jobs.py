"""How a job stands, as it is kept over restarts."""

from __future__ import annotations

from datetime import datetime

import attrs

from protocol.records.values import Json


@attrs.frozen(kw_only=True)
class JobRow:
    """One job. A time for which it is planned is an *occasion*; each is kept once.

    A run that began and did not end (`started_at` after `finished_at`) was cut off with its node.
    """

    name: str
    next_at: datetime
    """When it is looked at next: its next occasion, or another try at one that failed."""
    kept_at: datetime | None = None
    """The last occasion that was kept, or the moment from which it was first planned."""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    runs: int = 0
    """How often it ended well."""
    failures: int = 0
    """How often it failed since it last ended well."""
    error: str | None = None
    state: Json = attrs.field(factory=dict)
    """What it last did."""

    @property
    def is_cut_off(self) -> bool:
        """Whether a run of it never ended."""
        started, finished = self.started_at, self.finished_at
        return started is not None and (finished is None or finished < started)
