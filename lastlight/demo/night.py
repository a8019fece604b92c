"""A busy night in the demo venue, played by clients over HTTP and WebSocket.

The players know nothing of the node but its address: what works here works for any app. They share
its process and event loop, so the latencies shown include their own work.
"""

from __future__ import annotations

import secrets
from random import Random
from typing import Final

import attrs
import httpx
import trio
from rich.console import Console
from rich.live import Live

from lastlight.demo.night_client import Person
from lastlight.demo.night_figures import Figures
from lastlight.demo.night_floor import VENUE_ID, Floor
from lastlight.demo.night_patron import Patron
from lastlight.demo.night_screen import Screen, summary
from lastlight.demo.night_socket import Watcher
from lastlight.demo.night_staff import Duty, StaffMember

GUESTS: Final = range(1, 401)
"""Patrons who may come by themselves; the last hundred are for whoever tries things by hand."""
CONNECTIONS_MAX: Final = 48
REQUEST_WAIT_S: Final = 20.0
DRAW_EVERY_S: Final = 0.5
LINE_EVERY_S: Final = 5.0
LOOK_AT_ACTORS_S: Final = 4.0
CALL_EVERY_S: Final = 60.0
DUTIES: Final = (Duty.DOOR, Duty.TILL, Duty.TILL, Duty.FLOOR, Duty.FLOOR)


@attrs.frozen(kw_only=True)
class Night:
    """How busy, how fast, for how long; `minutes` None is until somebody ends it."""

    url: str
    program: str
    console: Console
    speed: float
    patron_count: int
    minutes: float | None

    async def play(self, told: trio.Event) -> None:
        """Play until `told` is set or the minutes are over; leaves everybody where they are."""
        figures = Figures(trio.current_time)
        limits = httpx.Limits(
            max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX
        )
        async with (
            httpx.AsyncClient(
                base_url=self.url, limits=limits, timeout=REQUEST_WAIT_S, trust_env=False
            ) as http,
            trio.open_nursery() as nursery,
        ):
            # For variety, not for secrecy.
            dice = Random(secrets.randbits(32))  # noqa: S311
            floor = Floor(http=http, url=self.url, figures=figures, speed=self.speed, dice=dice)
            nursery.start_soon(self._show, figures)
            nursery.start_soon(self._people, floor)
            with trio.move_on_after(float("inf") if self.minutes is None else self.minutes * 60):
                await told.wait()
            nursery.cancel_scope.cancel()
        self.console.print(summary(figures), highlight=False, soft_wrap=True)

    async def _people(self, floor: Floor) -> None:
        """The house first, then its guests, one after another."""
        async with trio.open_nursery() as nursery:
            owner, manager = floor.person("owner"), floor.person("manager")
            for person, room in ((owner, "owner"), (manager, "management")):
                await floor.sign_in(person)
                watcher = Watcher(
                    person=person,
                    url=self.url,
                    room=f"venue:{VENUE_ID}:{room}",
                    hear=floor.figures.hear,
                )
                nursery.start_soon(watcher.watch)
            nursery.start_soon(_count_actors, owner, floor)
            staff = [
                StaffMember(floor.person(f"staff{n}"), floor, f"staff{n}", duty)
                for n, duty in enumerate(DUTIES, 1)
            ]
            for member in staff:
                await floor.sign_in(member.person)
                nursery.start_soon(member.live)
            nursery.start_soon(_call_for_help, staff, floor)
            guests = floor.dice.sample(GUESTS, self.patron_count)
            for number in guests:
                nursery.start_soon(Patron(floor.person(f"patron{number}"), floor).live)

    async def _show(self, figures: Figures) -> None:
        """On a terminal the screen; elsewhere a line now and then."""
        if not self.console.is_terminal:
            while True:
                await trio.sleep(LINE_EVERY_S)
                self.console.print(summary(figures), highlight=False, soft_wrap=True)
        screen = Screen(figures=figures, url=self.url, program=self.program)
        with Live(screen, console=self.console, screen=True, auto_refresh=False) as live:
            while True:
                live.update(screen, refresh=True)
                await trio.sleep(DRAW_EVERY_S)


async def _count_actors(owner: Person, floor: Floor) -> None:
    """An owner looks at the node now and then."""
    while True:
        reply = await owner.get("/api/admin/actors", limit="1")
        if reply.ok:
            floor.figures.actors = reply.body["totals"]
        await trio.sleep(LOOK_AT_ACTORS_S)


async def _call_for_help(staff: list[StaffMember], floor: Floor) -> None:
    """Every minute or so one of the staff is in trouble."""
    while True:
        await floor.rest(CALL_EVERY_S)
        await floor.dice.choice(staff).call_for_help()
