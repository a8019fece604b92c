"""What the line asks of a node that runs, over HTTP like any other client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

import httpx
from rich.console import Group, RenderableType
from rich.json import JSON
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from protocol.errors import LastLightError
from protocol.limits import PAGE_ITEMS_MAX

WAIT_S: Final = 20.0
PAGES_MAX: Final = 200
"""Of actors that a list follows; then it says that there are more."""

Body = Mapping[str, Any]


class AskedInVain(LastLightError):
    """A node refused, or didn't answer; the message says what it said."""


def sign_in(url: str, email: str, password: str) -> str:
    """An access token.

    Raises:
        AskedInVain: the node refused, or there is none at `url`.
    """
    said = {"email": email, "password": password}
    body = _ask(url, "POST", "/api/auth/login", json=said)
    return str(body["access_token"])


def fetch_actors(url: str, token: str, *, kind: str | None) -> Body:
    """All live actors as one list, whose cursor is null unless there are more than it holds.

    Raises:
        AskedInVain: the node refused, or there is none at `url`.
    """
    items: list[Body] = []
    wanted = {"limit": str(PAGE_ITEMS_MAX)} | ({"actor_type": kind} if kind else {})
    page: Body = {}
    for _ in range(PAGES_MAX):
        page = _ask(url, "GET", "/api/admin/actors", token=token, params=wanted)
        items += page["items"]
        if page.get("next_cursor") is None:
            break
        wanted["cursor"] = page["next_cursor"]
    return {**page, "items": items}


def fetch_actor(url: str, token: str, *, kind: str, id: str) -> Body:  # noqa: A002
    """One actor.

    Raises:
        AskedInVain: the node refused, or there is none at `url`.
    """
    path = f"/api/admin/actors/{kind}/{quote(id, safe='')}"
    return _ask(url, "GET", path, token=token)


def _ask(
    url: str,
    method: str,
    path: str,
    *,
    token: str | None = None,
    params: Mapping[str, str] | None = None,
    json: object = None,
) -> Body:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    where = f"{url.rstrip('/')}{path}"
    try:
        answer = httpx.request(
            method, where, params=params, json=json, headers=headers, timeout=WAIT_S
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise AskedInVain(f"no answer from {url}: {error}; is a node running there?") from error
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise AskedInVain(f"{where} answered {answer.status_code} without JSON; is it a node?")
    if not answer.is_success:
        told = body.get("detail") or body.get("title") or "no reason given"
        raise AskedInVain(f"{body.get('code', answer.status_code)}: {told}")
    return body


def actors_table(listed: Body) -> RenderableType:
    """Actors as rows, and the totals below."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("actor", "state", "waiting", "messages", "last", "restarts", "age", "rows"):
        plain = heading in {"actor", "state", "last"}
        table.add_column(heading, justify="left" if plain else "right", no_wrap=True)
    for actor in listed["items"]:
        table.add_row(
            f"{actor['actor_type']} {actor['actor_id']}",
            escape(actor["state"]),
            str(actor["mailbox_depth"]),
            str(actor["messages"]),
            _clock_time(actor["last_message_at"]),
            str(actor["restarts"]),
            length_of(actor["age_ms"]),
            str(actor["rows"]),
        )
    totals = ", ".join(f"{count} {name}" for name, count in listed["totals"].items() if count)
    more = "\nand more; choose a kind with --kind" if listed.get("next_cursor") else ""
    return Group(table, Text(f"\n{totals or 'no actors'}{more}"))


def actor_view(found: Body) -> RenderableType:
    """Everything that is known of one actor, its state last because it is longest."""
    return Group(*_parts(found))


def _parts(found: Body) -> Iterator[RenderableType]:
    actor = found["actor"]
    yield Text(f"{actor['actor_type']} {actor['actor_id']}", style="bold")
    yield Text(
        f"{actor['state']} · {actor['mailbox_depth']} in its mailbox · "
        f"{actor['messages']} messages handled · {actor['restarts']} restarts · "
        f"here for {length_of(actor['age_ms'])}"
    )
    yield Text(
        f"version {found['position']} · {actor['rows']} rows · about {actor['memory_bytes']:,} "
        f"bytes · {found['waiting']} sagas under way · {found['keys']} idempotency keys"
    )
    if found["timers"]:
        timers = Table(
            "timer", "due", "tells it to", box=None, pad_edge=False, title_justify="left"
        )
        for timer in found["timers"]:
            timers.add_row(escape(timer["name"]), _clock_time(timer["due_at"]), timer["command"])
        yield Group(Text(""), timers)
    if found["recent"]:
        recent = Table("message", "at", "waited", "took", "result", box=None, pad_edge=False)
        for handled in found["recent"]:
            recent.add_row(
                handled["command"],
                _clock_time(handled["at"]),
                f"{handled['waited_ms']:.2f} ms",
                f"{handled['took_ms']:.2f} ms",
                escape(handled["result"]),
            )
        yield Group(Text(""), recent)
    for failure in found["failures"]:
        yield Text(f"failed: {failure}", style="red")
    yield Group(
        Text("\nstate, personal data masked", style="bold"), JSON.from_data(found["snapshot"])
    )


def length_of(milliseconds: float) -> str:
    """A length of time in its two largest units."""
    seconds = int(milliseconds // 1000)
    for unit_s, unit, part_s, part in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min")):
        if seconds >= unit_s:
            return f"{seconds // unit_s} {unit} {seconds % unit_s // part_s} {part}"
    return f"{seconds // 60} min {seconds % 60} s" if seconds >= 60 else f"{seconds} s"


def moment_of(at: str | None) -> str:
    """The day and minute in this machine's time zone."""
    return f"{datetime.fromisoformat(at).astimezone():%m-%d %H:%M:%S}" if at else "–"


def _clock_time(at: str | None) -> str:
    """The moment in this machine's time zone, without the day."""
    return f"{datetime.fromisoformat(at).astimezone():%H:%M:%S}" if at else "–"
