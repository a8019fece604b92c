"""One file of the journal: an SQLite database to which rows are only ever added.

A row is one group commit. SQLite makes it all or nothing (a write-ahead log whose frames carry
chained checksums), so a torn tail is simply not there. What SQLite does not check, pages already
copied into the database file, is covered by a CRC-32 in each row. A spoilt frame in the middle of
the newest log looks like its end; a database flushed beyond that is then told so by `holds`.

The newest segment alone is written, with the exclusive lock: no shared memory file that could
fail to grow on a full disk. The others are sealed: log copied in, never written again. A segment
appears under its name only when complete and synced, so a file without its tables is damage.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

import attrs

from storage.journal.files import SUFFIX, UNFINISHED, disk_bytes, sync_directory, unlink
from storage.journal.frames import charge, pack, unpack

__all__ = [
    "Segment",
    "append",
    "create",
    "load",
    "open_writer",
    "read",
    "seal",
    "tail",
    "total_at",
]

_FORMAT: Final = 1
_SCHEMA: Final = f"""
pragma user_version = {_FORMAT};
create table segment (
    journal_id blob not null, first_n integer not null, previous_n integer not null,
    total integer not null, created_at_ms integer not null);
create table commits (
    n integer primary key, entries integer not null, total integer not null,
    crc integer not null, data blob not null);
"""


@attrs.define(kw_only=True)
class Segment:
    """What is known of a segment without reading its rows.

    Numbers run without gap from `first_n` to `last_n` (`first_n - 1` if empty). Those between
    `previous_n`, the last entry of the segment before, and `first_n` were given to entries that
    were lost. `total` counts what all entries up to `last_n` were charged since the journal began.
    """

    path: Path
    journal_id: UUID
    first_n: int
    previous_n: int
    first_total: int
    created_at_ms: int
    last_n: int
    total: int
    bytes: int


def create(
    directory: Path,
    *,
    journal_id: UUID,
    first_n: int,
    previous_n: int,
    total: int,
    created_at_ms: int,
) -> Segment:
    """Make an empty segment, complete and synced before it appears under its name."""
    path = directory / f"{first_n:019}{SUFFIX}"
    assert not path.exists(), f"{path} is there already"
    unfinished = directory / UNFINISHED
    unlink(unfinished)
    os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with contextlib.closing(_connect(str(unfinished))) as connection:
        connection.execute("pragma synchronous = full")
        connection.executescript(f"begin; {_SCHEMA}")
        connection.execute(
            "insert into segment values (?, ?, ?, ?, ?)",
            (journal_id.bytes, first_n, previous_n, total, created_at_ms),
        )
        connection.execute("commit")
    unfinished.rename(path)
    sync_directory(directory)
    return Segment(
        path=path,
        journal_id=journal_id,
        first_n=first_n,
        previous_n=previous_n,
        first_total=total,
        created_at_ms=created_at_ms,
        last_n=first_n - 1,
        total=total,
        bytes=disk_bytes(path),
    )


def load(path: Path, connection: sqlite3.Connection | None = None) -> Segment:
    """Read what a segment says of itself, and its last row.

    Raises:
        ValueError: it contradicts itself; sqlite3.Error: SQLite can't read it.
    """
    if connection is None:
        with _reading(path) as connection:
            return load(path, connection)
    (version,) = connection.execute("pragma user_version").fetchone()
    if version != _FORMAT:
        raise ValueError(f"{path.name} has format {version}, this release reads {_FORMAT}")
    rows = connection.execute("select * from segment").fetchall()
    if len(rows) != 1 or f"{rows[0][1]:019}" != path.stem:
        raise ValueError(f"{path.name} does not describe itself")
    journal_id, first_n, previous_n, total, created_at_ms = rows[0]
    segment = Segment(
        path=path,
        journal_id=UUID(bytes=journal_id),
        first_n=first_n,
        previous_n=previous_n,
        first_total=total,
        created_at_ms=created_at_ms,
        last_n=first_n - 1,
        total=total,
        bytes=disk_bytes(path),
    )
    last = tail(connection)
    if last is not None:
        segment.last_n, segment.total = last
    return segment


def open_writer(path: Path) -> sqlite3.Connection:
    """Open the newest segment for appending, its log first copied into the database file.

    The copy is what makes the tail durable beyond doubt: a log written by a process whose sync
    failed can be readable from the page cache and yet not be on the disk.
    """
    connection = _connect(str(path))
    try:
        connection.execute("pragma locking_mode = exclusive")
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute("pragma wal_autocheckpoint = 0")
        _settle(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def append(connection: sqlite3.Connection, *, n: int, total: int, entries: Sequence[bytes]) -> None:
    """Add one row and sync it; `n` is its first entry's number, `total` the charge after it."""
    blob = pack(entries)
    connection.execute(
        "insert into commits values (?, ?, ?, ?, ?)",
        (n, len(entries), total, zlib.crc32(blob), blob),
    )


