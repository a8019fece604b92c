"""The page for those who write clients: its blocks are a program that runs, with right types."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import trio

from tests.clients.javascript import HERE, check_types, open_script
from tests.places import REPOSITORY
from tests.system.guests import VENUE, Front
from tests.system.harness import NodeProcess

PAGE: Final = REPOSITORY / "docs" / "clients.md"


def program(folder: Path) -> Path:
    """The blocks of the page in their order, as one file that finds the examples."""
    blocks = re.findall(r"^```ts\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 7
    source = "\n".join(blocks).replace('"./examples/', f'"{PAGE.parent}/examples/')
    made = folder / "page.ts"
    made.write_text(source)
    (folder / "package.json").write_text('{"type": "module"}')
    return made


def test_its_blocks_have_right_types(tmp_path: Path) -> None:
    """They are copied into apps that are checked."""
    options = json.loads((HERE / "tsconfig.json").read_text())["compilerOptions"]
    ((_, (types,)),) = options["paths"].items()
    options["paths"] = {"socket.io-client": [str(HERE / types)]}
    options["typeRoots"] = [str(HERE / "node_modules" / "@types")]
    project = tmp_path / "tsconfig.json"
    made = program(tmp_path)
    project.write_text(json.dumps({"compilerOptions": options, "files": [str(made)]}))
    assert check_types(project) == ""


async def test_its_blocks_do_what_it_says(
    tmp_path: Path, shared_node: NodeProcess, shared_front: Front
) -> None:
    """From signing in to Socket.IO, against a node, as a reader would try it."""
    settings = {
        "NODE_URL": shared_node.url,
        "EMAIL": "patron110@lastlight.example",
        "STAFF_EMAIL": "staff4@lastlight.example",
    }
    said: list[str] = []
    async with open_script(program(tmp_path), settings=settings) as script:
        while not said or not said[-1].startswith("socket.io"):
            try:
                said.append(await script.hear_line())
            except trio.TooSlowError:
                raise AssertionError(f"it stands still after {said}: {script.errors()}") from None
            if said[-1] == "on duty":
                raiser = await shared_front.sign_in("staff5")
                sos = {"venue_id": VENUE}
                await shared_front.need(201, raiser, "POST", "/api/emergency/sos", sos)
        assert await script.hear_rest() == []
    steps = [line for line in said if not line.startswith(("heard", "credits"))]
    name = steps.pop(0)
    assert name.startswith("signed in as ")
    assert steps == [
        "posted posted", "on duty", "on the way", "offline: applied", "left: 0", "stood at true",
        "socket.io: 201",
    ]  # fmt: skip
    assert said.count("heard transaction.posted") == 2
    assert "credits: 100000" not in said


def test_every_file_it_names_is_there_and_every_example_is_named() -> None:
    """A link that leads nowhere, or an example that nobody finds."""
    links = set(re.findall(r"\]\((examples/[^)]+\.ts)\)", PAGE.read_text()))
    there = {f"examples/{path.name}" for path in (PAGE.parent / "examples").glob("*.ts")}
    assert links == there
