"""One person in all tables: the copy is whole, the erasure too, and the chains still verify."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import trio

from lastlight.integrations.personal import PersonalData
from protocol.addresses import ActorKind, Address, Position
from protocol.chains import GENESIS, canonical_json, chained_hash, first_broken, row_fields
from protocol.domain_limits import EXPORT_ROWS_PAGE
from protocol.internal.accounts import (
    DropExport,
    ExportMade,
    MakeExport,
    ScrubTables,
    TablesScrubbed,
)
from protocol.messages import Message
from protocol.records.money import Transaction
from protocol.records.platform import AuditEntry
from protocol.records.safety import SafetyLog
from protocol.records.users import AgeVerification, AuthSession, User, UserPreferences
from protocol.records.visits import LocationReport, SessionHistory
from storage.postgres.database import Database, DatabaseRole
from storage.postgres.mapping import mapping_of
from storage.postgres.personal import EXPORT, PersonalTables
from storage.postgres.reading import Reader
from tests.storage.query_world import JOURNAL, Flushed, move_flush, store
from tests.storage.samples import NOON, a, an_id

ME, SOMEBODY, VENUE, NOBODY = an_id(), an_id(), an_id(), an_id()
POSTED: dict[str, Any] = {
    "status": "posted",
    "kind": "purchase",
    "posted_at": NOON,
    "business_day": NOON.date(),
}
PERSONAL = {
    SafetyLog: ("notes", "notes_salt"),
    AuditEntry: ("before", "after", "detail_salt"),
}


def tables_of(database: Database) -> PersonalTables:
    return PersonalTables(database=database, reader=Reader(database, Flushed()))


def personal_data(database: Database, folder: Path) -> PersonalData:
    return PersonalData(
        tables=tables_of(database), durable=lambda: Position(JOURNAL, 0), folder=folder
    )


def a_message(command: Any) -> Message:
    outside = Address(ActorKind.OUTSIDE, UUID(int=0))
    return Message(id=an_id(), target=outside, command=command, at=NOON)


def chained(rows: list[Any], without: tuple[str, ...]) -> list[Any]:
    """Rows with the hashes that the flush would give them."""
    linked, before = [], GENESIS
    for seq, row in enumerate(rows, 1):
        numbered = row.evolve(seq=seq)
        hashed = chained_hash(before, canonical_json(row_fields(numbered, without=without)))
        linked.append(numbered.evolve(prev_hash=before, hash=hashed))
        before = hashed
    return linked


async def stored(database: Database, record: type[Any]) -> list[Any]:
    """All rows of a table, as the node reads them."""
    mapping = mapping_of(record)
    columns = ", ".join(column.name for column in mapping.columns)
    async with database.connect(DatabaseRole.WRITER) as connection:
        rows = await connection.fetch(f"select {columns} from {mapping.table_sql}")
    return list(mapping.from_rows(rows))


async def read_zip(data: PersonalData, file_ref: str) -> dict[str, Any]:
    """The files of a copy, by name."""
    stream = await data.read(file_ref)
    assert stream is not None
    whole = b"".join([chunk async for chunk in stream])
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist()}


@pytest.mark.parametrize("record", PERSONAL, ids=lambda record: record.table.name)
async def test_chains_verify_after_the_text_in_them_was_erased(
    database: Database, record: type[Any]
) -> None:
    """L7: hashed rows keep a salted digest of text; without salt and text it says nothing."""
    about_me: dict[type[Any], dict[str, Any]] = {
        SafetyLog: {
            "user_id": ME, "notes": "was shouting", "notes_salt": bytes(16),
            "notes_digest": bytes(32),
        },
        AuditEntry: {
            "object_type": "user", "object_id": str(ME), "before": {"phone": "+81"},
            "after": {"phone": None}, "detail_salt": bytes(16), "detail_digest": bytes(32),
        },
    }  # fmt: skip
    other = {"user_id": SOMEBODY} if record is SafetyLog else {"object_id": str(SOMEBODY)}
    mine = about_me[record]
    rows = [a(record, venue_id=VENUE, **given) for given in (mine, mine | other, mine)]
    without = PERSONAL[record]
    await store(database, *chained(rows, without))
    await move_flush(database, 0)
    await tables_of(database).scrub(ME, NOBODY, Position(JOURNAL, 0))
    after = sorted(await stored(database, record), key=lambda row: row.seq)
    texts = [[getattr(row, name) for name in without] for row in after]
    assert [any(text) for text in texts] == [False, True, False]
    links = [
        (row.prev_hash, row.hash, canonical_json(row_fields(row, without=without))) for row in after
    ]
    assert first_broken(links) == -1


async def test_nothing_personal_is_left_and_money_stays(database: Database) -> None:
    """Visits go to the pseudonym, traces and proofs go, money rows keep their id."""
    others = a(SessionHistory, user_id=SOMEBODY, status="closed")
    await store(
        database,
        a(SessionHistory, user_id=ME, status="closed"),
        others,
        a(AgeVerification, user_id=ME),
        a(LocationReport, user_id=ME),
        a(UserPreferences, user_id=ME),
        a(AuthSession, user_id=ME, ip="192.0.2.7", user_agent="app/1", device_id="phone"),
        a(Transaction, user_id=ME, note="for Ann", **POSTED),
    )
    await move_flush(database, 0)
    tables = tables_of(database)
    for _ in range(2):
        await tables.scrub(ME, NOBODY, Position(JOURNAL, 0))
    assert {row.user_id for row in await stored(database, SessionHistory)} == {NOBODY, SOMEBODY}
    for record in (AgeVerification, LocationReport, UserPreferences):
        assert await stored(database, record) == []
    (family,) = await stored(database, AuthSession)
    assert (family.ip, family.user_agent, family.device_id) == (None, None, None)
    (money,) = await stored(database, Transaction)
    assert (money.user_id, money.note) == (ME, None)


async def test_a_copy_holds_everything_about_one_person_and_no_secret(
    database: Database, tmp_path: Path
) -> None:
    """A zip of JSON, page by page; what proves who somebody is stays where it is."""
    many = [a(Transaction, user_id=ME, **POSTED) for _ in range(EXPORT_ROWS_PAGE + 1)]
    me = a(User, id=ME, email="ann@lastlight.example", password_hash="secret-hash", pin_hash="pin")
    await store(
        database,
        me,
        a(User, email="x@lastlight.example"),
        *many,
        a(Transaction, user_id=SOMEBODY, **POSTED),
    )
    await move_flush(database, 0)
    data = personal_data(database, tmp_path / "exports")
    job = an_id()
    (told,) = await data.make_export(a_message(MakeExport(job_id=job, user_id=ME)))
    assert told.target == Address(ActorKind.ACCOUNT, ME)
    assert told.command == ExportMade(job_id=job, file_ref=f"{job}.zip")
    files = await read_zip(data, f"{job}.zip")
    assert set(files) == {"users.json", "transactions.json", "transactions-2.json"}
    (user,) = files["users.json"]
    assert user["email"] == "ann@lastlight.example"
    assert not {"password_hash", "pin_hash", "duress_pin_hash"} & set(user)
    assert len(files["transactions.json"]) == EXPORT_ROWS_PAGE
    assert len(files["transactions-2.json"]) == 1
    path = tmp_path / "exports" / f"{job}.zip"
    assert path.stat().st_mode & 0o077 == 0
    await data.drop_export(a_message(DropExport(file_ref=f"{job}.zip")))
    assert await data.read(f"{job}.zip") is None
    assert list((tmp_path / "exports").iterdir()) == []


async def test_what_can_not_be_done_now_is_told_as_such(database: Database, tmp_path: Path) -> None:
    """Nobody waits for a database that is behind: the account asks again."""
    data = PersonalData(
        tables=tables_of(database), durable=lambda: Position(JOURNAL, 99), folder=tmp_path
    )
    await move_flush(database, 0)
    (made,) = await data.make_export(a_message(MakeExport(job_id=NOBODY, user_id=ME)))
    assert made.command == ExportMade(job_id=NOBODY, file_ref=None)
    scrub = ScrubTables(job_id=NOBODY, user_id=ME, pseudonym=NOBODY)
    (scrubbed,) = await data.scrub_tables(a_message(scrub))
    assert scrubbed.command == TablesScrubbed(job_id=NOBODY, done=False)
    assert await trio.to_thread.run_sync(os.listdir, tmp_path) == []


async def test_a_name_of_a_file_leads_nowhere_else(database: Database, tmp_path: Path) -> None:
    """What is not in the folder is not there."""
    (tmp_path / "secret").write_text("x")
    data = personal_data(database, tmp_path / "exports")
    assert await data.read("../secret") is None


def test_no_block_of_the_copy_shows_what_proves_secrets() -> None:
    """A hash is a secret as long as it can be guessed at."""
    for name, block in EXPORT.items():
        for secret in ("password_hash", "token_hash", "pin_hash"):
            shown = f"- '{secret}'" in block.sql
            assert shown or name not in {"users", "sessions_auth"} or secret not in block.sql
    assert "- 'password_hash'" in EXPORT["users"].sql
    assert "- 'token_hash'" in EXPORT["sessions_auth"].sql
