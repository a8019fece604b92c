"""What is measured: our node, and each server beside it, behind one interface.

All of them answer the same three requests with the same JSON, take the same tokens and door codes,
and know the same people (`bench.town`), so that one client drives them all:

    POST /api/sessions/checkin        key required, 201 CheckedIn
    POST /api/transactions/purchase   key required, 201 Receipt
    GET  /api/sessions/{session_id}   the patron's own, 200 SessionDetail

A key that comes again with the same body gets the same answer, and nothing is stored a second time;
with another body it is refused. An answer is given when what it says is on the disk. What is stored
is counted by the suite and not by the peer: in PostgreSQL, in tables that have the names and the
columns of `storage/postgres/schema.sql`, with `bench.stored`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import attrs

from bench.town import Town


@attrs.frozen(kw_only=True)
class Stored:
    """What is in a store: rows that somebody was promised, and sums that must fit them."""

    sessions: int
    """Visits, of whatever status."""
    purchases: int
    """Posted transactions of kind `purchase`."""
    check_in_keys: int
    """Distinct idempotency keys that are done and were not refused, by route."""
    purchase_keys: int
    journals: int
    """Ledger journals of purchases."""
    unbalanced: int
    """Ledger journals of purchases whose postings do not come to 0, or that have none."""
    spent_minor: int
    """Sum of posted purchases."""
    charged_minor: int
    """Sum of posted charges for time: visits go on while somebody buys."""
    wallets_minor: int
    """Paid credit of all wallets, with what is held."""

    def since(self, before: Stored) -> Stored:
        """What came in between."""
        pairs = zip(attrs.astuple(self), attrs.astuple(before), strict=True)
        names = [field.name for field in attrs.fields(Stored)]
        return Stored(**dict(zip(names, (now - then for now, then in pairs), strict=True)))


class Peer(Protocol):
    """One server with a store of its own. Made stopped; `start` and `stop` come in turns."""

    @property
    def name(self) -> str:
        """What tables and plots call it."""
        ...

    @property
    def base_url(self) -> str:
        """Where it listens, without a slash at the end: `http://127.0.0.1:port`, HTTP/1.1."""
        ...

    @property
    def pids(self) -> Sequence[int]:
        """Its server processes, without PostgreSQL's, while it runs: for memory and processor."""
        ...

    def start(self, data_dir: Path, town: Town) -> None:
        """Make a store in `data_dir` if there is none, with everybody of `town`, and serve.

        Returns when it answers requests. Whatever it needs of packages is installed before, by
        `serving.install`. `data_dir` exists, is empty at the first start and may be removed after
        `stop`.

        Raises:
            TimeoutError: it does not answer in time.
        """
        ...

    def stop(self) -> None:
        """End it gracefully, its PostgreSQL too; leaves no process. Twice does no harm."""
        ...

    def settle(self, within_s: float) -> float:
        """Wait until everything that it answered is in the tables that `stored` counts.

        Returns:
            Seconds by which the oldest of it was behind when this was called; 0 if nothing was.

        Raises:
            TimeoutError: it is not there after `within_s`.
        """
        ...

    def stored(self) -> Stored:
        """What is in the store now, read from it and not from memory of the server."""
        ...
