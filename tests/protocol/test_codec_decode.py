"""Strict reading: nothing is coerced, everything wrong is found, each error points to its place."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import codec_reading
from protocol.codec import Invalid, decode, reader_of
from protocol.errors import Code, FieldError, Refusal
from protocol.limits import FIELD_ERRORS_MAX, LIST_ITEMS_MAX, STRING_CHARS_MAX
from tests.protocol.codec_kit import ID, JSON, Sample


def refusal_of(data: object) -> Refusal | None:
    """The answer to `data`, if it is no Sample."""
    try:
        assert isinstance(decode(Sample, data), Sample)
    except Invalid as error:
        return error.refusal()
    return None


def errors_of(data: object) -> dict[str, str]:
    """Code by pointer of everything that is wrong with `data`."""
    with pytest.raises(Invalid) as caught:
        decode(Sample, data)
    return {error.pointer: error.code for error in caught.value.errors}


FIELDS = [field.name.removesuffix("_") for field in attrs.fields(Sample)]


@settings(deadline=None)
@given(JSON | st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_decoding_gives_an_instance_or_invalid(data: object) -> None:
    """Any other exception would be a 500 that a stranger can cause at will."""
    refused = refusal_of(data)
    assert refused is None or 0 < len(refused.errors) <= FIELD_ERRORS_MAX


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_each_error_points_into_what_was_sent(data: dict[str, Any]) -> None:
    """A form shows the message at the field: a pointer that leads nowhere helps nobody."""
    sent = {"id": ID} | data
    refused = refusal_of(sent)
    for fault in refused.errors if refused else ():
        tokens = fault.pointer.split("/")[1:]
        value: Any = sent
        for index, token in enumerate(tokens):
            missing = fault.code == "required" and index == len(tokens) - 1
            if missing or "…" in token or "?" in token or "�" in token:
                break
            name = token.replace("~1", "/").replace("~0", "~")
            value = value[int(name)] if isinstance(value, list) else value[name]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("count", "3", "wrong_type"),
        ("count", True, "wrong_type"),
        ("count", 1.0, "wrong_type"),
        ("count", None, "wrong_type"),
        ("count", 11, "out_of_range"),
        ("count", -1, "out_of_range"),
        ("amount_minor", 0, "out_of_range"),
        ("any_count", 2**63, "out_of_range"),
        ("any_count", -(2**63) - 1, "out_of_range"),
        ("ratio", float("nan"), "out_of_range"),
        ("ratio", float("inf"), "out_of_range"),
        ("ratio", 10**400, "out_of_range"),
        ("ratio", "1", "wrong_type"),
        ("ratio", False, "wrong_type"),
        ("free", "a\0b", "not_storable"),
        ("free", "\ud800", "not_storable"),
        ("free", "x" * (STRING_CHARS_MAX + 1), "too_long"),
        ("free", 3, "wrong_type"),
        ("bytes", "äöüäö", "too_long"),
        ("flag", 1, "wrong_type"),
        ("flag", "true", "wrong_type"),
        ("at", "2026-03-29", "wrong_form"),
        ("at", "2026-03-29T02:30:00", "wrong_form"),
        ("at", "2026-03-29 02:30:00Z", "wrong_form"),
        ("at", "2026-02-30T02:30:00Z", "wrong_form"),
        ("at", "0001-01-01T00:00:00+14:00", "wrong_form"),
        ("at", "9999-12-31T23:59:59-14:00", "wrong_form"),
        ("at", "1899-12-31T23:59:59Z", "out_of_range"),
        ("at", "3000-01-01T00:00:00Z", "out_of_range"),
        ("at", "2026-03-29T02:30:00+99:00", "wrong_form"),
        ("at", "２026-03-29T02:30:00Z", "wrong_form"),
        ("at", 1774751400, "wrong_type"),
        ("day", "2026-3-1", "wrong_form"),
        ("day", "2026-02-29", "wrong_form"),
        ("day", "0001-01-01", "out_of_range"),
        ("day", "9999-12-31", "out_of_range"),
        ("day", 20260229, "wrong_type"),
        ("id", "01935d2a7c00700080000000000000a1", "wrong_form"),
        ("id", "{01935d2a-7c00-7000-8000-0000000000a1}", "wrong_form"),
        ("id", 5, "wrong_type"),
        ("activity", "LOUNGE", "not_allowed"),
        ("activity", 0, "wrong_type"),
        ("role", "PATRON", "not_allowed"),
        ("role", 1, "wrong_type"),
        ("word", "left", "not_allowed"),
        ("part", [], "wrong_type"),
        ("parts", {}, "wrong_type"),
        ("parts", [{"name": "a"}] * 4, "too_many"),
        ("many", [1] * (LIST_ITEMS_MAX + 1), "too_many"),
        ("counts", [], "wrong_type"),
        ("either", 1.5, "wrong_type"),
        ("prepared", "forged", "unknown_field"),
        ("surprise", 1, "unknown_field"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_at_its_place(
    name: str, value: object, code: str
) -> None:
    """Each of these is taken by some lenient parser, and means something else to the next one."""
    assert errors_of({"id": ID, name: value}) == {f"/{name}": code}


def test_a_value_of_any_shape_is_still_storable() -> None:
    """What goes into jsonb must be JSON, and no deeper than a body may be."""
    deep: Any = 0
    for _ in range(40):
        deep = [deep]
    assert errors_of({"id": ID, "anything": {"a": deep}}) == {"/anything/a": "too_deep"}
    assert errors_of({"id": ID, "anything": {"a": b"x"}}) == {"/anything/a": "wrong_type"}
    plain = {"a": [None, True, 1, 0.5, {"b": "c"}]}
    assert decode(Sample, {"id": ID, "anything": plain}).anything == plain


@pytest.mark.parametrize("odd", [bytes, set[int]])
def test_a_class_with_a_field_that_json_lacks_is_refused_when_it_is_read_first(odd: Any) -> None:
    """A field of bytes would otherwise fail at night, with the first request that has it."""
    made = attrs.make_class("Odd", {"raw": attrs.field(type=odd)})
    with pytest.raises(TypeError, match="can't be read from JSON"):
        reader_of(made)


def test_cattrs_itself_coerces_nothing_any_more() -> None:
    """Its own hooks make 3 of "3"; one that came through would do so silently. Rule 1 integers."""
    assert codec_reading._converter.structure(3, int) == 3
    with pytest.raises(Invalid):
        codec_reading._converter.structure("3", int)


def test_all_errors_are_found_at_once() -> None:
    """Someone who fills in a form wants one answer, not one for each mistake."""
    wrong = {
        "count": 99,
        "part": {"name": "", "at": "now", "x": 1},
        "parts": [{"name": "ok"}, {"name": "Upper"}, {}],
        "counts": {"a/b~c": "x"},
        "anything": {"deep": ["\0"]},
    }
    assert errors_of(wrong) == {
        "/id": "required",
        "/count": "out_of_range",
        "/part/name": "too_short",
        "/part/at": "wrong_form",
        "/part/x": "unknown_field",
        "/parts/1/name": "wrong_form",
        "/parts/2/name": "required",
        "/counts/a~1b~0c": "wrong_type",
        "/anything/deep": "not_storable",
    }


def test_what_is_no_object_is_one_error_at_the_root() -> None:
    """The empty pointer is the whole document (RFC 6901)."""
    assert errors_of([]) == {"": "wrong_type"}


def test_a_rule_between_members_is_asked_once_all_of_them_fit() -> None:
    """Its message would only confuse while its members are wrong themselves."""
    assert errors_of({"id": ID, "count": 10, "flag": True}) == {"/flag": "not_allowed"}
    assert errors_of({"id": ID, "count": 11, "flag": True}) == {"/count": "out_of_range"}


def test_times_become_utc_and_lose_what_is_below_a_millisecond() -> None:
    """Everything inside has whole milliseconds, so that what is stored equals what was decided."""
    sent = {"id": ID, "at": "2026-03-29T04:30:00.1239999+02:00"}
    assert decode(Sample, sent).at == datetime(2026, 3, 29, 2, 30, 0, 123_000, UTC)
    small = decode(Sample, {"id": ID, "at": "2026-03-29t02:30:00z"})
    assert small.at == datetime(2026, 3, 29, 2, 30, tzinfo=UTC)


def test_a_long_list_of_errors_is_cut() -> None:
    """A megabyte of unknown fields must not become ten megabytes of answer."""
    assert len(errors_of({f"f{index}": 1 for index in range(10_000)})) == FIELD_ERRORS_MAX


def test_an_error_can_always_be_written_down() -> None:
    """A pointer repeats what was sent; half a surrogate pair in it would break the answer."""
    with pytest.raises(Invalid) as caught:
        decode(Sample, {"id": ID, "\ud800" + "x" * 500: 1, "activity": "\ud800\0"})
    for fault in caught.value.errors:
        assert len((fault.pointer + fault.detail).encode()) < 500


def test_an_invalid_value_is_a_validation_failure() -> None:
    """The gateway answers any LastLightError with its refusal."""
    refusal = Invalid((FieldError("/a", "required", "is missing"),)).refusal()
    assert refusal.code is Code.VALIDATION_FAILED
    assert refusal.errors[0].pointer == "/a"
