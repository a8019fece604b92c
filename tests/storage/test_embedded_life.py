"""The life of the embedded PostgreSQL: whatever is killed, the next start works and is alone."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import psutil  # type: ignore[import-untyped]
import pytest
import trio

from storage.postgres.database import Database, DatabaseRole, open_asyncio_loop, open_database
from storage.postgres.embedded import EmbeddedServer, open_embedded_server
from storage.postgres.errors import DatabaseUnavailable, EmbeddedServerUnusable
from tests.places import REPOSITORY, new_folder

StartNode = Callable[..., "Node"]
AS_ROOT = os.geteuid() == 0


@pytest.fixture(scope="module")
def made_dir() -> Iterator[Path]:
    """The folder of a server that has run and ended: to make one is most of what a test takes."""
    folder = new_folder("made")
    Node(folder / "postgres").end()
    yield folder / "postgres"
    shutil.rmtree(folder)


@pytest.fixture
def data_dir(made_dir: Path) -> Iterator[Path]:
    """The folder of a server that has run once, for this test alone."""
    folder = new_folder("embedded")
    subprocess.run(["cp", "-a", str(made_dir), str(folder)], check=True)
    yield folder / "postgres"
    assert processes_on(folder) == []
    shutil.rmtree(folder)


def processes_on(folder: Path) -> list[psutil.Process]:
    """The servers that run below `folder`; what is dead but not collected has ended."""
    found = []
    for process in psutil.process_iter():
        try:
            program, *words = process.cmdline() or [""]
            if program.endswith("postgres") and any(str(folder) in word for word in words):
                found.append(process)
        except psutil.NoSuchProcess:  # ZombieProcess is one.
            continue
    return found


@pytest.fixture
def start_node(data_dir: Path) -> Iterator[StartNode]:
    """Starts nodes on `data_dir`, and leaves none running where a test failed."""
    with contextlib.ExitStack() as stack:
        yield lambda *uid: stack.enter_context(Node(data_dir, *uid))


class Node:
    """A node in a process of its own."""

    def __init__(self, data_dir: Path, *uid: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.storage.embedded_node", str(data_dir), *uid],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=REPOSITORY,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(self.process.communicate()[1])
        answer = json.loads(line)
        self.kept: int = answer["kept"]
        self.server = psutil.Process(answer["pid"])

    def end(self) -> None:
        """End gracefully."""
        _, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, errors

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()

    def kill(self) -> None:
        """End as kill -9 and power cuts do."""
        self.process.kill()
        self.process.communicate()


def test_a_graceful_end_leaves_no_process_and_the_next_start_has_the_rows(
    data_dir: Path, start_node: StartNode
) -> None:
    """The plainest life: nothing to recover, nothing left behind."""
    first = start_node()
    first.end()
    assert processes_on(data_dir) == []
    second = start_node()
    assert second.kept == first.kept + 1
    second.end()


def test_a_killed_node_takes_its_server_along(start_node: StartNode) -> None:
    """A machine must not fill with servers of nodes that are gone."""
    node = start_node()
    node.kill()
    node.server.wait(timeout=30)
    after = start_node()
    assert after.kept == node.kept + 1
    after.end()


def test_a_server_that_outlived_its_node_is_stopped_by_the_next(
    data_dir: Path, start_node: StartNode
) -> None:
    """Its being told of the node's death is a help and not what safety stands on."""
    node = start_node()
    node.server.suspend()  # It can't hear that its node died.
    node.kill()
    assert node.server.status() == psutil.STATUS_STOPPED
    after = start_node()
    assert after.server.pid != node.server.pid
    assert after.kept == node.kept + 1
    after.end()
    assert processes_on(data_dir) == []


def test_node_and_server_killed_at_once_recover(start_node: StartNode) -> None:
    """What was committed is there after crash recovery, which the node waits for."""
    node = start_node()
    node.server.kill()
    node.kill()
    after = start_node()
    assert after.kept == node.kept + 1
    after.end()


def test_the_pid_file_of_another_process_is_only_a_number(
    data_dir: Path, start_node: StartNode
) -> None:
    """After a reboot the old number may be anybody's: it must neither be killed nor obeyed."""
    start_node().end()
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    lines = [str(stranger.pid), str(data_dir / "cluster"), "1", "5432", str(data_dir / "socket")]
    pid_file = data_dir / "cluster" / "postmaster.pid"
    for text in ("\n".join([*lines, "", "1 1", "ready", ""]), f"{stranger.pid}", "", "nonsense\n"):
        pid_file.write_text(text)
        node = start_node()
        node.end()
    assert stranger.poll() is None
    stranger.communicate()


