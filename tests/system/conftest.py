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
import msgspec
import pytest
import trio

from tests.places import shared_once
from tests.system.guests import Front, Person, open_front
from tests.system.harness import NodeProcess, Yard, end_nodes, open_yard, processes_on

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


async def found_template(node: NodeProcess) -> list[Person]:
    """Run a new node until its people are signed in."""
    await node.start()
    async with open_front(node.url, {}) as front:
        await front.sign_in_all(*SIGNED_IN)
    assert await node.stop() == 0, node.tail()
    return list(front.known.values())


@pytest.fixture(scope="session")
def template() -> Template:
    """The prepared node, one for all workers; nobody starts it again."""
    with shared_once("template") as (folder, was_there):
        people = folder / "people.json"
        if not was_there:
            with end_nodes(Yard(folder)) as yard:
                known = trio.run(found_template, yard.node("template", fresh=True))
            people.write_bytes(msgspec.json.encode([attrs.asdict(one) for one in known]))
    known = [Person(**one) for one in msgspec.json.decode(people.read_bytes())]
    return Template(data_dir=folder / "template", known={one.name: one for one in known})


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
