"""JSON as it arrives from strangers."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.codec import Malformed, parse_json, render_json

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(
    st.binary(max_size=200) | st.text(alphabet='[]{}",:\\ue0123-.tn', max_size=60).map(str.encode)
)
def test_any_bytes_are_values_or_malformed(body: bytes) -> None:
    """A body is a stranger's: whatever it holds, the answer is a value or a 400, never a crash."""
    with contextlib.suppress(Malformed):
        parse_json(body)


@settings(deadline=None)
@given(PLAIN)
def test_what_is_written_is_read_back(value: object) -> None:
    """Encoder and parser are of two makes; they must agree on every value."""
    assert parse_json(render_json(value)) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{} {}",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b'"\xff"',
        b"\xef\xbb\xbf{}",
        '{"a": 1}'.encode("utf-16"),
        b"{'a': 1}",
        b"[1,]",
        b"01",
        b"// no\n{}",
        b'"a\nb"',
    ],
)
def test_what_only_resembles_json_is_malformed(body: bytes) -> None:
    """Parsers that forgive differ in what they forgive, and so does what they make of it."""
    with pytest.raises(Malformed):
        parse_json(body)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 50_000, b"[{" * 50_000 + b'"'])
def test_deep_nesting_is_refused_before_anything_recurses(body: bytes) -> None:
    """A megabyte of brackets must cost no stack and no time."""
    with pytest.raises(Malformed, match="deeper than 32"):
        parse_json(body)


def test_as_many_levels_as_allowed_are_read() -> None:
    """The bound is on depth, not on brackets: a long flat list is no deep one."""
    deep = b"[" * 32 + b"]" * 32
    assert parse_json(deep) is not None
    assert parse_json(b"[" + b"[]," * 500 + b"[]]") == [[]] * 501
    with pytest.raises(Malformed):
        parse_json(b"[" + deep + b"]")


def test_brackets_inside_strings_are_no_levels() -> None:
    """A note may consist of brackets, quoted quotes included."""
    note = '[{"\\' * 100
    assert parse_json(json.dumps({"note": note}).encode()) == {"note": note}


def test_escaped_quotes_without_end_are_read_in_one_pass() -> None:
    """A scan that began again at each quote would take minutes for this megabyte."""
    with pytest.raises(Malformed):
        parse_json(b"[" * 40 + b'"' + b'\\"' * 500_000)


def test_numbers_of_a_thousand_digits_are_no_integers() -> None:
    """Making big integers of text is slow; no field takes more than an int64 anyway."""
    assert isinstance(parse_json(b"9" * 400_000), float)
    assert parse_json(b"-9223372036854775808") == -(2**63)