def test_only_the_server_may_read_its_folder(data_dir: Path, start_node: StartNode) -> None:
    """It holds everybody's data, and its socket asks for no password."""
    shutil.rmtree(data_dir)
    node = start_node()
    for folder in (data_dir, data_dir / "cluster", data_dir / "socket"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700, folder
    assert stat.S_IMODE((data_dir / "server.log").stat().st_mode) & 0o077 == 0
    if AS_ROOT:
        assert data_dir.stat().st_uid == node.server.uids().effective != 0
    node.end()


@pytest.mark.parametrize("depth", [1, 6])
async def test_the_socket_path_is_short_however_deep_the_folder(data_dir: Path, depth: int) -> None:
    """The system cuts socket paths off at 107 bytes."""
    deep = data_dir.parent.joinpath(*["x" * 20] * (depth - 1), "postgres")
    deep.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    async with open_embedded_server(deep) as server:
        await server.wait_ready()
        socket_dir = server.socket_dir
        assert len(bytes(socket_dir)) < 90
        assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
    assert socket_dir.exists() == (depth == 1)


async def test_two_nodes_never_share_a_folder(data_dir: Path) -> None:
    """The second would stop the server under the first."""
    async with open_embedded_server(data_dir) as server:
        await server.wait_ready()
        with pytest.raises(EmbeddedServerUnusable, match="another node runs on"):
            async with open_embedded_server(data_dir):
                raise AssertionError("the folder was locked")
        assert server.statistics().crash_count == 0


async def ask(database: Database) -> object:
    """Ask the server something until it answers."""
    with trio.fail_after(30):
        while True:
            try:
                async with database.connect(DatabaseRole.LOGIN) as connection:
                    return await connection.fetchval("select 42")
            except DatabaseUnavailable:
                await trio.lowlevel.checkpoint()


async def test_a_server_that_dies_is_started_again_and_reached_again(data_dir: Path) -> None:
    """The out-of-memory killer likes large processes; the node must not need a person."""
    async with (
        open_asyncio_loop(),
        open_embedded_server(data_dir) as server,
        open_database(server.url) as database,
    ):
        await server.wait_ready()
        assert await ask(database) == 42
        first = server.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        with trio.fail_after(30):
            # The old backends may answer for a moment longer than their postmaster lives.
            while server.pid == first:
                await trio.lowlevel.checkpoint()
        assert await ask(database) == 42
        await server.wait_ready()
        statistics = server.statistics()
        assert statistics.pid != first
        assert (statistics.ready, statistics.crash_count) == (True, 1)


async def test_a_server_that_never_comes_up_says_why(data_dir: Path) -> None:
    """A setting that PostgreSQL refuses must be read by a person, not looked for."""
    async with open_embedded_server(data_dir, settings={"max_connections": "-1"}) as server:
        with trio.fail_after(30), pytest.raises(EmbeddedServerUnusable, match="max_connections"):
            await server.wait_ready()


async def test_cancelling_leaves_the_server_up_until_the_block_has_ended(data_dir: Path) -> None:
    """What drains at the end of a node still writes to PostgreSQL."""
    servers: list[EmbeddedServer] = []
    with trio.CancelScope() as scope:
        async with open_asyncio_loop(), open_embedded_server(data_dir) as server:
            servers.append(server)
            await server.wait_ready()
            async with open_database(server.url) as database:
                try:
                    scope.cancel()
                    await trio.lowlevel.checkpoint()
                finally:
                    with trio.CancelScope(shield=True):
                        assert await ask(database) == 42
    assert servers[0].pid is None


async def test_a_folder_of_another_release_is_refused(
    data_dir: Path, start_node: StartNode
) -> None:
    """PostgreSQL can't read the files of another major version; the message says what can."""
    start_node().end()
    (data_dir / "cluster" / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedServerUnusable, match=r"made by PostgreSQL 16.* dump it"):
        async with open_embedded_server(data_dir):
            raise AssertionError("it was opened")


def test_a_folder_half_made_is_made_again(data_dir: Path, start_node: StartNode) -> None:
    """A node may be killed during its very first start."""
    start_node().end()
    (data_dir / "cluster").rename(data_dir / "cluster.new")
    node = start_node()
    node.end()
    assert node.kept == 1
    assert not (data_dir / "cluster.new").exists()


def test_an_ordinary_user_runs_it_as_that_user(data_dir: Path, start_node: StartNode) -> None:
    """Root gives the server to another user, everybody else keeps it; killed or not."""
    uid = pwd.getpwnam("nobody").pw_uid if AS_ROOT else os.getuid()
    shutil.rmtree(data_dir)
    data_dir.mkdir(mode=0o700)
    os.chown(data_dir, uid, -1)
    become = [str(uid)] if AS_ROOT else []
    node = start_node(*become)
    assert node.server.uids().effective == uid
    assert (data_dir / "cluster").stat().st_uid == uid
    node.kill()
    after = start_node(*become)
    assert after.kept == node.kept + 1
    after.end()
    start_node().end()
    assert (data_dir / "cluster").stat().st_uid == uid
