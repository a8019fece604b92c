"""What the people of the night share: the house, its door code, its tills, and the pace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

import attrs
import httpx
import trio

from lastlight.demo.ids import DEMO_VENUE
from lastlight.demo.night_client import Person
from lastlight.demo.night_figures import Figures
from lastlight.demo.night_plan import Offer

VENUE_ID: Final = str(DEMO_VENUE)
REST_MIN_S: Final = 1.6
"""So that nobody meets the limit of 600 requests in 15 minutes (Rule 16)."""
SIGN_IN_PAUSE_S: Final = 0.2
"""A password costs a quarter of a second of a core to check; the night needs the rest."""
TILL_QUEUE_MAX: Final = 8


@attrs.frozen(kw_only=True)
class WantsCredit:
    """A patron at the till: who, and how much is put on the counter."""

    user_id: str
    amount_minor: int
    paid: trio.Event = attrs.field(factory=trio.Event)


@attrs.define(eq=False, kw_only=True)
class Floor:
    """One night in the demo venue."""

    http: httpx.AsyncClient
    url: str
    figures: Figures
    speed: float
    dice: Random
    offer: Offer = attrs.field(factory=Offer)
    till: trio.MemorySendChannel[WantsCredit] = attrs.field(init=False)
    till_queue: trio.MemoryReceiveChannel[WantsCredit] = attrs.field(init=False)
    _codes: list[Mapping[str, Any]] = attrs.field(factory=list)
    _keeper: Person | None = None
    _at_the_door: trio.Lock = attrs.field(factory=trio.Lock)
    _signing_in: trio.Lock = attrs.field(factory=trio.Lock)

    def __attrs_post_init__(self) -> None:
        self.till, self.till_queue = trio.open_memory_channel(TILL_QUEUE_MAX)

    def person(self, name: str) -> Person:
        """Somebody of the demo's accounts."""
        return Person(self.http, self.figures, f"{name}@lastlight.example")

    async def rest(self, seconds: float) -> None:
        """Wait about so long, at the night's speed."""
        await trio.sleep(max(REST_MIN_S, seconds / self.speed * self.dice.uniform(0.6, 1.5)))

    async def sign_in(self, person: Person) -> None:
        """Sign in, one after another, and again after a while if that was refused."""
        while True:
            async with self._signing_in:
                done = await person.sign_in()
                await trio.sleep(SIGN_IN_PAUSE_S)
            if done:
                return
            await self.rest(20)

    def keep_door(self, keeper: Person) -> None:
        """From now on `keeper` reads the code that is shown at the door."""
        self._keeper = keeper

    async def door_code(self) -> str | None:
        """The code of this moment, or None if nobody shows one."""
        async with self._at_the_door:
            if (code := code_at(self._codes, datetime.now(UTC))) is not None:
                return code
            if self._keeper is None:
                return None
            reply = await self._keeper.get(f"/api/venues/{VENUE_ID}/checkin-code")
            self._codes = list(reply.body.get("tokens", ()))
            return code_at(self._codes, datetime.now(UTC))

    async def meet_guests(self, person: Person) -> None:
        """Learn who is in already, such as from an earlier night."""
        reply = await person.get("/api/sessions/active", venue_id=VENUE_ID)
        for session in reply.body.get("items", ()):
            self.figures.names.learn(session["session_id"], session["display_name"])

    async def read_offer(self, person: Person) -> None:
        """Learn what there is to eat, drink and play."""
        found = {}
        for name, path in (("menu", "items"), ("games", "games"), ("rooms", "rooms")):
            reply = await person.get(f"/api/inventory/{path}", venue_id=VENUE_ID, limit="100")
            found[name] = tuple(reply.body.get("items", ()))
        self.offer = Offer(**found)


def code_at(codes: Sequence[Mapping[str, Any]], now: datetime) -> str | None:
    """The code that the door shows at `now`."""
    for code in codes:
        begins, ends = (datetime.fromisoformat(code[name]) for name in ("valid_from", "valid_to"))
        if begins <= now < ends:
            return str(code["qr_token"])
    return None


def now_text() -> str:
    """This moment as the wire has it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
