"""What is done to a node in the middle of an evening. Real signals, a really full disk.

Each kind waits for a moment of chance, does its harm, and leaves the node running, ended, or about
to be started again by whoever asked for it.
"""

from __future__ import annotations

import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

import attrs
import psutil  # type: ignore[import-untyped]
import trio

from tests.system.harness import NodeProcess, wait_until
from tests.torture.places import Place

BEFORE_S: Final = (0.3, 2.0)
FULL_S: Final = (0.5, 2.5)
STARTING_S: Final = (0.2, 4.0)
DATABASE_BACK_S: Final = 60.0


@attrs.frozen(kw_only=True)
class Scene:
    """Whom it is done to, where, and by which dice."""

    node: NodeProcess
    place: Place
    dice: random.Random
    done: Counter[str]
    """What was done, and how often."""

    async def wait(self, bounds: tuple[float, float] = BEFORE_S) -> None:
        """Let the evening go on for a while."""
        await trio.sleep(self.dice.uniform(*bounds))

    def is_up(self) -> bool:
        """Whether the node's process runs."""
        return self.node.process.poll() is None

    def kill_node(self) -> None:
        """As by `kill -9`."""
        self.node.kill()
        self.done["SIGKILL of the node"] += 1

    def stop_server(self) -> None:
        """As by `pg_ctl stop -m immediate`, which sends the same; it may be away already."""
        with suppress(psutil.NoSuchProcess, FileNotFoundError):
            self.node.server().send_signal(signal.SIGQUIT)
            self.done["immediate stop of PostgreSQL"] += 1

    def fill_disk(self) -> None:
        """To the last byte."""
        self.place.fill()
        self.done["disk filled"] += 1


async def kill(scene: Scene) -> None:
    """The node ends as by `kill -9`; its PostgreSQL learns of it as it may."""
    await scene.wait()
    scene.kill_node()


async def kill_both(scene: Scene) -> None:
    """The machine loses its power: node and PostgreSQL end in one moment."""
    await scene.wait()
    with suppress(psutil.NoSuchProcess, FileNotFoundError):
        scene.node.server().kill()
        scene.done["SIGKILL of PostgreSQL"] += 1
    scene.kill_node()


async def kill_while_starting(scene: Scene) -> None:
    """Killed again while it recovers from being killed."""
    await scene.wait()
    scene.kill_node()
    scene.node.launch()
    await scene.wait(STARTING_S)
    scene.kill_node()


async def stop_database(scene: Scene) -> None:
    """PostgreSQL ends as by `pg_ctl stop -m immediate`; the node goes on and starts it again."""
    await scene.wait()
    before = scene.node.server()
    scene.stop_server()

    async def is_another() -> bool:
        return scene.node.has_another_server(before)

    await wait_until(is_another, within_s=DATABASE_BACK_S)
    await scene.wait()


async def stop_database_and_kill(scene: Scene) -> None:
    """The node is killed while its PostgreSQL is away, or recovers."""
    await scene.wait()
    scene.stop_server()
    await scene.wait((0.0, 3.0))
    scene.kill_node()


async def kill_backends(scene: Scene) -> None:
    """The kernel takes processes of PostgreSQL for want of memory; it begins anew by itself."""
    for _ in range(2):
        await scene.wait()
        with suppress(psutil.NoSuchProcess, FileNotFoundError):
            scene.dice.choice(scene.node.server().children()).kill()
            scene.done["SIGKILL of a backend"] += 1
    await scene.wait()


async def stop(scene: Scene) -> None:
    """A deploy: told to stop in the middle of everything."""
    await scene.wait()
    scene.done["SIGTERM of the node"] += 1
    assert await scene.node.stop() == 0, f"it did not end well: {scene.node.tail()}"


async def fill_disk(scene: Scene) -> None:
    """The disk is full, but for the reserve that a node keeps for emergencies; then it is not."""
    await scene.wait()
    scene.fill_disk()
    await scene.wait(FULL_S)
    scene.place.free()


async def fill_disk_wholly(scene: Scene) -> None:
    """The reserve is filled too, as soon as the node has given it up."""
    await scene.wait()
    for _ in range(2):
        scene.fill_disk()
        await scene.wait(FULL_S)
    scene.place.free()


async def fill_disk_and_kill(scene: Scene) -> None:
    """Killed on a full disk, and started when somebody has made room."""
    await scene.wait()
    scene.fill_disk()
    await scene.wait(FULL_S)
    if scene.is_up():
        scene.kill_node()
    scene.place.free()


async def start_on_full_disk(scene: Scene) -> None:
    """Started where there is no room, which it may refuse; then somebody makes some."""
    await scene.wait()
    scene.kill_node()
    scene.fill_disk()
    scene.node.launch()
    await scene.wait(STARTING_S)
    if scene.is_up():
        scene.kill_node()
    scene.place.free()


@attrs.frozen
class Harm:
    """A kind of harm, and how often it is chosen beside the others."""

    name: str
    do: Callable[[Scene], Awaitable[None]]
    weight: int = 2
    fills_disk: bool = False


HARMS: Final = (
    Harm("node killed", kill, 4),
    Harm("node and database killed", kill_both, 3),
    Harm("killed while starting", kill_while_starting, 3),
    Harm("database stopped at once", stop_database, 3),
    Harm("database stopped, node killed", stop_database_and_kill, 3),
    Harm("database's processes killed", kill_backends, 2),
    Harm("node told to stop", stop, 1),
    Harm("disk full", fill_disk, 2, fills_disk=True),
    Harm("disk wholly full", fill_disk_wholly, 2, fills_disk=True),
    Harm("disk full, node killed", fill_disk_and_kill, 2, fills_disk=True),
    Harm("started on a full disk", start_on_full_disk, 1, fills_disk=True),
)


def choose(dice: random.Random, count: int, place: Place) -> Sequence[Harm]:
    """Kinds for so many cycles; each that is possible comes at least once if there is room."""
    possible = [harm for harm in HARMS if place.bounded is not None or not harm.fills_disk]
    chosen = possible[:count]
    weights = [harm.weight for harm in possible]
    chosen += dice.choices(possible, weights, k=count - len(chosen))
    dice.shuffle(chosen)
    return chosen
