"""Canonical JSON, and the hash chains over what was stored (Rules 9 and 12).

A chain's hash covers stored fields only, so whoever reads the rows can check it. Personal text
never enters a hash as such: its salted digest does, which is worth nothing to anyone once salt
and text are erased, and keeps the chain whole.
"""

from __future__ import annotations

import enum
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

import attrs

GENESIS: Final = bytes(32)
"""What the first row of a chain follows."""
UNHASHED: Final = frozenset({"prev_hash", "hash"})
"""Columns of a row that a hash of the row cannot cover."""


def canonical_json(value: object) -> bytes:
    """One spelling per value: keys sorted, no spaces, UTF-8, whole floats as integers.

    Takes what JSON has, besides UUIDs, dates, aware datetimes (UTC, milliseconds), bytes (hex),
    enumerations and attrs values (as their fields). What jsonb stores and gives back spells the
    same.

    Raises:
        TypeError: a value has no canonical form.
        ValueError: a number is not finite, or a datetime has no zone.
    """
    return _spell(_plain(value)).encode()


def row_fields(row: object, *, without: Iterable[str] = ()) -> dict[str, object]:
    """The fields of a record that its hash covers: all but the hashes and `without`.

    `without` names the columns of personal text and its salts; their digests stay in.
    """
    kind: Any = type(row)
    names = _covered(kind, tuple(without))
    return {name: getattr(row, name) for name in names}


@cache
def _covered(kind: Any, without: tuple[str, ...]) -> tuple[str, ...]:
    """Which fields of a class are covered."""
    left_out = UNHASHED | frozenset(without)
    return tuple(field.name for field in attrs.fields(kind) if field.name not in left_out)


def canonical_journal(
    journal: object, postings: Iterable[object], *, without: Iterable[str] = ("memo", "memo_salt")
) -> bytes:
    """The canonical form of a ledger journal with its postings in order of their lines (L7)."""
    lines = [row_fields(posting) for posting in postings]
    lines.sort(key=lambda line: str(line["line"]).zfill(12))
    return canonical_json({"journal": row_fields(journal, without=without), "postings": lines})


def chained_hash(previous: bytes, canonical: bytes) -> bytes:
    """`SHA-256(prev ‖ canonical)`: 32 bytes. `previous` is the hash before, or GENESIS."""
    assert len(previous) == len(GENESIS)
    return hashlib.sha256(previous + canonical).digest()


def text_digest(salt: bytes, text: str) -> bytes:
    """`SHA-256(salt ‖ text)`: how personal text enters a hash. `salt` is 16 random bytes or more.

    Raises:
        ValueError: the salt is too short to keep the text from being guessed.
    """
    if len(salt) < 16:
        raise ValueError(f"a salt of {len(salt)} bytes hides nothing; at least 16 are needed")
    return hashlib.sha256(salt + text.encode()).digest()


def first_broken(links: Iterable[tuple[bytes, bytes, bytes]], *, start: bytes = GENESIS) -> int:
    """The index of the first (previous, hash, canonical) that does not follow, or -1."""
    previous = start
    for n, (claimed_previous, claimed, canonical) in enumerate(links):
        if claimed_previous != previous or chained_hash(previous, canonical) != claimed:
            return n
        previous = claimed
    return -1


def rfc3339(t: datetime) -> str:
    """A moment as all texts here spell it: UTC with three decimals.

    Raises:
        ValueError: it has no zone.
    """
    if t.tzinfo is None:
        raise ValueError(f"{t!r} has no time zone")
    if t.tzinfo is not UTC:
        t = t.astimezone(UTC)
    return t.isoformat(timespec="milliseconds")[:-6] + "Z"


def _plain(value: object) -> object:
    # Nearly every value is of one of these very classes; the rest pays for being asked about.
    spell = _SPELLINGS.get(type(value))
    return _plain_of_kin(value) if spell is None else spell(value)


def _same(value: object) -> object:
    return value


def _mapping(value: Any) -> object:
    return {key if type(key) is str else _key(key): _plain(part) for key, part in value.items()}


def _list(value: Any) -> object:
    return [_plain(part) for part in value]


_SPELLINGS: Final[Mapping[type, Callable[[Any], object]]] = {
    type(None): _same,
    bool: _same,
    int: _same,
    str: _same,
    UUID: str,
    datetime: rfc3339,
    bytes: bytes.hex,
    dict: _mapping,
    list: _list,
    tuple: _list,
}
_spell: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def _plain_of_kin(value: object) -> object:
    match value:
        case None | bool():
            return value
        case enum.Enum():
            return _plain(value.value)
        case int() | str():
            return value
        case float():
            if not math.isfinite(value):
                raise ValueError(f"{value} has no canonical form")
            return int(value) if value.is_integer() else value
        case UUID():
            return str(value)
        case datetime():
            return rfc3339(value)
        case date():
            return value.isoformat()
        case bytes():
            return value.hex()
        case Mapping():
            return _mapping(value)
        case list() | tuple():
            return _list(value)
    if attrs.has(kind := type(value)):
        return {field.name: _plain(getattr(value, field.name)) for field in attrs.fields(kind)}
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _key(key: object) -> str:
    plain = _plain(key)
    if not isinstance(plain, str):
        raise TypeError(f"{key!r} is no key of a JSON object")
    return plain
