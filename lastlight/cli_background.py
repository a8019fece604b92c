"""The operator's view of what goes on beside requests: jobs, and effects on their way or given up.

What stands is asked of the node, over HTTP. That a dead message be sent again is written into its
database, where the node looks twice a minute: the contract has no operation for it.
"""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import trio
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from lastlight.cli_client import fetch_actor, moment_of
from lastlight.cli_commands import NotSaid, say, settings_of, token_of, wide_console
from lastlight.logs import configure_logging
from protocol.addresses import OUTSIDE

Body = Mapping[str, Any]


def list_jobs(line: Namespace) -> int:
    """Print all jobs: when they run next, when they ran last, and what came of it."""
    wide_console().print(jobs_table(_beside(line)["jobs"]))
    return 0


def list_effects(line: Namespace) -> int:
    """Print what waits for the outside, and the newest messages that were given up."""
    wide_console().print(effects_view(_beside(line)))
    return 0


def replay_effects(line: Namespace) -> int:
    """Have dead messages sent again."""
    wanted: list[UUID] = list(dict.fromkeys(line.ids))
    configure_logging(level="warning")
    from lastlight.cli_database import ask_replays  # noqa: PLC0415 - loads a database driver

    asked = set(trio.run(ask_replays, settings_of(line, os.environ), wanted))
    for one in wanted:
        words = "is sent again" if one in asked else "is no dead letter that can be sent again"
        say(f"{one} {words}")
    if not asked:
        raise NotSaid("nothing is sent again; `lastlight effects list` shows what can be")
    say("A node that runs does it within a minute, and says so in its log.")
    return 0 if len(asked) == len(wanted) else 1


def jobs_table(jobs: Iterable[Body]) -> RenderableType:
    """Jobs as rows."""
    table = _table("job", "next", "last kept", "ended", "runs", "outcome", "does")
    for job in jobs:
        table.add_row(
            escape(job["job"]),
            moment_of(job.get("next_at")),
            moment_of(job.get("kept_at")),
            moment_of(job.get("finished_at")),
            str(job.get("runs", 0)),
            escape(_outcome(job)),
            escape(job["about"]),
        )
    return table


def effects_view(beside: Body) -> RenderableType:
    """Effects that are not over, then dead letters; what can be sent again is marked."""
    waiting = _table("waiting effect", "lane", "decided", "tries", "why")
    for effect in beside["effects"]:
        waiting.add_row(
            effect["effect"],
            effect["lane"],
            moment_of(effect["decided_at"]),
            str(effect["tries"]),
            escape(effect["reason"] or "–"),
        )
    reasons = {one["message_id"]: one["reason"] for one in beside["given_up"]}
    dead = _table("dead letter", "of", "what", "at", "again", "why")
    for letter in beside["dead_letters"]:
        dead.add_row(
            letter["message_id"],
            letter["actor_type"],
            letter["command"],
            moment_of(letter["at"]),
            "yes" if letter["replayable"] else "no",
            escape(reasons.get(letter["message_id"]) or letter["error"]),
        )
    nothing = Text("nothing waits, and nothing was given up")
    parts = [one for one in (waiting, dead) if one.row_count]
    return Group(*parts) if parts else nothing


def _outcome(job: Body) -> str:
    if job.get("failures"):
        return f"failed {job['failures']} times: {job['error']}"
    state = job.get("state") or {}
    done = ", ".join(f"{count} {what}" for what, count in state.items() if count)
    return done or ("ok" if job.get("runs") else "not yet")


def _beside(line: Namespace) -> Body:
    found = fetch_actor(line.url, token_of(line), kind=OUTSIDE.kind.value, id=str(OUTSIDE.id))
    snapshot: Body = found["snapshot"]
    return snapshot


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        number = heading in {"runs", "tries"}
        table.add_column(
            heading,
            justify="right" if number else "left",
            no_wrap=heading not in {"outcome", "why", "does"},
        )
    return table
