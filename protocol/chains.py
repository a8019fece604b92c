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
from operator import attrgetter
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
    return _spell(value).encode()


def row_fields(row: object, *, without: Iterable[str] = ()) -> dict[str, object]:
    """The fields of a record that its hash covers: all but the hashes and `without`.

    `without` names the columns of personal text and its salts; their digests stay in.
    """
    kind: Any = type(row)
    return {name: getattr(row, name) for name, _ in _covered(kind, tuple(without))}


def canonical_row(row: object, *, without: Iterable[str] = (), seq: int | None = None) -> bytes:
    """The canonical form of `row_fields`, with `seq` if it is given: what a chain's hash covers."""
    return _spelled_row(row, tuple(without), seq).encode()


def canonical_journal(
    journal: object, postings: Iterable[object], *, without: Iterable[str] = ("memo", "memo_salt")
) -> bytes:
    """The canonical form of a ledger journal with its postings in order of their lines (L7)."""
    ordered = sorted(postings, key=attrgetter("line"))
    lines = ",".join([_spelled_row(posting, (), None) for posting in ordered])
    head = _spelled_row(journal, tuple(without), None)
    return f'{{"journal":{head},"postings":[{lines}]}}'.encode()


def _spelled_row(row: object, without: tuple[str, ...], seq: int | None) -> str:
    kind: Any = type(row)
    parts = [
        begins + _spell(seq if seq is not None and name == "seq" else getattr(row, name))
        for name, begins in _covered(kind, without)
    ]
    return "{" + ",".join(parts) + "}"


@cache
def _covered(kind: Any, without: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The fields of a class that are covered, sorted, and how each is begun."""
    left_out = UNHASHED | frozenset(without)
    names = sorted(field.name for field in attrs.fields(kind) if field.name not in left_out)
    return tuple((name, f"{_quoted(name)}:") for name in names)


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


def _spell(value: object) -> str:
    # Nearly every value is of one of these very classes; the rest pays for being asked about.
    spell = _SPELLINGS.get(type(value))
    return _spell_of_kin(value) if spell is None else spell(value)


def _mapping(value: Mapping[Any, object]) -> str:
    parts = {key if type(key) is str else _key(key): part for key, part in value.items()}
    return "{" + ",".join([f"{_quoted(key)}:{_spell(parts[key])}" for key in sorted(parts)]) + "}"


def _list(value: Iterable[object]) -> str:
    return "[" + ",".join([_spell(part) for part in value]) + "]"


_quoted: Final = json.encoder.encode_basestring
_SPELLINGS: Final[Mapping[type, Callable[[Any], str]]] = {
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    int: repr,
    str: _quoted,
    UUID: lambda value: f'"{value}"',
    datetime: lambda value: f'"{rfc3339(value)}"',
    bytes: lambda value: f'"{value.hex()}"',
    dict: _mapping,
    list: _list,
    tuple: _list,
}


def _spell_of_kin(value: object) -> str:
    match value:
        case enum.Enum():
            return _spell(value.value)
        case int():
            return int.__repr__(value)
        case str():
            return _quoted(value)
        case float():
            if not math.isfinite(value):
                raise ValueError(f"{value} has no canonical form")
            return repr(int(value) if value.is_integer() else float(value))
        case UUID():
            return f'"{value}"'
        case datetime():
            return f'"{rfc3339(value)}"'
        case date():
            return f'"{value.isoformat()}"'
        case bytes():
            return f'"{value.hex()}"'
        case Mapping():
            return _mapping(value)
        case list() | tuple():
            return _list(value)
    if attrs.has(kind := type(value)):
        return _mapping({field.name: getattr(value, field.name) for field in attrs.fields(kind)})
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _key(key: object) -> str:
    spelled = _spell(key)
    if not spelled.startswith('"'):
        raise TypeError(f"{key!r} is no key of a JSON object")
    text: str = json.loads(spelled)
    return text
