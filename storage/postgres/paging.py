"""Pages of lists: the rows after an id, and a cursor for the next.

Ids are given in order of time, so a list in their order is stable: what is added meanwhile comes
last, and nothing is shown twice or skipped.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol, TypeVar
from uuid import UUID

import attrs

from protocol.errors import Code, LastLightError

__all__ = ["CursorInvalid", "Paged", "after_of", "cursor_of", "number_after", "page_of"]

T = TypeVar("T")


class Paged(Protocol):
    """A command that asks for a page."""

    @property
    def cursor(self) -> str | None: ...
    @property
    def limit(self) -> int: ...


@attrs.frozen
class CursorInvalid(LastLightError):
    """The cursor of a request was not made here. Nothing was read."""

    code: ClassVar[Code] = Code.MALFORMED_REQUEST
    cursor: str

    def __str__(self) -> str:
        return f"the cursor {self.cursor[:40]!r} is none of ours; start without one"


def cursor_of(last: UUID) -> str:
    """The cursor of whatever comes after `last`."""
    return base64.urlsafe_b64encode(last.bytes).rstrip(b"=").decode()


def after_of(command: Paged) -> UUID | None:
    """The id after which the page begins; None at the beginning.

    Raises:
        CursorInvalid: 400.
    """
    if command.cursor is None:
        return None
    try:
        padded = command.cursor + "=" * (-len(command.cursor) % 4)
        return UUID(bytes=base64.b64decode(padded, altchars=b"-_", validate=True))
    except ValueError:
        raise CursorInvalid(command.cursor) from None


def number_after(command: Paged) -> int | None:
    """As `after_of`, where what is paged has numbers: they travel in cursors as ids do.

    Raises:
        CursorInvalid: 400, also for a cursor of another list, which holds an id.
    """
    after = after_of(command)
    if after is None:
        return None
    if after.int >= 2**63:
        raise CursorInvalid(cursor_of(after))
    return after.int


def page_of(
    rows: Sequence[T], command: Paged, id_of: Callable[[T], UUID]
) -> tuple[Sequence[T], str | None]:
    """The page out of rows of which one more was read than fits, and the next one's cursor."""
    page = rows[: command.limit]
    more = len(rows) > command.limit
    return page, cursor_of(id_of(page[-1])) if more else None
