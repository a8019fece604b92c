"""The operator's view of jobs and effects: what is told of them, and how one is sent again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

import pytest
import trio

from lastlight.cli import main
from lastlight.cli_background import effects_view, jobs_table
from lastlight.cli_commands import wide_console
from protocol.records.runtime import DeadLetter
from storage.postgres.database import DatabaseRole, open_asyncio_loop, open_database
from storage.postgres.jobs import PostgresJobs
from tests.lastlight.cli_kit import TinyNode, open_tiny_node
from tests.storage.samples import a, an_id, insert

OUTSIDE: Final = "GET /api/admin/actors/outside/00000000-0000-0000-0000-000000000000"
AT: Final = "2026-11-20T04:30:00.000Z"
LETTER: Final = "018f0000-0000-7000-8000-00000000000a"
OLDER: Final = "018f0000-0000-7000-8000-00000000000b"
BESIDE: Final[dict[str, Any]] = {
    "jobs": [
        {
            "job": "figures", "about": "adds up days", "name": "figures", "next_at": AT,
            "kept_at": AT, "started_at": AT, "finished_at": AT, "runs": 7, "failures": 0,
            "error": None, "state": {"days": 3, "others": 0},
        },
        {
            "job": "reconciliation", "about": "compares", "name": "reconciliation",
            "next_at": AT, "kept_at": AT, "started_at": AT, "finished_at": AT, "runs": 7,
            "failures": 2, "error": "the provider did not answer", "state": {},
        },
        {"job": "retention", "about": "forgets"},
    ],
    "effects": [
        {
            "message_id": "m", "effect": "RefundAtProvider", "lane": "stripe", "decided_at": AT,
            "tries": 4, "reason": "no answer in 8 s",
        },
    ],
    "given_up": [
        {
            "message_id": LETTER, "effect": "PushByFcm", "at": AT, "tries": 40,
            "reason": "FCM answered 503", "replayable": True,
        },
    ],
    "dead_letters": [
        {
            "message_id": LETTER, "actor_type": "outside", "command": "PushByFcm",
            "error": "EffectRefused", "replayable": True, "at": AT,
        },
        {
            "message_id": OLDER, "actor_type": "account", "command": "PostTopUp",
            "error": "AssertionError", "replayable": False, "at": AT,
        },
    ],
}  # fmt: skip


@pytest.fixture
def node() -> Iterator[TinyNode]:
    """Knows what goes on beside its actors."""
    with open_tiny_node({OUTSIDE: (200, {"snapshot": BESIDE})}) as opened:
        yield opened


def lines_of(shown: str) -> dict[str, str]:
    """Lines by their first word."""
    return {line.split()[0]: line for line in shown.splitlines() if line.strip()}


def test_jobs_are_listed_with_their_next_and_last_run_and_what_came_of_it(
    node: TinyNode, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever wonders why a figure is old sees here which job has not run, and why."""
    assert main(["jobs", "--url", node.url, "--token", "t"]) == 0
    lines = lines_of(capsys.readouterr().out)
    assert "11-20" in lines["figures"]
    assert "3 days" in lines["figures"]
    assert "others" not in lines["figures"]
    assert "failed 2 times: the provider did not answer" in lines["reconciliation"]
    assert "not yet" in lines["retention"]
    assert node.asked[0][1]["Authorization"] == "Bearer t"


def test_effects_that_wait_and_that_are_dead_are_listed_with_their_reasons(
    node: TinyNode, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reason says whether sending again will help, the id how to."""
    assert main(["effects", "list", "--url", node.url, "--token", "t"]) == 0
    lines = lines_of(capsys.readouterr().out)
    assert "no answer in 8 s" in lines["RefundAtProvider"]
    assert "FCM answered 503" in lines[LETTER]
    assert " yes " in lines[LETTER]
    assert " no " in lines[OLDER]
    assert "AssertionError" in lines[OLDER]


def test_where_nothing_waits_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty screen would look like a broken command."""
    nothing: dict[str, Any] = {"effects": [], "given_up": [], "dead_letters": []}
    wide_console().print(effects_view(nothing))
    assert "nothing waits" in capsys.readouterr().out
    wide_console().print(jobs_table([]))


def test_what_stands_beside_actors_is_for_owners(
    node: TinyNode, capsys: pytest.CaptureFixture[str]
) -> None:
    """The node says so, in its own words."""
    node.answers[OUTSIDE] = (404, {"code": "not_found", "detail": "outside is not here"})
    assert main(["jobs", "--url", node.url, "--token", "t"]) == 1
    assert "not_found: outside is not here" in capsys.readouterr().err


def test_a_letter_to_be_sent_again_is_named_by_its_id(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is no id is a mistake of the line, before any database is asked."""
    with pytest.raises(SystemExit) as ended:
        main(["effects", "replay", "the last one"])
    assert ended.value.code == 2
    assert "invalid UUID value" in capsys.readouterr().err


def test_what_is_sent_again_and_what_can_not_be_is_told(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each by itself; that one could not be sent shows in the exit code as well."""
    letter, dull = a_dead_letter(replayable=True), a_dead_letter(replayable=False)

    async def put_in() -> None:
        async with (
            open_asyncio_loop(),
            open_database(postgres_url) as database,
            database.connect(DatabaseRole.WRITER) as connection,
        ):
            await insert(connection, letter, dull)

    async def wanted() -> list[UUID]:
        async with open_asyncio_loop(), open_database(postgres_url) as database:
            return [one.message_id for one in await PostgresJobs(database).replays()]

    trio.run(put_in)
    monkeypatch.setenv("LASTLIGHT_DATABASE_URL", postgres_url)
    one, other = str(letter.message_id), str(dull.message_id)
    assert main(["effects", "replay", one, one]) == 0
    assert f"{one} is sent again" in capsys.readouterr().out
    assert main(["effects", "replay", one, other]) == 1
    assert f"{other} is no dead letter that can be sent again" in capsys.readouterr().out
    assert main(["effects", "replay", other]) == 1
    assert "nothing is sent again" in capsys.readouterr().err
    assert trio.run(wanted) == [letter.message_id]


def a_dead_letter(*, replayable: bool) -> DeadLetter:
    """A message that was given up."""
    letter: DeadLetter = a(
        DeadLetter,
        message_id=an_id(),
        actor_type="outside",
        actor_id=UUID(int=0),
        command="SendNotice",
        payload=b"",
        replayable=replayable,
    )
    return letter
