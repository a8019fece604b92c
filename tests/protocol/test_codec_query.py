"""Reading where all is text, and reading where nothing may be refused."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.codec import Invalid, decode_lenient, decode_query
from tests.protocol.codec_kit import ID, JSON, Optional, Part, Sample


def test_parameters_of_a_query_take_the_type_of_their_field() -> None:
    """In a query string all is text; the field says what it stands for."""
    found = decode_query(
        Sample,
        [("id", ID.upper()), ("count", "7"), ("ratio", "0.5"), ("flag", "true"), ("free", "7")],
    )
    assert (found.count, found.ratio, found.flag, found.free) == (7, 0.5, True, "7")


def test_wrong_unknown_and_repeated_parameters_are_refused() -> None:
    """Which of two values counts is a matter of taste, and so not decided silently."""
    with pytest.raises(Invalid) as caught:
        decode_query(
            Sample,
            [("count", "07"), ("flag", "1"), ("ratio", "1e0"), ("x", "1"), ("id", ID), ("id", ID)],
        )
    assert {error.pointer: error.code for error in caught.value.errors} == {
        "/count": "wrong_type",
        "/flag": "wrong_type",
        "/ratio": "wrong_type",
        "/x": "unknown_field",
        "/id": "repeated",
    }


def test_lenient_reading_keeps_what_fits_and_points_to_the_rest() -> None:
    """Rule 8: an SOS with a wrong field is an SOS, with its place if that is right."""
    found, dropped = decode_lenient(
        Sample,
        {"id": ID, "count": "3", "part": {"name": "ok", "at": "now"}, "y": 1, "flag": True},
    )
    assert found == Sample(id=UUID(ID), part=Part(name="ok"), flag=True)
    assert set(dropped) == {"/count", "/part/at", "/y"}


def test_what_is_wrong_inside_a_part_that_needs_it_drops_the_part() -> None:
    """A fix beside the globe must not keep an SOS from being raised."""
    found, dropped = decode_lenient(Optional, {"part": {"name": 3, "at": None}, "count": 4})
    assert found == Optional(count=4)
    assert dropped == ("/part",)


@settings(deadline=None)
@given(
    JSON
    | st.dictionaries(
        st.sampled_from(["part", "count", "x"]),
        JSON | st.dictionaries(st.sampled_from(["name", "at"]), JSON),
    )
)
def test_lenient_reading_makes_a_command_of_anything(data: object) -> None:
    """With no field required, nothing that is sent can keep an SOS from being raised."""
    found, _ = decode_lenient(Optional, data)
    assert isinstance(found, Optional)
