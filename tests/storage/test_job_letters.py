"""What operators see of dead letters, and how they ask to have one sent again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from protocol.addresses import OUTSIDE
from protocol.entries import encode_message
from protocol.internal.people import SendNotice
from protocol.messages import Message
from protocol.records.runtime import DeadLetter
from storage.postgres.database import Database, DatabaseRole
from storage.postgres.jobs import PostgresJobs
from tests.storage.samples import a, an_id, insert

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def a_letter(*, replayable: bool = True, minutes: int = 0) -> tuple[DeadLetter, Message]:
    """A dead notice, and its letter."""
    notice = SendNotice(
        user_id=an_id(), kind="test", email="guest@example.org", subject="Hello", text="There"
    )
    message = Message(id=an_id(), target=OUTSIDE, command=notice, at=NOW)
    letter = a(
        DeadLetter,
        message_id=message.id,
        actor_type=OUTSIDE.kind,
        actor_id=OUTSIDE.id,
        command="SendNotice",
        payload=encode_message(message),
        replayable=replayable,
        at=NOW + timedelta(minutes=minutes),
    )
    return letter, message


async def test_what_is_asked_for_comes_back_as_it_was_until_it_is_done(database: Database) -> None:
    """The statement is that of docs/operating.md; an answer stands where the question was."""
    jobs = PostgresJobs(database)
    (letter, message), (dull, _) = a_letter(), a_letter(replayable=False)
    missing = an_id()
    async with database.connect(DatabaseRole.WRITER) as connection:
        await insert(connection, letter, dull)
    async with database.connect(DatabaseRole.OWNER) as connection:
        for id_ in (letter.message_id, dull.message_id, missing):
            await connection.execute("insert into runtime.replays (message_id) values ($1)", id_)
    asked = {one.message_id: one.message for one in await jobs.replays()}
    assert asked == {letter.message_id: message, dull.message_id: None, missing: None}
    await jobs.replayed(letter.message_id, NOW, "sent again")
    assert {one.message_id for one in await jobs.replays()} == {dull.message_id, missing}
    async with database.connect(DatabaseRole.OWNER) as connection:
        sql = "select result from runtime.replays where message_id = $1"
        assert await connection.fetchval(sql, letter.message_id) == "sent again"


async def test_the_newest_letters_are_shown_without_what_they_say(database: Database) -> None:
    """Codes and addresses stand in a payload."""
    letters = [a_letter(minutes=n)[0] for n in range(3)]
    async with database.connect(DatabaseRole.WRITER) as connection:
        await insert(connection, *letters)
    shown = await PostgresJobs(database).dead_letters(2)
    assert [row["message_id"] for row in shown] == [
        UUID(str(letter.message_id)) for letter in reversed(letters[1:])
    ]
    assert all("payload" not in row for row in shown)
