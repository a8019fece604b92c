"""Ids of the demo: fixed, so that clients and tests may rely on them, and of the form of a UUIDv7.

They read `00000000-0000-7000-8000-kkkknnnnnnnn`: the kind of thing, and its number.
"""

from __future__ import annotations

import enum
from typing import Final
from uuid import UUID

_BASE: Final = UUID("00000000-0000-7000-8000-000000000000").int


class Kind(enum.IntEnum):
    """What an id of the demo names."""

    VENUE = 0x0000
    USER = 0x0001
    PSEUDONYM = 0x0002
    ROLE = 0x0003
    AGE_VERIFICATION = 0x0004
    TRANSACTION = 0x0005
    GRANT = 0x0006
    JOURNAL = 0x0007
    POSTING = 0x0008
    GAME = 0x0009
    ROOM = 0x000A
    MENU_ITEM = 0x000B
    STOCK_MOVEMENT = 0x000C
    PACKAGE = 0x000D
    EVENT = 0x000E


def demo_id(kind: Kind, n: int) -> UUID:
    """The id of the n-th of a kind, from 1."""
    assert 0 < n < 2**32
    return UUID(int=_BASE | kind << 32 | n)


DEMO_VENUE: Final = demo_id(Kind.VENUE, 1)
