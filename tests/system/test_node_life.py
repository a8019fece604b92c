"""A node's life as its operator sees it: whatever is killed, a start goes on from there.

After a graceful end nothing of it runs, and what it keeps is nobody else's to read.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.system.conftest import Template
from tests.system.guests import open_front
from tests.system.harness import NodeProcess, Yard, processes_on, wait_until

AS_ROOT: Final = os.geteuid() == 0
AGAIN_S: Final = 30.0


def kill_node(node: NodeProcess) -> None:
    """The out-of-memory killer, or an operator in a hurry."""
    node.kill()


def kill_both(node: NodeProcess) -> None:
    """As near to a power cut as a test comes."""
    node.server().kill()
    node.kill()


@pytest.mark.parametrize("kill", [kill_node, kill_both])
async def test_a_session_runs_on_through_a_kill_and_a_restart(
    kill: Callable[[NodeProcess], None], node: NodeProcess, template: Template
) -> None:
    """The first thing a newcomer tries: the guest is still in, and the meter never stopped."""
    async with open_front(node.url, template.known) as front:
        (person,) = await front.patrons(1, 1)
        visit = await front.check_in(person)
        kill(node)
        await node.start()
        path = f"/api/sessions/{visit['session_id']}"
        found = await front.need(200, person, "GET", path)
        assert (found["status"], found["checked_in_at"]) == ("active", visit["checked_in_at"])
        meter = await front.need(200, person, "GET", f"{path}/meter")
        assert meter["status"] == "active"
        receipt = await front.need(200, person, "POST", f"{path}/checkout")
        assert receipt["status"] == "closed"


async def test_a_database_that_is_killed_is_started_again_under_the_node(
    node: NodeProcess, template: Template
) -> None:
    """Nobody has to notice; the node supervises what it started."""
    async with open_front(node.url, template.known) as front:
        (person,) = await front.patrons(1, 1)
        await front.check_in(person)
        killed = node.server()
        killed.kill()

        async def is_back() -> bool:
            if not node.has_another_server(killed):
                return False
            # An account that was not resident needs the database to be loaded.
            other = await front.sign_in("patron2")
            answer = await front.send(other, "GET", "/api/transactions/credits")
            return answer.status_code == 200

        await wait_until(is_back, within_s=AGAIN_S)
        assert len((await front.need(200, person, "GET", "/api/sessions/active"))["items"]) == 1


async def test_what_a_node_keeps_is_nobody_elses_to_read(node: NodeProcess) -> None:
    """It holds everybody's data, and keys that would make anybody's token."""
    data_dir = node.data_dir
    passable = 0o711 if AS_ROOT else 0o700
    assert stat.S_IMODE(data_dir.stat().st_mode) == passable
    for path in data_dir.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    kept = [*(data_dir / "keys").iterdir(), *(data_dir / "journal").iterdir()]
    assert len(kept) > 3
    for path in kept:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


async def test_an_ordinary_user_runs_a_node_as_themselves(yard: Yard) -> None:
    """Root is not needed for anything; where the tests are root, the node becomes nobody."""
    uid = pwd.getpwnam("nobody").pw_uid if AS_ROOT else os.getuid()
    os.chown(yard.path, uid, -1)
    node = yard.node("data", uid=uid if AS_ROOT else None)
    await node.start()
    assert node.server().uids().effective == uid
    assert owners_below(node.data_dir) == {uid}
    node.kill()
    await node.start()
    assert await node.stop() == 0, node.tail()
    assert processes_on(node.data_dir) == []


def owners_below(folder: Path) -> set[int]:
    """Whose files these are."""
    return {path.lstat().st_uid for path in folder.rglob("*")}


async def test_a_second_node_on_the_same_data_is_refused(node: NodeProcess, yard: Yard) -> None:
    """It would take the journal from under the first."""
    second = yard.node(node.data_dir.name)
    second.log = yard.path / "second.log"
    second.launch()
    assert await second.wait_end() == 1
    assert "another" in second.tail()
    assert (await node.readiness())[0] == 200


async def test_a_node_killed_during_its_first_start_starts_anew(yard: Yard) -> None:
    """Half a database, or half a demo, must be nothing that a person has to clear away."""
    node = yard.node("data")
    node.launch()

    async def has_begun() -> bool:
        return (node.data_dir / "postgres" / "cluster").exists()

    await wait_until(has_begun, within_s=AGAIN_S)
    node.kill()
    await node.start()
    assert await node.stop() == 0, node.tail()
    assert processes_on(node.data_dir) == []
