"""`docs/protocol.md`: everything that is said over the wire, from the table that the routes follow.

`python -m lastlight.protocol_page` prints it; a test compares it with the file.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

import attrs

from lastlight.openapi_schemas import Schema, Schemas
from lastlight.protocol_sockets import SOCKET_IO, SOCKETS
from protocol.addresses import Role
from protocol.codes import PROBLEMS
from protocol.events import EVENTS, EventData
from protocol.limits import MINOR_MAX, STRING_CHARS_MAX
from protocol.operations.base import KeyRule, Operation, RateRule
from protocol.operations.table import OPERATIONS

_HEAD: Final = """\
# What is said

Everything that clients and server say to one another. This page is made from the operation table
and the classes it names (`python -m lastlight.protocol_page`); `GET /openapi.json` tells the same
to machines, and `/docs` shows it.

Contents: [Operations](#operations) · [Sockets](#sockets) · [Events](#events) · [Shapes](#shapes) ·
[Problems](#problems)

- JSON in snake_case. Times are RFC 3339 in UTC with milliseconds, days are `2026-01-10`, ids are
  UUIDs. Money is in whole minor units of the venue's currency (`*_minor`), stock and standard
  drinks in thousandths (`*_milli`), rates in hundredths of a percent (`*_bp`). What no operation
  knows is refused; what is optional may also be null, unless it says how null is meant.
- `Authorization: Bearer` on every route but those for anybody. *patron and up* is the least role; a
  role counts only at its venue, and what belongs to another venue or another patron is 404. A
  step-up token comes from [StepUp](#stepup) and lives for 5 minutes.
- `Idempotency-Key` is taken on every route that changes something, and needed where it says so. A
  request without an answer, or with 504 `outcome_unknown`, is sent again with the same key: it
  happens once, and the repeat gets the first answer with `Idempotency-Replayed: true`. What is no
  key is refused, but dropped with an emergency's request.
- What has a `version` comes with an `ETag`. Where it says so, that is sent back as `If-Match`: 428
  without, 412 with `current_version` if it is stale. A GET with `If-None-Match` may answer 304.
- Lists come in pages `{items, next_cursor}`, newest first unless it says otherwise; `limit` is
  1 to 100, and `next_cursor` goes back as `cursor` until it is null.
- Problems are `application/problem+json` (RFC 9457) with a `code`; [the last table](#problems) has
  them all. Each operation names those of its own. Besides, any may answer
  `malformed_request`, `method_not_allowed`, `validation_failed` (its `errors` point to what is
  wrong), `unauthenticated`, `forbidden`, `not_found`, `rate_limited`, `internal`,
  `actor_unavailable`, `stale_read` and `starting`; one that changes something also
  `payload_too_large`, `unsupported_media_type`, `idempotency_in_progress`,
  `idempotency_key_reused` and `outcome_unknown`. 503 means that nothing was done.
"""


def protocol_page() -> str:
    """The page, as Markdown."""
    schemas = Schemas()
    parts = [_HEAD, "## Operations\n", _contents()]
    for category, group in groupby(OPERATIONS, key=lambda row: row.category):
        parts.append(f"### {category}\n")
        parts += [_operation(row, schemas) for row in group]
    events = [_event(event, schemas) for _, event in sorted(EVENTS.items())]
    parts += ["## Sockets\n", SOCKETS, "### Socket.IO\n", SOCKET_IO]
    parts.append("## Events\n")
    parts.append(_EVENTS)
    parts += events
    parts.append("## Shapes\n")
    parts += [_shape(name, schema) for name, schema in schemas.components().items()]
    parts.append(_problems())
    return "\n".join(parts)


def _contents() -> str:
    lines = ["| | route | who |", "|---|---|---|"]
    for category, group in groupby(OPERATIONS, key=lambda row: row.category):
        lines.append(f"| **{category}** | | |")
        lines += [f"| {_link(row.name)} | `{row.route}` | {_who(row)} |" for row in group]
    return "\n".join(lines) + "\n"


def _who(row: Operation) -> str:
    return "anybody" if row.least is Role.PUBLIC else f"{row.least.label} and up"


def _link(name: str) -> str:
    return f"[{name}](#{_slug(name)})"


def _slug(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^a-z0-9_-]", "", heading.lower())


def _operation(row: Operation, schemas: Schemas) -> str:
    lines = [f"#### {row.name}", "", f"`{row.route}` · {_who(row)}", "", row.summary, *_notes(row)]
    shape = schemas.of_class(row.command, row.parameters)
    if shape["properties"]:
        lines += ["", "Body:" if row.changes else "Query:", "", *_members(shape)]
    if row.raw:
        lines += ["", "Body: an event of the payment provider, with its `Stripe-Signature`."]
    lines += ["", _answer(row, schemas)]
    if row.errors:
        own = sorted(row.errors, key=lambda code: (PROBLEMS[code].status, code))
        lines += ["", "Refuses: " + ", ".join(f"{PROBLEMS[c].status} `{c}`" for c in own)]
    if row.emits:
        lines += ["", "Tells: " + ", ".join(_link(name) for name in row.emits)]
    return "\n".join(lines) + "\n"


def _notes(row: Operation) -> list[str]:
    notes = []
    if row.key is KeyRule.REQUIRED:
        notes.append("needs an `Idempotency-Key`")
    if row.creates:
        notes.append("needs `If-Match`, or `If-None-Match: *` to make it anew")
    elif row.precondition:
        notes.append("needs `If-Match`")
    if row.lenient:
        notes.append("what does not fit is dropped and listed, never refused")
    if row.step_up:
        notes.append("needs a step-up token")
    if row.rate is RateRule.EXEMPT:
        notes.append("is not rate limited")
    if row.offline:
        notes.append("may be replayed from offline")
    if not row.socket or row.precondition:
        notes.append("not over sockets")
    if row.audited is not None:
        notes.append(f"the reading is audited as `{row.audited}`")
    said = "; ".join(notes)
    return [f"{said[0].upper()}{said[1:]}."] if said else []


def _answer(row: Operation, schemas: Schemas) -> str:
    statuses = " or ".join(str(status) for status in (row.status, *row.also))
    if row.reply is None:
        what = f"`{row.media}`" if row.status == 200 else "no body"
    else:
        what = _kind(schemas.of(row.reply))
        if any(field.name == "version" for field in attrs.fields(row.reply)):
            what += ", with `ETag`"
    others = "".join(f", or `{media}` by `Accept`" for media in row.offers)
    return f"Answers {statuses}: {what}{others}"


def _members(shape: Schema) -> Iterator[str]:
    required = set(shape.get("required", ()))
    for name, schema in shape["properties"].items():
        default = f", default `{_text(schema['default'])}`" if "default" in schema else ""
        optional = "" if name in required or default else ", optional"
        kind = _kind(schema).removesuffix(" or null") if optional else _kind(schema)
        yield f"- `{name}`: {kind}{optional}{default}"


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _kind(schema: Schema) -> str:
    """A type in few words."""
    if "$ref" in schema:
        return _link(str(schema["$ref"]).rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(_kind(option) for option in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    kind = schema.get("type", "anything")
    if isinstance(kind, list):
        return " or ".join(_kind({**schema, "type": one}) for one in kind)
    return _plain(kind, schema)


def _plain(kind: str, schema: Schema) -> str:
    match kind:
        case "array":
            return f"{_bounds(schema, 'minItems', 'maxItems')} of {_kind(schema['items'])}".strip()
        case "object" if "additionalProperties" in schema:
            inner: Any = schema["additionalProperties"]
            if not isinstance(inner, dict) or not inner:
                return "object"
            keys = schema.get("propertyNames")
            return f"map {'' if keys is None else f'from {_kind(keys)} '}to {_kind(inner)}"
        case "string" if "format" in schema and schema["format"] != "password":
            return str(schema["format"])
        case "string" if _is_plain(pattern := schema.get("pattern", "")):
            return f"text `{pattern.removeprefix('^(?:').removesuffix(')$')}`"
        case "string" if schema.get("maxLength", STRING_CHARS_MAX) == STRING_CHARS_MAX:
            return "text"
        case "string":
            return f"text of {_bounds(schema, 'minLength', 'maxLength')}"
        case "integer" | "number":
            return f"{kind} {_bounds(schema, 'minimum', 'maximum')}".strip()
    return kind


def _is_plain(pattern: str) -> bool:
    """Whether a reader takes it in at a glance."""
    return 0 < len(pattern) <= _PATTERN_CHARS_MAX and "\\x" not in pattern


def _bounds(schema: Schema, least: str, most: str) -> str:
    low, high = schema.get(least), schema.get(most)
    # Bounds that nobody meets say nothing.
    if high is not None and high >= MINOR_MAX:
        high = None
    if low is not None and low <= -MINOR_MAX:
        low = None
    match low, high:
        case None, None:
            return "any number" if least != "minimum" else ""
        case _, None:
            return f"from {low}"
        case None, _:
            return f"up to {high}"
    return f"{low} to {high}" if low != high else f"{low}"


_PATTERN_CHARS_MAX: Final = 60
_EVENTS: Final = """\
Each comes as `{id, room, seq, type, venue_id, occurred_at, version, data}`. Durable ones are
numbered in each room without a gap, kept 72 h and resumed by `after_seq`; of ephemeral ones the
newest wins. Urgent ones are sent at once, without `seq`, and again in their place.
"""


def _event(event: type[EventData], schemas: Schemas) -> str:
    shape = schemas.of_class(event)
    delivery = "durable" if event.durable else "ephemeral"
    if event.urgent:
        delivery += ", urgent"
    rooms = ", ".join(f"`{audience.value}`" for audience in event.audience)
    lines = [f"#### {event.type}", "", f"{shape.get('description', '')} · {delivery} · {rooms}", ""]
    return "\n".join([*lines, *_members(shape)]) + "\n"


def _shape(name: str, schema: Schema) -> str:
    lines = [f"#### {name}", ""]
    if text := schema.get("description"):
        lines += [text, ""]
    if "properties" in schema:
        lines += _members(schema)
    else:
        lines.append(_kind(schema))
    return "\n".join(lines) + "\n"


def _problems() -> str:
    lines = ["## Problems", "", "| code | status | retryable |", "|---|---|---|"]
    for code, kind in sorted(PROBLEMS.items(), key=lambda item: (item[1].status, item[0])):
        lines.append(f"| `{code}` | {kind.status} | {'yes' if kind.retryable else 'no'} |")
    return "\n".join(lines) + "\n"


def anchors_of(page: str) -> set[str]:
    """The anchors that links of the page may go to."""
    return {_slug(match) for match in re.findall(r"^#+ (.+)$", page, re.MULTILINE)}


if __name__ == "__main__":
    sys.stdout.write(protocol_page())
