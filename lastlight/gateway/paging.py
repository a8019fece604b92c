"""Pages of what is in memory: ordered by name, with an opaque cursor (Rule 16)."""

from __future__ import annotations

import base64
import heapq
from collections.abc import Iterable
from typing import Protocol

from lastlight.gateway.calls import Refused
from protocol.errors import Code, Refusal


class Paged(Protocol):
    """A command that asks for a page."""

    @property
    def cursor(self) -> str | None: ...
    @property
    def limit(self) -> int: ...


def cursor_of(name: str) -> str:
    """The cursor of whatever comes after `name`."""
    return base64.urlsafe_b64encode(name.encode()).rstrip(b"=").decode()


def name_in(cursor: str) -> str:
    """Read back what `cursor_of` made.

    Raises:
        Refused: 400; it is none of ours.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except ValueError:
        refusal = Refusal(Code.MALFORMED_REQUEST, "this cursor is none of ours; start without one")
        raise Refused(refusal) from None


def page_of_names(names: Iterable[str], command: Paged) -> tuple[list[str], str | None]:
    """One page, and the cursor of the next if there is one."""
    after = "" if command.cursor is None else name_in(command.cursor)
    left = heapq.nsmallest(command.limit + 1, (name for name in names if name > after))
    page = left[: command.limit]
    return page, cursor_of(page[-1]) if len(left) > len(page) else None
