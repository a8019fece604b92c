"""A node whose journal and database do not belong together refuses to run, and says what to do.

To go on would mean to lose one of the two histories without a word.
"""

from __future__ import annotations

import shutil

from storage.postgres.embedded import open_embedded_server
from tests.system.conftest import MakeNode, Template
from tests.system.guests import open_front
from tests.system.harness import NodeProcess, Yard, processes_on


async def refusal_of(node: NodeProcess) -> str:
    """What a node says that ends by itself."""
    node.launch()
    assert await node.wait_end() == 1, node.tail()
    (words,) = (line for line in node.tail().splitlines() if line.startswith("lastlight: "))
    assert "Traceback" not in node.tail()
    return words


async def test_the_database_of_another_node_is_refused(make_node: MakeNode, yard: Yard) -> None:
    """Two nodes with one database would each flush over the other's rows."""
    theirs = make_node()
    async with open_embedded_server(theirs.data_dir / "postgres") as server:
        await server.wait_ready()
        words = await refusal_of(
            yard.node("ours", environment={"LASTLIGHT_DATABASE_URL": server.url})
        )
    assert "belongs to journal" in words
    assert "LASTLIGHT_DATABASE_URL elsewhere" in words


async def test_an_older_copy_of_the_journal_is_refused(
    make_node: MakeNode, template: Template
) -> None:
    """A restored folder lacks what was answered since, and its positions would be given twice."""
    node = make_node()
    older = node.data_dir.with_name("older")
    shutil.copytree(node.data_dir / "journal", older)
    await node.start()
    async with open_front(node.url, template.known) as front:
        (person,) = await front.patrons(1, 1)
        await front.check_in(person)
    assert await node.stop() == 0, node.tail()
    shutil.rmtree(node.data_dir / "journal")
    older.rename(node.data_dir / "journal")
    node.log.unlink()
    words = await refusal_of(node)
    assert "an older or a newer copy of the journal" in words
    assert "start with the data directory that belongs to the database" in words
    assert processes_on(node.data_dir) == []
