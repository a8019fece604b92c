"""Answers in other forms than JSON: which form a caller wants, and tables as CSV.

A table is streamed row by row out of its snapshot; its first line is made before the answer begins,
so that whatever keeps it from being read is still told as a problem.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import date, datetime
from typing import Final

import attrs
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from actors.runtime.answers import Answer
from protocol.chains import rfc3339
from protocol.operations.base import Operation

CSV: Final = "text/csv"
HTML: Final = "text/html"
ZIP: Final = "application/zip"
Rows = AsyncGenerator[Sequence[object], None]
Chunks = AsyncGenerator[bytes, None]
_CHUNK_BYTES: Final = 16 * 1024
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@attrs.frozen(kw_only=True)
class Document(Answer):
    """An answer that is no JSON: whole in `body`, or in parts from `stream`."""

    media: str
    stream: Chunks | None = None
    filename: str | None = None
    """Under which a browser saves it."""


def media_of(accept: str | None, operation: Operation) -> str:
    """What an `Accept` header prefers of what an operation offers; its first form by default."""
    if not operation.offers or accept is None:
        return operation.media
    offers = (operation.media, *operation.offers)
    wanted = parse_accept_header(accept, MIMEAccept)
    return str(wanted.best_match(offers, default=operation.media))


async def csv_document(rows: Callable[[], Rows], filename: str) -> Document:
    """A table as CSV (RFC 4180, UTF-8); the first row names the columns."""
    chunks = _chunks(rows())
    first = await anext(chunks, b"")
    return Document(
        status=200, media=f"{CSV}; charset=utf-8", stream=_after(first, chunks), filename=filename
    )


async def _after(first: bytes, rest: Chunks) -> Chunks:
    async with aclosing(rest):
        yield first
        async for chunk in rest:
            yield chunk


async def _chunks(rows: Rows) -> Chunks:
    """Lines in chunks; the first chunk is the first line alone."""
    text = io.StringIO()
    writer = csv.writer(text)
    begun = False
    async with aclosing(rows):
        async for row in rows:
            writer.writerow([_cell(value) for value in row])
            if not begun or text.tell() >= _CHUNK_BYTES:
                begun = True
                yield text.getvalue().encode()
                text.seek(0)
                text.truncate()
    if text.tell():
        yield text.getvalue().encode()


def _cell(value: object) -> object:
    """A value as a cell. Text that a spreadsheet would take for a formula is quoted as text."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return value
        case datetime():
            return rfc3339(value)
        case date():
            return value.isoformat()
        case bytes():
            return value.hex()
        case dict() | list() | tuple():
            value = json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
