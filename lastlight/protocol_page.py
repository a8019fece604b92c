"""`docs/protocol.md`: everything that is said over the wire, from the table that the routes follow.

`python -m lastlight.protocol_page` prints it; a test compares it with the file.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

from lastlight.openapi_schemas import Schema, Schemas
from protocol.addresses import Role
from protocol.codes import PROBLEMS
from protocol.events import EVENTS, EventData
from protocol.operations.base import KeyRule, Operation, RateRule
from protocol.operations.table import OPERATIONS

_HEAD: Final = """\
# What is said

Everything that clients and server say to one another. This page is made from the operation table
and the classes it names (`python -m lastlight.protocol_page`); `GET /openapi.json` tells the same
to machines, and `/docs` shows it.

- JSON in snake_case. Times are RFC 3339 in UTC with milliseconds, ids are UUIDs, money is in whole
  minor units of the venue's currency (`*_minor`), stock and standard drinks in thousandths
  (`*_milli`). Members that no operation knows are refused.
- `Authorization: Bearer` on every route but the public ones. A role counts only at its venue: what
  belongs to another venue or another patron is 404.
- `Idempotency-Key` is taken on every route that changes something, and needed where it says so. A
  request without an answer, or with 504 `outcome_unknown`, is sent again with the same key.
- `If-Match` with the `ETag` that was read, where it says so: 428 without, 412 if it is stale.
- Lists come in pages `{items, next_cursor}`, newest first unless it says otherwise; `limit` is
  1 to 100.
- Problems are `application/problem+json` (RFC 9457) with a `code`; the last table has them all.
  Besides the codes named, any route may answer `malformed_request`, `unauthenticated`, `forbidden`,
  `not_found`, `validation_failed`, `rate_limited`, `internal`, `actor_unavailable` and `starting`.
"""


def protocol_page() -> str:
    """The page, as Markdown."""
    schemas = Schemas()
    parts = [_HEAD, "## Operations\n"]
    for category, group in groupby(OPERATIONS, key=lambda row: row.category):
        parts.append(f"### {category}\n")
        parts += [_operation(row, schemas) for row in group]
    events = [_event(event, schemas) for _, event in sorted(EVENTS.items())]
    parts.append("## Events\n")
    parts.append(_EVENTS)
    parts += events
    parts.append("## Shapes\n")
    parts += [_shape(name, schema) for name, schema in schemas.components().items()]
    parts.append(_problems())
    return "\n".join(parts)


def _operation(row: Operation, schemas: Schemas) -> str:
    whose = "anybody" if row.least is Role.PUBLIC else f"{row.least.label} and up"
    lines = [f"#### {row.name}", "", f"`{row.route}` · {whose}", "", row.summary, *_notes(row)]
    shape = schemas.of_class(row.command, row.parameters)
    if shape["properties"]:
        lines += ["", "Body:" if row.changes else "Query:", "", *_members(shape)]
    lines += ["", _answer(row, schemas)]
    if row.errors:
        own = sorted(row.errors, key=lambda code: (PROBLEMS[code].status, code))
        lines += ["", "Refuses: " + ", ".join(f"{PROBLEMS[c].status} `{c}`" for c in own)]
    if row.emits:
        lines += ["", "Tells: " + ", ".join(f"`{name}`" for name in row.emits)]
    return "\n".join(lines) + "\n"


def _notes(row: Operation) -> list[str]:
    notes = []
    if row.key is KeyRule.REQUIRED:
        notes.append("needs an `Idempotency-Key`")
    if row.precondition:
        notes.append("needs `If-Match`")
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
    return [f"{'; '.join(notes).capitalize()}."] if notes else []


def _answer(row: Operation, schemas: Schemas) -> str:
    statuses = " or ".join(str(status) for status in (row.status, *row.also))
    if row.reply is None:
        what = "no body" if row.status == 204 else f"`{row.media}`"
    else:
        what = _kind(schemas.of(row.reply))
    others = "".join(f", or `{media}` by `Accept`" for media in row.offers)
    return f"Answers {statuses}: {what}{others}"


def _members(shape: Schema) -> Iterator[str]:
    required = set(shape.get("required", ()))
    for name, schema in shape["properties"].items():
        default = f", default `{_text(schema['default'])}`" if "default" in schema else ""
        optional = "" if name in required or default else ", optional"
        yield f"- `{name}`: {_kind(schema)}{optional}{default}"


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _kind(schema: Schema) -> str:
    """A type in few words."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
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
            return f"map to {_kind(inner)}" if isinstance(inner, dict) else "object"
        case "string" if "format" in schema and schema["format"] != "password":
            return str(schema["format"])
        case "string":
            return f"text of {_bounds(schema, 'minLength', 'maxLength')}"
        case "integer" | "number":
            return f"{kind} {_bounds(schema, 'minimum', 'maximum')}".strip()
    return kind


def _bounds(schema: Schema, least: str, most: str) -> str:
    low, high = schema.get(least), schema.get(most)
    if high is not None and high >= 2**53:
        high = None
    if low is not None and low <= -(2**53):
        low = None
    match low, high:
        case None, None:
            return "any number" if least != "minimum" else ""
        case _, None:
            return f"from {low}"
        case None, _:
            return f"up to {high}"
    return f"{low} to {high}" if low != high else f"{low}"


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
    return {match.lower() for match in re.findall(r"^#### (\S+)$", page, re.MULTILINE)}


if __name__ == "__main__":
    sys.stdout.write(protocol_page())
