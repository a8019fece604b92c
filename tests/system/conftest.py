"""Nodes for tests: one that all may share, and copies of a prepared one for those who break theirs.

To found the demo venue takes seconds and every sign-in a quarter of one. So both are done once:
a template is founded, its people sign in, it is stopped, and copying it makes a node.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Final

import attrs
import pytest
import trio

from tests.system.guests import Front, Person, open_front
from tests.system.harness import NodeProcess, Yard, open_yard, processes_on

SIGNED_IN: Final = (
    *(f"staff{n}" for n in range(1, 6)),
    "manager",
    "owner",
    *(f"patron{n}" for n in (*range(1, 21), 40, 41, 42, 43, 50)),
)
MakeNode = Callable[[], NodeProcess]
_numbers = itertools.count(1)


@attrs.frozen(kw_only=True)
class Template:
    """A stopped node with people signed in."""

    data_dir: Path
    known: dict[str, Person]


@pytest.fixture(scope="session")
def template() -> Iterator[Template]:
    """The prepared node."""
    with open_yard() as yard:
        node = yard.node("template")
        known: dict[str, Person] = {}

        async def prepare() -> None:
            await node.start()
            async with open_front(node.url, {}) as front:
                await front.sign_in_all(*SIGNED_IN)
                known.update(front.known)
            assert await node.stop() == 0, node.tail()

        trio.run(prepare)
        yield Template(data_dir=node.data_dir, known=known)


@pytest.fixture
def yard() -> Iterator[Yard]:
    """A folder for the nodes of one test."""
    with open_yard() as yard:
        yield yard


@pytest.fixture
def make_node(template: Template, yard: Yard) -> MakeNode:
    """Makes nodes that are copies of the template."""

    def make() -> NodeProcess:
        name = f"node{next(_numbers)}"
        yard.copy(template.data_dir, name)
        return yard.node(name)

    return make


@pytest.fixture
async def node(make_node: MakeNode) -> AsyncIterator[NodeProcess]:
    """A running node for one test, which may do to it what it likes."""
    node = make_node()
    await node.start()
    yield node
    if node.process.poll() is None:
        assert await node.stop() == 0, node.tail()
        assert processes_on(node.data_dir) == []


@pytest.fixture
async def front(node: NodeProcess, template: Template) -> AsyncIterator[Front]:
    """The HTTP of `node`."""
    async with open_front(node.url, template.known) as front:
        yield front


@pytest.fixture(scope="session")
def shared_node(template: Template) -> Iterator[NodeProcess]:
    """A running node that no test may break."""
    with open_yard() as yard:
        yard.copy(template.data_dir, "shared")
        node = yard.node("shared")
        trio.run(node.start)
        yield node
        assert trio.run(node.stop) == 0, node.tail()
        assert processes_on(yard.path) == []


@pytest.fixture
async def shared_front(shared_node: NodeProcess, template: Template) -> AsyncIterator[Front]:
    """The HTTP of `shared_node`; each test uses patrons of its own."""
    async with open_front(shared_node.url, template.known) as front:
        yield front
