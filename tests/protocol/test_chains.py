"""Canonical JSON and hash chains: what must spell the same, and what must not."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from random import Random
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.chains import (
    GENESIS,
    canonical_journal,
    canonical_json,
    chained_hash,
    first_broken,
    rfc3339,
    row_fields,
    text_digest,
)
from protocol.records.ledger import LedgerJournal, LedgerPosting
from protocol.records.states import Severity
from tests.storage.samples import a

quick = settings(max_examples=100, deadline=None)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@attrs.frozen(kw_only=True)
class Row:
    amount_minor: int
    note: str | None
    prev_hash: bytes | None = None
    hash: bytes | None = None


def test_values_of_rows_have_one_spelling() -> None:
    """Keys sorted, no spaces, and the types of rows as their texts."""
    tokyo = datetime(2026, 6, 2, 5, 0, 0, 1999, tzinfo=timezone(timedelta(hours=9)))
    value = {
        "b": [UUID(int=1), date(2026, 6, 1), tokyo, b"\x0f", Severity.HIGH],
        "a": Row(amount_minor=5, note="é"),
        "c": {"é": True, "n": 1.0},
    }
    assert canonical_json(value).decode() == (
        '{"a":{"amount_minor":5,"hash":null,"note":"é","prev_hash":null},'
        '"b":["00000000-0000-0000-0000-000000000001","2026-06-01","2026-06-01T20:00:00.001Z",'
        '"0f","high"],"c":{"n":1,"é":true}}'
    )


@quick
@given(json_values)
def test_what_json_carries_spells_the_same_after_its_way(value: object) -> None:
    """A chain is checked with what the database gives back, not with what we sent."""
    canonical = canonical_json(value)
    assert canonical_json(json.loads(canonical)) == canonical
    assert canonical_json(json.loads(json.dumps(value))) == canonical


def integral(value: Any) -> Any:
    """The same with whole floats as integers."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {key: integral(part) for key, part in value.items()}
        case list():
            return [integral(part) for part in value]
    return value


@quick
@given(json_values)
def test_it_is_what_the_standard_library_writes(value: object) -> None:
    """Hashes of years ago are checked by it, so not a byte of it may change."""
    plain = json.dumps(integral(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert canonical_json(value).decode("utf-8", "surrogatepass") == plain


@quick
@given(st.dictionaries(st.text(), st.integers(), max_size=6), st.randoms())
def test_the_order_of_keys_does_not_matter(value: dict[str, int], random: Random) -> None:
    """Two clients may write one body in two orders."""
    keys = list(value)
    random.shuffle(keys)
    assert canonical_json({key: value[key] for key in keys}) == canonical_json(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), datetime(2026, 6, 1)])  # noqa: DTZ001
def test_what_has_no_single_meaning_has_no_form(value: object) -> None:
    """A moment without a zone is two moments."""
    with pytest.raises(ValueError, match=r"no canonical form|no time zone"):
        canonical_json(value)


@pytest.mark.parametrize("value", [object(), {1: 2}, {"a": {3, 4}}])
def test_what_is_no_value_has_no_form(value: object) -> None:
    """Sets have no order and objects no content."""
    with pytest.raises(TypeError):
        canonical_json(value)


def test_a_row_is_hashed_without_its_hashes_and_personal_text() -> None:
    """The hash cannot cover itself, and must survive erasure."""
    row = Row(amount_minor=1, note="a name", hash=b"x")
    assert row_fields(row, without=["note"]) == {"amount_minor": 1}


def test_a_journal_is_spelled_with_its_postings_in_order_of_their_lines() -> None:
    """L7, worked out from the fields: the hash covers both, and not the memo."""
    journal = a(LedgerJournal, memo="a name")
    lines = [a(LedgerPosting, journal_id=journal.id, line=n) for n in (10, 2, 1)]
    wanted = {
        "journal": row_fields(journal, without=("memo", "memo_salt")),
        "postings": [row_fields(line) for line in reversed(lines)],
    }
    assert canonical_journal(journal, lines) == canonical_json(wanted)


def test_a_chain_shows_where_it_breaks() -> None:
    """A changed row, a removed row, and an exchanged pair."""
    links, previous = [], GENESIS
    for n in range(4):
        canonical = canonical_json({"n": n})
        digest = chained_hash(previous, canonical)
        links.append((previous, digest, canonical))
        previous = digest
    assert first_broken(links) == -1
    assert first_broken([]) == -1
    assert first_broken(links[1:]) == 0
    assert first_broken(links[2:], start=links[1][1]) == -1
    assert first_broken([links[0], links[2], links[1], links[3]]) == 1
    changed = (links[2][0], links[2][1], canonical_json({"n": 7}))
    assert first_broken([*links[:2], changed, links[3]]) == 2


def test_personal_text_needs_a_real_salt() -> None:
    """A name without a salt is found by trying all names."""
    assert len(text_digest(b"s" * 16, "a name")) == 32
    assert text_digest(b"s" * 16, "a name") != text_digest(b"t" * 16, "a name")
    with pytest.raises(ValueError, match="hides nothing"):
        text_digest(b"short", "a name")


def test_moments_are_spelled_in_utc_with_milliseconds() -> None:
    """The one spelling of all texts here."""
    assert rfc3339(datetime(2026, 6, 1, 20, 0, tzinfo=UTC)) == "2026-06-01T20:00:00.000Z"
