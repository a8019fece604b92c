"""The node's side of a flush that runs in a process of its own, so that it costs the node's core
next to nothing.

The process is a servant: it asks for entries, it ends when its stream does, and when it ends by
itself another one is started. What always holds is kept by the position in the database, not here:
two of them, one dying and one beginning, can't both move it.
"""

from __future__ import annotations

import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar, Final

import attrs
import structlog
import trio

from protocol.addresses import Position
from protocol.codes import Code
from protocol.errors import LastLightError
from protocol.flush_limits import FLUSH_PROCESS_FAILURES_MAX
from protocol.journal import CommitLost
from protocol.limits import FLUSH_BYTES_MAX, FLUSH_ENTRIES_MAX
from storage.write_behind.standing import Standing
from storage.write_behind.store import Store, StoreUnusable
from storage.write_behind.wire import (
    Begin,
    BeyondAsked,
    Channel,
    DurableBeyond,
    Entries,
    EntriesAsked,
    Gone,
    Holds,
    HoldsAsked,
    Lost,
    Moved,
    Released,
    Unusable,
)
from storage.write_behind.write_behind import FlushedJournal, Near, WriteBehind

__all__ = ["FlushProcessFailed", "keep_running", "open_write_behind_elsewhere", "serve"]

log = structlog.get_logger(__name__)
_AGAIN_MIN_S: Final = 0.05
_AGAIN_MAX_S: Final = 2.0
_GOODBYE_S: Final = 5.0
"""How long an ending process is waited for before it is killed."""


@attrs.define(eq=False, kw_only=True)
class FlushProcessFailed(LastLightError):
    """The flush process ended again and again without flushing anything: a bug. Its own last words
    stand on standard error."""

    code: ClassVar[Code] = Code.INTERNAL
    count: int
    status: int

    def __str__(self) -> str:
        return (
            f"the process that flushes ended {self.count} times in a row without getting any"
            f" further, last with status {self.status}; nothing that was answered is lost, and the"
            " journal keeps it for the next start; see the log for why it ended"
        )


async def serve(channel: Channel, journal: FlushedJournal, standing: Standing) -> None:
    """Answer what a flush process asks, and believe what it tells, until it has gone.

    Raises:
        StoreUnusable: it said so.
    """

    async def tell_beyond(n: int) -> None:
        try:
            await journal.wait_durable_beyond(Position(journal.journal_id, n))
        except CommitLost as error:
            await channel.send(Lost(error.durable.n))
        else:
            await channel.send(DurableBeyond())

    try:
        async with trio.open_nursery() as nursery:
            while True:
                match await channel.receive():
                    case EntriesAsked(after_n=n):
                        await channel.send(await _entries(journal, standing, n))
                    case BeyondAsked(n=n):
                        # What it tells meanwhile must not wait for that.
                        nursery.start_soon(tell_beyond, n)
                    case Released(up_to_n=n):
                        await journal.release(Position(journal.journal_id, n))
                    case Moved() as moved:
                        _believe(standing, moved)
                    case HoldsAsked(n=n):
                        held = journal.holds(Position(journal.journal_id, n))
                        await channel.send(Holds(held))
                    case Unusable(reason=reason):
                        raise StoreUnusable(reason)
                    case other:
                        raise AssertionError(f"a flush process does not say {other}")
    except* Gone:
        pass


async def _entries(journal: FlushedJournal, standing: Standing, after_n: int) -> Entries:
    standing.look()
    read = await journal.read(
        Position(journal.journal_id, after_n),
        entries_max=FLUSH_ENTRIES_MAX,
        bytes_max=FLUSH_BYTES_MAX,
    )
    return Entries([(position.n, data) for position, data in read])


def _believe(standing: Standing, moved: Moved) -> None:
    standing.see(away=moved.away)
    standing.refused_rows = moved.refused_rows
    standing.refused(moved.refused_actors)
    standing.flushes = moved.flushes
    standing.last_flush_s = moved.last_flush_s
    if moved.flushed_n is not None:
        standing.advance(standing.flushed._replace(n=moved.flushed_n))


@asynccontextmanager
async def open_write_behind_elsewhere(
    journal: FlushedJournal, argv: Sequence[str], begin: Begin, *, near: Store
) -> AsyncIterator[Standing]:
    """Flush in a process of its own while the block runs.

    Args:
        journal: what is flushed.
        argv: starts the process, which finds its stream as standard input and calls `flush_for`.
        begin: told over the stream, not as an argument: the database's URL may hold a password.
        near: flushed into from here if the system lets no process start.

    Raises:
        StoreUnusable: this database must not be written by this node.
        FlushProcessFailed: see there.
    """
    standing = Standing(journal)

    async def run_one() -> int:
        return await _run_process(argv, begin, lambda end: serve(end, journal, standing))

    async def run() -> None:
        try:
            await keep_running(run_one, standing)
        except _NotStarted as error:
            log.warning("flush_process_not_started", reason=str(error.__cause__))
            await WriteBehind(Near(journal), near, standing).run()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        yield standing
        nursery.cancel_scope.cancel()


class _NotStarted(Exception):
    """The system let no process start."""


async def keep_running(run_one: Callable[[], Awaitable[int]], standing: Standing) -> None:
    """Start the process again whenever it ends, later each time it got no further.

    Raises:
        FlushProcessFailed: that happened FLUSH_PROCESS_FAILURES_MAX times in a row.
    """
    failures, wait_s = 0, _AGAIN_MIN_S
    while True:
        before = standing.flushed
        status = await run_one()
        if standing.flushed > before:
            failures, wait_s = 0, _AGAIN_MIN_S
        failures += 1
        if failures >= FLUSH_PROCESS_FAILURES_MAX:
            raise FlushProcessFailed(count=failures, status=status)
        log.error("flush_process_ended", status=status, again_in_s=wait_s)
        await trio.sleep(wait_s)
        wait_s = min(_AGAIN_MAX_S, wait_s * 2)


async def _run_process(
    argv: Sequence[str], begin: Begin, serving: Callable[[Channel], Awaitable[None]]
) -> int:
    """One life of the process; returns its status."""
    ours, theirs = socket.socketpair()
    channel = Channel(trio.SocketStream(trio.socket.from_stdlib_socket(ours)))
    try:
        with theirs:
            process = await trio.lowlevel.open_process(
                list(argv), stdin=theirs.fileno(), stdout=subprocess.DEVNULL
            )
    except OSError as error:
        await channel.aclose()
        raise _NotStarted from error
    try:
        await channel.send(begin)
        await serving(channel)
    except Gone:
        log.debug("flush_process_gone_early")
    finally:
        with trio.CancelScope(shield=True):
            await channel.aclose()
            with trio.move_on_after(_GOODBYE_S):
                await process.wait()
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert process.returncode is not None
    return process.returncode
