"""Answers that are no JSON: which form is chosen, and what a table looks like as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

import attrs
import pytest

from lastlight.gateway.media import CSV, Document, Rows, csv_document, media_of
from protocol.operations.table import BY_NAME

TABLE = attrs.evolve(BY_NAME["GetOwnProfile"], offers=(CSV,))


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("text/csv", CSV),
        ("text/*", CSV),
        ("application/json;q=0.5, text/csv", CSV),
        ("text/csv;q=0.1, application/json", "application/json"),
        ("image/png", "application/json"),
        ("; ;,", "application/json"),
    ],
)
def test_the_form_is_what_the_caller_prefers_and_json_otherwise(
    accept: str | None, chosen: str
) -> None:
    """A client that asks for nothing we have is served what all clients understand."""
    assert media_of(accept, TABLE) == chosen


def test_who_offers_nothing_else_answers_in_json() -> None:
    """Accept is no error on the routes that have one form only."""
    assert media_of("text/csv", BY_NAME["GetOwnProfile"]) == "application/json"


async def _text(document: Document) -> str:
    assert document.stream is not None
    return b"".join([chunk async for chunk in document.stream]).decode()


async def test_values_stand_in_cells_as_json_would_have_them() -> None:
    """Times in UTC with milliseconds, ids and amounts as they are: so both forms can be joined."""

    async def rows() -> Rows:
        yield ("id", "at", "day", "amount_minor", "open", "note", "signs", "hash")
        at = datetime(2026, 11, 20, 3, 4, 5, 6000, UTC)
        yield (UUID(int=1), at, date(2026, 11, 19), -5, True, None, ("a", "b"), b"\x01\xff")

    lines = (await _text(await csv_document(rows, "x.csv"))).split("\r\n")
    assert lines[0] == "id,at,day,amount_minor,open,note,signs,hash"
    assert lines[1] == (
        f'{UUID(int=1)},2026-11-20T03:04:05.006Z,2026-11-19,-5,true,,"[""a"",""b""]",01ff'
    )


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", 'plain, "quoted"\nline'])
async def test_text_never_becomes_a_formula(text: str) -> None:
    """Names are patrons' own: a spreadsheet that opens the register must not run them."""

    async def rows() -> Rows:
        yield ("name",)
        yield (text,)

    told = (await _text(await csv_document(rows, "x.csv"))).split("\r\n", 1)[1]
    assert not told.lstrip('"').startswith(("=", "+", "-", "@", "\t"))


async def test_a_long_table_comes_in_parts_and_is_closed_when_nobody_reads_on() -> None:
    """A register of years is never in memory at once, and a reader who left frees the snapshot."""
    made, closed = [], []

    async def rows() -> Rows:
        try:
            for n in range(100_000):
                made.append(n)
                row: Sequence[object] = (n, "x" * 50)
                yield row
        finally:
            closed.append(True)

    document = await csv_document(rows, "x.csv")
    assert len(made) == 1
    stream = document.stream
    assert stream is not None
    await anext(stream)
    await anext(stream)
    assert len(made) < 1000
    await stream.aclose()
    assert closed == [True]


def _unreadable() -> list[str]:
    raise LookupError("the tables are away")


async def test_what_fails_before_the_first_line_is_a_problem_and_no_broken_table() -> None:
    """A stale read is answered with 503, not with a file that ends early."""

    async def rows() -> Rows:
        for cell in _unreadable():
            yield (cell,)

    with pytest.raises(LookupError):
        await csv_document(rows, "x.csv")
