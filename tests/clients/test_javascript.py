"""The harness of the clients: scripts run, talk, and say how they failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.javascript import HERE, Ended, check_types, open_script, run_script


async def test_a_script_finds_its_packages_and_talks_in_lines() -> None:
    """A test that steers a client needs to tell it things and hear what came of them."""
    async with open_script(HERE / "ready.ts") as script:
        assert (await script.hear())["io"] == "function"
        await script.say({"n": 1})
        assert await script.hear() == {"told": {"n": 1}}
        await script.finish()
        assert await script.hear_rest() == []


async def test_a_script_that_fails_says_why(tmp_path: Path) -> None:
    """A client's own error must reach whoever reads the test's report."""
    broken = tmp_path / "broken.ts"
    broken.write_text("const n: number = 1; throw new Error(`not ${n}`);")
    with pytest.raises(Ended, match="not 1"):
        await run_script(broken)


def test_every_script_and_example_has_right_types() -> None:
    """Node only leaves types out; what an app's developer copies must pass their checker."""
    assert check_types() == ""
