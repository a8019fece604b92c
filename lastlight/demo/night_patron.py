"""A patron of the demo's night: comes in, enjoys it, goes home, and comes again."""

from __future__ import annotations

from typing import Any

import attrs
import trio

from lastlight.demo import night_plan as plan
from lastlight.demo.night_client import Person, Reply
from lastlight.demo.night_floor import VENUE_ID, Floor, WantsCredit, now_text
from lastlight.demo.night_plan import Step, Visit

GONE = frozenset({"not_found", "session_closed", "session_voided"})
TILL_WAIT_S = 30.0


@attrs.define(eq=False)
class Patron:
    """What one patron does; every step is a request, and its answer may be no."""

    person: Person
    floor: Floor

    async def live(self) -> None:
        """Come and go until the night ends."""
        await self.floor.sign_in(self.person)
        while True:
            visit = await self.come_in()
            if visit is not None:
                await self.enjoy(visit)
            await self.floor.rest(15)

    async def come_in(self) -> Visit | None:
        """Show the code at the door; who is still in from an earlier night goes on."""
        code = await self.floor.door_code()
        if code is None:
            return None
        dice = self.floor.dice
        party_size = plan.party_of(dice)
        reply = await self.person.post(
            "/api/sessions/checkin",
            {
                "venue_id": VENUE_ID,
                "qr_token": code,
                "location": plan.place_of(dice, now=now_text()),
                "party_size": party_size,
                "activity": dice.choice(("lounge", "arcade_time")),
            },
        )
        if reply.ok:
            session_id = str(reply.body["session_id"])
        elif reply.code == "session_active":
            mine = (await self.person.get("/api/sessions/active")).body.get("items")
            if not mine:
                return None
            session_id, party_size = str(mine[0]["session_id"]), int(mine[0]["party_size"])
        else:
            if reply.code == "insufficient_credits":
                await self.pay_in()
            return None
        steps = plan.steps_of(dice)
        return Visit(session_id=session_id, party_size=party_size, steps_left=steps)

    async def enjoy(self, visit: Visit) -> None:
        """One step after the other until this visit is over."""
        while True:
            await self.floor.rest(3.5)
            step = plan.next_step(self.floor.dice, visit)
            visit.steps_left -= 1
            reply = await self.take(step, visit)
            if step is Step.LEAVE or (reply is not None and reply.code in GONE):
                return
            visit.broke = reply is not None and reply.code == "insufficient_credits"

    async def take(self, step: Step, visit: Visit) -> Reply | None:
        """Do one thing; None if there was nothing to ask."""
        match step:
            case Step.DRINK | Step.SOFT:
                return await self.buy(step)
            case Step.PLAY:
                return await self.order(plan.play_of(self.floor.dice, self.floor.offer))
            case Step.SWITCH:
                wish = plan.activity_of(self.floor.dice, self.floor.offer)
                return await self.do(visit, "activity", wish)
            case Step.PAUSE:
                reply = await self.do(visit, "pause", {})
                visit.paused = reply.ok
                return reply
            case Step.RESUME:
                here = {"location": plan.place_of(self.floor.dice, now=now_text())}
                reply = await self.do(visit, "resume", here)
                visit.paused = reply.status == 0 or reply.code == "insufficient_credits"
                return reply
            case Step.FIX:
                outside = self.floor.dice.random() < 0.04
                fix = plan.place_of(self.floor.dice, now=now_text(), outside=outside)
                return await self.do(visit, "location", {"fixes": [fix]})
            case Step.LOOK:
                return await self.look(visit)
            case Step.TOP_UP:
                await self.pay_in()
                return None
            case Step.LEAVE:
                return await self.do(visit, "checkout", {})

    async def do(self, visit: Visit, what: str, body: dict[str, Any]) -> Reply:
        """Something with the own session."""
        return await self.person.post(f"/api/sessions/{visit.session_id}/{what}", body)

    async def buy(self, step: Step) -> Reply | None:
        """Something from the menu; whoever gets no alcohol takes something else."""
        dice, offer = self.floor.dice, self.floor.offer
        order = plan.order_of(dice, offer, alcohol=step is Step.DRINK)
        reply = await self.order(order)
        if reply is not None and reply.code == "alcohol_refused":
            await self.floor.rest(2)
            return await self.order(plan.order_of(dice, offer, alcohol=False))
        return reply

    async def order(self, order: dict[str, Any] | None) -> Reply | None:
        """Buy with credits."""
        if order is None:
            return None
        return await self.person.post("/api/transactions/purchase", {"venue_id": VENUE_ID, **order})

    async def look(self, visit: Visit) -> Reply:
        """At the meter or the wallet, as people do."""
        if self.floor.dice.random() < 0.6:
            return await self.person.get(f"/api/sessions/{visit.session_id}/meter")
        return await self.person.get("/api/transactions/credits")

    async def pay_in(self) -> None:
        """Stand at the till with cash, unless too many do."""
        if self.person.user_id is None:
            return
        amount_minor = self.floor.dice.choice(plan.TOP_UPS_MINOR)
        asked = WantsCredit(user_id=self.person.user_id, amount_minor=amount_minor)
        try:
            self.floor.till.send_nowait(asked)
        except trio.WouldBlock:
            return
        with trio.move_on_after(TILL_WAIT_S):
            await asked.paid.wait()