def tail(connection: sqlite3.Connection) -> tuple[int, int] | None:
    """The number of the last entry and the charge up to it; None if there is no row."""
    row = connection.execute("select * from commits order by n desc limit 1").fetchone()
    if row is None:
        return None
    n, count, total, crc, blob = row
    _checked(n, count, crc, blob)
    return n + count - 1, total


def read(
    source: sqlite3.Connection | Path, *, after_n: int, entries_max: int, bytes_max: int
) -> list[tuple[int, bytes]]:
    """Entries after `after_n`: at most `entries_max`, `bytes_max` unless the first is bigger."""
    if isinstance(source, Path):
        with _reading(source) as connection:
            return read(connection, after_n=after_n, entries_max=entries_max, bytes_max=bytes_max)
    found: list[tuple[int, bytes]] = []
    found_bytes = 0
    for n, count, crc, blob in source.execute(
        "select n, entries, crc, data from commits where n >="
        " coalesce((select max(n) from commits where n <= ?), 0) order by n",
        (after_n + 1,),
    ):
        for place, data in enumerate(_checked(n, count, crc, blob), start=n):
            if place <= after_n:
                continue
            found_bytes += len(data)
            if found and (len(found) >= entries_max or found_bytes > bytes_max):
                return found
            found.append((place, data))
    return found


def total_at(source: sqlite3.Connection | Path, n: int) -> int:
    """The charge of all entries up to entry `n`, which the segment holds."""
    if isinstance(source, Path):
        with _reading(source) as connection:
            return total_at(connection, n)
    first_n, count, total, crc, blob = source.execute(
        "select * from commits where n <= ? order by n desc limit 1", (n,)
    ).fetchone()
    entries = _checked(first_n, count, crc, blob)
    later = entries[n - first_n + 1 :]
    return int(total) - sum(map(charge, later))


def seal(connection: sqlite3.Connection, path: Path) -> int:
    """Copy the log into the database file and close it for good; returns its bytes on disk."""
    try:
        _settle(connection, path)
    finally:
        connection.close()
    return disk_bytes(path)


def _connect(name: str, *, uri: bool = False) -> sqlite3.Connection:
    # The threads of trio's pool change; their use is serialised by the journal.
    return sqlite3.connect(name, uri=uri, timeout=0, isolation_level=None, check_same_thread=False)


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    # A log that could not be copied (a crash, a full disk) is copied by SQLite when this closes.
    unsealed = Path(f"{path}-wal").exists()
    name = str(path) if unsealed else f"{path.as_uri()}?immutable=1"
    with contextlib.closing(_connect(name, uri=not unsealed)) as connection:
        if unsealed:
            connection.execute("pragma locking_mode = exclusive")
        yield connection


def _settle(connection: sqlite3.Connection, path: Path) -> None:
    try:
        (busy, _, _) = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_FULL:
            raise
        # No room for the copy. The log itself is enough, once it is synced.
        with contextlib.suppress(FileNotFoundError), open(f"{path}-wal", "rb") as log:
            os.fsync(log.fileno())
        return
    if busy:
        raise sqlite3.OperationalError(f"{path.name} is in use by another process")


def _checked(n: int, count: int, crc: int, blob: bytes) -> list[bytes]:
    if zlib.crc32(blob) != crc:
        raise ValueError(f"the row of entry {n} does not match its checksum")
    entries = unpack(blob)
    if len(entries) != count:
        raise ValueError(f"the row of entry {n} holds {len(entries)} entries instead of {count}")
    return entries
