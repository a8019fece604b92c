"""The demo's night on a terminal, and as plain lines where there is none.

Drawn from the figures alone; drawing changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs
from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.layout import Layout
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from lastlight.demo.night_client import PASSWORD
from lastlight.demo.night_figures import Figures
from lastlight.demo.night_telling import doing, duration, money

STYLES: Final = {"calm": "", "good": "green", "odd": "yellow", "alarm": "bold red"}
DEFAULT_URL: Final = "http://127.0.0.1:3000"
EVENTS_SHOWN: Final = 60
REFUSALS_SHOWN: Final = 7
BUGS: Final = frozenset({"internal", "no_answer", "actor_unavailable", "outcome_unknown"})
"""Codes that no rule of the house explains."""


@attrs.frozen(eq=False, kw_only=True)
class Screen:
    """One picture of the night."""

    figures: Figures
    url: str
    program: str
    """How the command line is called here."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Two columns over the full terminal; the feed takes what height is left."""
        layout = Layout()
        layout.split_column(
            Layout(self.header(), size=4),
            Layout(name="middle", size=11),
            Layout(self.feed(), minimum_size=4),
            Layout(self.hints(), size=5),
        )
        layout["middle"].split_row(
            Layout(self.floor()), Layout(self.money()), Layout(self.requests())
        )
        yield from console.render(layout, options)

    def header(self) -> RenderableType:
        """Where it is, for how long, and how to get in."""
        up = duration(self.figures.clock() - self.figures.began_s)
        title = Text.assemble(
            ("Last Light ", "bold"), (self.url, "cyan"), f"   up {up}   ", ("Ctrl-C ends", "dim")
        )
        who = Text(
            "patron1…500, staff1…5, manager, owner @lastlight.example, password " + PASSWORD,
            style="dim",
            overflow="ellipsis",
            no_wrap=True,
        )
        return Panel(Group(title, who), box=box.ROUNDED, border_style="blue")

    def floor(self) -> RenderableType:
        """Who is in, by what they do."""
        seen = self.figures.occupancy
        if seen is None:
            return _panel(Text("the door opens …", style="dim"), "Floor")
        rows = Table.grid(padding=(0, 1), expand=True)
        rows.add_column(ratio=2, no_wrap=True)
        rows.add_column(justify="right")
        rows.add_column(ratio=3)
        present = max(1, seen["present"])
        for activity, count in sorted(seen["by_activity"].items(), key=lambda item: -item[1])[:5]:
            rows.add_row(doing(activity), str(count), ProgressBar(total=present, completed=count))
        total = Text.assemble(
            (str(seen["present"]), "bold"), f" persons of {seen['capacity']}, ",
            (str(seen["sessions"]), "bold"), " visits open",
        )  # fmt: skip
        came = Text(f"{self.figures.visit_count} came in so far", style="dim")
        return _panel(Group(total, came, Text(""), rows), "Floor")

    def money(self) -> RenderableType:
        """What came in, and who works for it."""
        taken = self.figures.revenue
        gross = money(taken["gross_minor"], taken["currency"]) if taken else "–"
        day = f"business day {taken['business_day']}" if taken else "nothing taken yet"
        rows = Table.grid(padding=(0, 1))
        rows.add_column(no_wrap=True)
        rows.add_column(justify="right")
        rows.add_row("sales a minute", str(self.figures.sales_per_min()))
        rows.add_row("sales", f"{self.figures.sale_count:,}")
        actors = {name: n for name, n in self.figures.actors.items() if n}
        shown = "   ".join(f"{name.replace('_', ' ')} {n}" for name, n in actors.items())
        return _panel(
            Group(
                Text(gross, style="bold green"),
                Text(day, style="dim"),
                rows,
                Text(""),
                Text("actors and what waits", style="dim"),
                Text(shown or "…"),
            ),
            "Money · actors",
        )

    def requests(self) -> RenderableType:
        """How fast, and how often the answer was no."""
        rate = self.figures.rate()
        rows = Table.grid(padding=(0, 1), expand=True)
        rows.add_column(no_wrap=True, overflow="ellipsis")
        rows.add_column(justify="right")
        for code, count in self.figures.refusals.most_common(REFUSALS_SHOWN):
            rows.add_row(Text(code, style="bold red" if code in BUGS else "yellow"), f"{count:,}")
        speed = Text.assemble(
            (f"{rate.per_s:.0f}", "bold"), " a second, p50 ", (f"{rate.p50_ms:.0f} ms", "bold"),
            ", p99 ", (f"{rate.p99_ms:.0f} ms", "bold"),
        )  # fmt: skip
        total = Text(
            f"{self.figures.answer_count:,} answers, {self.figures.event_count:,} events",
            style="dim",
        )
        return _panel(Group(speed, total, rows), "Requests · refused")

    def feed(self) -> RenderableType:
        """The latest events, newest first."""
        now = self.figures.clock()
        rows = Table.grid(padding=(0, 1))
        rows.add_column(justify="right", style="dim", no_wrap=True)
        rows.add_column(no_wrap=True, overflow="ellipsis")
        for at, told in list(self.figures.feed)[: -EVENTS_SHOWN - 1 : -1]:
            rows.add_row(f"{now - at:.0f} s", Text(told.sentence, style=STYLES[told.mood]))
        return _panel(rows, "What happens")

    def hints(self) -> RenderableType:
        """What to try from a second terminal."""
        at = "" if self.url == DEFAULT_URL else f" --url {self.url}"
        sign_in = f"LASTLIGHT_PASSWORD={PASSWORD} {self.program} token owner@lastlight.example{at}"
        lines = (
            f"export LASTLIGHT_TOKEN=$({sign_in})",
            f"{self.program} actors list{at}",
            f'curl -s {self.url}/api/venues -H "Authorization: Bearer $LASTLIGHT_TOKEN"',
        )
        # Without a frame, so that a line that is broken can still be copied.
        title = Rule("Try, in a second terminal", align="left", style="blue")
        return Group(title, Text("\n".join(lines), overflow="fold"))


def _panel(inside: RenderableType, title: str) -> Panel:
    return Panel(inside, title=title, title_align="left", box=box.ROUNDED, border_style="blue")


def summary(figures: Figures) -> str:
    """The night in one line."""
    return ", ".join(_summary(figures))


def _summary(figures: Figures) -> Iterator[str]:
    rate = figures.rate()
    yield f"{figures.clock() - figures.began_s:.0f} s"
    seen, taken = figures.occupancy, figures.revenue
    yield f"{seen['present']} persons in {seen['sessions']} visits" if seen else "nobody in"
    yield f"{figures.visit_count} came in"
    yield f"{figures.sale_count} sales"
    yield money(taken["gross_minor"], taken["currency"]) if taken else "nothing taken"
    yield f"{rate.per_s:.0f} requests/s"
    yield f"p50 {rate.p50_ms:.0f} ms p99 {rate.p99_ms:.0f} ms"
    refused = " ".join(f"{code}={count}" for code, count in figures.refusals.most_common())
    yield f"refused: {refused or 'none'}"
