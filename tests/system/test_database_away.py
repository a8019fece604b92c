"""PostgreSQL goes away under load, stopped or frozen: the night goes on, and it catches up.

The database is not the node's own here, which the node would start again.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final

import attrs
import psutil  # type: ignore[import-untyped]
import pytest
import trio

from storage.postgres.embedded import EmbeddedServer, open_embedded_server
from tests.system.books import broken_links, reading
from tests.system.conftest import MakeNode, Template
from tests.system.guests import Front, open_front
from tests.system.harness import NodeProcess, Yard, wait_until
from tests.system.load import Guest, gather
from tests.system.reckoning import check_tables

AWAY_S: Final = 20.0 if os.environ.get("TEST_LASTLIGHT_LONG") else 9.0
DEGRADED_WITHIN_S: Final = 8.0
BACK_WITHIN_S: Final = 120.0
"""A job that failed meanwhile is tried again after a minute."""
SOS_WITHIN_S: Final = 2.0
ACT_WITHIN_S: Final = 5.0
COLD_WITHIN_S: Final = 15.0
GUESTS: Final = 10
COLD: Final = 50
"""The number of a patron whom nobody has asked anything since the node started."""


class StoppableServer:
    """A PostgreSQL of the test's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._leave = trio.Event()
        self._left = trio.Event()
        self.server: EmbeddedServer | None = None

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Run the server until `stop`."""
        self._leave, self._left = trio.Event(), trio.Event()
        async with open_embedded_server(self._folder) as self.server:
            await self.server.wait_ready()
            task_status.started()
            await self._leave.wait()
        self._left.set()

    async def stop(self) -> None:
        """End the server gracefully."""
        self._leave.set()
        await self._left.wait()

    def processes(self) -> list[psutil.Process]:
        """The server and all that serve its connections."""
        assert self.server is not None
        postmaster = psutil.Process(self.server.pid)
        return [postmaster, *postmaster.children(recursive=True)]


@asynccontextmanager
async def stopped(server: StoppableServer, nursery: trio.Nursery) -> AsyncIterator[None]:
    """The server does not run: connecting fails at once."""
    await server.stop()
    yield
    await nursery.start(server.run)


@asynccontextmanager
async def frozen(server: StoppableServer, nursery: trio.Nursery) -> AsyncIterator[None]:
    """The server neither answers nor refuses: every call hangs until its time is over."""
    processes = server.processes()
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    yield
    for process in reversed(processes):
        process.send_signal(signal.SIGCONT)


@attrs.frozen(kw_only=True)
class Evening:
    """A node on a database of its own, with guests."""

    node: NodeProcess
    front: Front
    guests: list[Guest]
    url: str

    async def while_away(self) -> None:
        """What must work without a database, and what must say that it does not."""
        cold, sos = await self.front.patrons(COLD, 1), await self.front.sign_in("staff5")
        with trio.fail_after(SOS_WITHIN_S):
            raised = await self.front.send(sos, "POST", "/api/emergency/sos", {})
        assert raised.status_code == 201, raised.text
        with trio.fail_after(COLD_WITHIN_S):
            refused = await self.front.send(cold[0], "GET", "/api/transactions/credits")
        assert (refused.status_code, "retry-after" in refused.headers) == (503, True), refused.text

    async def is_degraded(self) -> bool:
        """Whether the node says that it misses something, and still takes requests."""
        status, body = await self.node.readiness()
        assert status == 200, body
        return body["status"] == "degraded"

    async def is_well(self) -> bool:
        """Whether it misses nothing."""
        _, body = await self.node.readiness()
        return body["status"] == "ok"

    async def check_tables(self) -> None:
        """All that was answered is in the database, once."""
        async with reading(self.url) as connection:
            await check_tables(connection, self.guests)
            assert await broken_links(connection) == {}


@asynccontextmanager
async def an_evening(
    template: Template, server: StoppableServer, node: NodeProcess
) -> AsyncIterator[Evening]:
    """The node up, its guests signed in and known to it."""
    assert server.server is not None
    await node.start()
    async with open_front(node.url, template.known) as front:
        guests = await gather(front, random.Random(2), first=1, count=GUESTS, cashiers=2)
        for guest in guests:
            await front.balance(guest.person)
        yield Evening(node=node, front=front, guests=guests, url=server.server.url)
    assert await node.stop() == 0, node.tail()


Away = Callable[[StoppableServer, trio.Nursery], AbstractAsyncContextManager[None]]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("away", [stopped, frozen])
async def test_the_night_goes_on_without_the_database_and_is_all_there_afterwards(
    away: Away, make_node: MakeNode, yard: Yard, template: Template
) -> None:
    """A venue can't close because a database restarts, and nothing that was sold may be missing."""
    copied = make_node()
    server = StoppableServer(copied.data_dir / "postgres")
    async with trio.open_nursery() as nursery:
        await nursery.start(server.run)
        assert server.server is not None
        node = yard.node(
            copied.data_dir.name, environment={"LASTLIGHT_DATABASE_URL": server.server.url}
        )
        async with an_evening(template, server, node) as evening:
            async with trio.open_nursery() as load:
                code = await evening.front.door_code()
                for guest in evening.guests:
                    load.start_soon(guest.stay, evening.front, code)
                async with away(server, nursery):
                    began = trio.current_time()
                    known = sum(len(guest.acts) for guest in evening.guests)
                    async with trio.open_nursery() as checks:
                        checks.start_soon(evening.while_away)
                        await wait_until(evening.is_degraded, within_s=DEGRADED_WITHIN_S)
                        await trio.sleep_until(began + AWAY_S)
                    meanwhile = sum(len(guest.acts) for guest in evening.guests) - known
                load.cancel_scope.cancel()
            for guest in evening.guests:
                await guest.settle(evening.front)
            assert meanwhile > GUESTS * AWAY_S, "commands on resident actors were not answered"
            assert sum(guest.unsettled for guest in evening.guests) == 0
            slowest_s = max(act.elapsed_s for guest in evening.guests for act in guest.acts)
            assert slowest_s < ACT_WITHIN_S
            await wait_until(evening.is_well, within_s=BACK_WITHIN_S)
            await evening.check_tables()
        await server.stop()
