"""SQL stands in files, named and described, and PostgreSQL has seen all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

import storage
from storage.postgres.database import Database, DatabaseRole
from storage.postgres.sqlblocks import load_blocks, parse_blocks

STORAGE = Path(storage.__file__).parent
GOOD = """-- What this file is about.

-- name: first_one
-- Says what it is for,
-- in two lines.
select 1
 where true;

-- name: second
-- Another.
select ';'
"""


NOT_BLOCKS = {"schema.sql", "describe.sql"}
"""The sum of all migrations, and the one query that writes it down, which its own test runs."""


def block_files() -> list[Path]:
    """The files of named blocks."""
    return [
        path
        for path in sorted(STORAGE.rglob("*.sql"))
        if path.parent.name != "migrations" and path.name not in NOT_BLOCKS
    ]


def test_a_block_has_its_name_description_and_statement() -> None:
    """What a query is for must reach whoever looks at a slow one."""
    blocks = parse_blocks(GOOD, source="good.sql")
    assert list(blocks) == ["first_one", "second"]
    assert blocks["first_one"].description == "Says what it is for, in two lines."
    assert blocks["first_one"].sql == "select 1\n where true"
    assert str(blocks["second"]) == "select ';'"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("select 1;\n-- name: a\n-- x\nselect 1", "before the first"),
        ("-- name: a\nselect 1", "does not say what it is for"),
        ("-- name: a\n-- x\n", "has no statement"),
        ("-- name: A b\n-- x\nselect 1", "is no block name"),
        ("-- name: a\n-- x\nselect 1\n-- name: a\n-- y\nselect 2", "two blocks are named a"),
    ],
)
def test_a_malformed_file_is_refused_by_name(text: str, complaint: str) -> None:
    """Silently dropped SQL would be missed only when it is needed."""
    with pytest.raises(ValueError, match=f"bad.sql.*{complaint}"):
        parse_blocks(text, source="bad.sql")


def test_a_file_is_read_as_its_text_is(tmp_path: Path) -> None:
    """Loading adds nothing to parsing but the file's name in errors."""
    path = tmp_path / "good.sql"
    path.write_text(GOOD)
    assert load_blocks(path) == parse_blocks(GOOD, source="good.sql")


async def test_postgresql_accepts_every_block(database: Database) -> None:
    """A migration that renames a column must fail here, not at night."""
    async with database.connect(DatabaseRole.OWNER) as connection:
        for path in block_files():
            for block in load_blocks(path).values():
                await connection.prepare(block.sql)
