"""By what people can be reached, also while the database is away.

What was read last is remembered, and everybody who works here is read every few minutes: an alarm
must not wait for a database. While it answers, it is asked each time, as somebody may have got
another telephone a minute ago.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

import attrs
import structlog
import trio

from protocol.errors import LastLightError
from protocol.notify_limits import CONTACTS_KEPT_MAX, CONTACTS_WARM_S
from protocol.reaching import Reach, VenueSign

T = TypeVar("T")
log = structlog.get_logger(__name__)
_AGAIN_S = 5.0
_SLOW_S = 5.0
_READ_S = 1.0
"""How long an alert waits for the database before what is remembered has to do."""


class ReachBook(Protocol):
    """Where the ways to people are kept. All methods raise LastLightError while it is away."""

    async def reach(self, user_ids: Sequence[UUID]) -> Mapping[UUID, Reach]:
        """The ways to some people; who is not there, or erased, is left out."""
        ...

    async def owners_of_all(self) -> Sequence[UUID]:
        """Who owns every venue."""
        ...

    async def workers(self, most: int) -> Sequence[UUID]:
        """Who works anywhere, or owns."""
        ...

    async def venue_signs(self) -> Sequence[VenueSign]:
        """All venues, the oldest first."""
        ...


@attrs.define(eq=False, kw_only=True)
class Contacts:
    """Reads from `book`, and remembers."""

    book: ReachBook
    kept_max: int = CONTACTS_KEPT_MAX
    _known: OrderedDict[UUID, Reach] = attrs.field(factory=OrderedDict)
    _owners: tuple[UUID, ...] = ()
    _signs: Mapping[UUID, VenueSign] = attrs.field(factory=dict)
    _slow_until: float = 0.0

    async def of(self, user_ids: Iterable[UUID]) -> tuple[Mapping[UUID, Reach], tuple[UUID, ...]]:
        """The ways to some people, as they are, or as they were when the database was there.

        Returns:
            Those that are known, and the ids of those of whom nothing is known while it is away.
        """
        wanted = tuple(dict.fromkeys(user_ids))
        found = None if not wanted else await self._ask(lambda: self.book.reach(wanted))
        if found is None:
            known = {one: self._known[one] for one in wanted if one in self._known}
            return known, tuple(one for one in wanted if one not in known)
        self._remember(wanted, found)
        return found, ()

    async def owners_of_all(self) -> Sequence[UUID]:
        """Who owns every venue, likewise; nobody, if that was never to be had."""
        found = await self._ask(self.book.owners_of_all)
        if found is not None:
            self._owners = tuple(found)
        return self._owners

    async def sign_of(self, venue_id: UUID | None) -> VenueSign:
        """What a venue is called and its clock, without one those of the oldest; likewise."""
        if not self._signs or venue_id not in {None, *self._signs}:
            found = await self._ask(self.book.venue_signs)
            if found is not None:
                self._signs = {sign.venue_id: sign for sign in found}
        if venue_id is None and self._signs:
            return next(iter(self._signs.values()))
        nameless = VenueSign(venue_id=venue_id or UUID(int=0), name="the venue", tz="UTC")
        return nameless if venue_id is None else self._signs.get(venue_id, nameless)

    async def keep_warm(self) -> None:
        """Read everybody who works here, again and again."""
        while True:
            wait_s = CONTACTS_WARM_S
            try:
                self._owners = tuple(await self.book.owners_of_all())
                self._signs = {one.venue_id: one for one in await self.book.venue_signs()}
                workers = await self.book.workers(self.kept_max // 2)
                self._remember(workers, await self.book.reach(workers))
            except LastLightError as error:
                log.debug("contacts_not_read", reason=str(error))
                wait_s = _AGAIN_S
            await trio.sleep(wait_s)

    async def _ask(self, read: Callable[[], Awaitable[T]]) -> T | None:
        """What the book says, or None if it is away or slow.

        Who was slow is not waited for again for a while: an alarm asks several things.
        """
        if trio.current_time() < self._slow_until:
            return None
        try:
            with trio.move_on_after(_READ_S):
                return await read()
        except LastLightError as error:
            log.warning("contacts_from_memory", reason=str(error))
            return None
        self._slow_until = trio.current_time() + _SLOW_S
        log.warning("contacts_from_memory", reason=f"no answer in {_READ_S:g} s")
        return None

    def _remember(self, asked: Iterable[UUID], found: Mapping[UUID, Reach]) -> None:
        for user_id in asked:
            # Whoever is not there any more must not be remembered as they were.
            self._known.pop(user_id, None)
            self._known[user_id] = found.get(user_id, Reach(user_id=user_id))
        while len(self._known) > self.kept_max:
            self._known.popitem(last=False)
