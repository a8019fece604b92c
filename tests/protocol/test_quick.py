"""Frozen values that are made quickly: the same values as attrs would make."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

import attrs
import pytest

from protocol.quick import quick
from protocol.records.base import RECORDS


@attrs.frozen
class _Slow:
    name: str
    parts: tuple[str, ...] = ()
    size: int = attrs.field(default=0, kw_only=True)
    notes: Mapping[str, int] = attrs.field(factory=dict, kw_only=True)


@quick
@attrs.frozen
class _Quick:
    name: str
    parts: tuple[str, ...] = ()
    size: int = attrs.field(default=0, kw_only=True)
    notes: Mapping[str, int] = attrs.field(factory=dict, kw_only=True)


@attrs.frozen
class _More(_Quick):
    more: int = 1


@quick
@attrs.frozen(kw_only=True)
class _Checked:
    size: int = attrs.field(validator=attrs.validators.ge(0))


def test_a_quick_value_is_what_attrs_would_have_made() -> None:
    """By place, by name and by default; and each has what is made for it alone."""
    for given, named in ((("a",), {}), (("a", ("b",)), {"size": 3}), ((), {"name": "c"})):
        quick_one, slow_one = _Quick(*given, **named), _Slow(*given, **named)
        assert attrs.asdict(quick_one) == attrs.asdict(slow_one)
        assert type(quick_one) is _Quick
    assert _Quick("a") == _Quick("a") != _Quick("b")
    assert _Quick("a").notes is not _Quick("a").notes


def test_a_quick_value_is_frozen() -> None:
    """Decisions share values with the state: nobody may change one."""
    made = _Quick("a")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        made.size = 4  # type: ignore[misc]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        del made.size


def test_what_is_missing_or_unknown_is_a_bug() -> None:
    """A misspelt field must not pass for one that was given."""
    with pytest.raises(TypeError, match="name"):
        _Quick()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="sise"):
        _Quick("a", sise=3)  # type: ignore[call-arg]


def test_a_class_made_of_a_quick_one_is_itself() -> None:
    """Documents are answers with more."""
    made = _More("a", more=2)
    assert (type(made), made.name, made.more) == (_More, "a", 2)


def test_what_checks_its_fields_goes_on_checking() -> None:
    """Only what does nothing but fill its fields is made another way."""
    with pytest.raises(ValueError, match="size"):
        _Checked(size=-1)


@pytest.mark.parametrize("kind", RECORDS.values(), ids=lambda kind: kind.__name__)
def test_every_record_takes_its_columns_by_name(kind: type) -> None:
    """What is loaded, journaled and decided is made by the same names."""
    names = [field.name for field in attrs.fields(kind)]
    taken = list(inspect.signature(kind).parameters.values())
    assert [parameter.name for parameter in taken] == names
    assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in taken)
