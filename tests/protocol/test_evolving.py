"""Other fields for the same value: what all decisions make their changes with."""

from __future__ import annotations

import attrs
import pytest

from protocol.evolving import evolve


@attrs.frozen(kw_only=True)
class _Thing:
    name: str
    _hidden: int = 1
    size: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    double: int = attrs.field(init=False)

    @double.default
    def _double_of_size(self) -> int:
        return 2 * self.size


@attrs.frozen(kw_only=True)
class _Named:
    value: int
    changes: int


@attrs.frozen(kw_only=True)
class _Sub(_Named):
    more: int


def test_what_is_not_named_stays_and_what_follows_is_worked_out_anew() -> None:
    """A field that is forgotten would lose somebody's money; one that is kept too long, too."""
    thing = _Thing(name="a", hidden=7, size=3)
    other = evolve(thing, size=5)
    assert other == _Thing(name="a", hidden=7, size=5) == attrs.evolve(thing, size=5)
    assert (thing.size, other.double) == (3, 10)


def test_a_field_that_is_not_there_is_a_bug() -> None:
    """A misspelt name must not pass for a change that was made."""
    with pytest.raises(TypeError, match="sise"):
        evolve(_Thing(name="a"), sise=5)
    with pytest.raises(TypeError, match="vlaue"):
        evolve(_Named(value=1, changes=2), vlaue=5)


def test_a_value_that_a_new_one_refuses_is_refused() -> None:
    """Validators hold for changes as for beginnings."""
    with pytest.raises(ValueError, match="size"):
        evolve(_Thing(name="a"), size=-1)


def test_a_field_may_be_named_as_the_function_s_own() -> None:
    """A setting's row has a `value`, which a keyword of the function's own would stand against."""
    assert evolve(_Named(value=1, changes=2), value=3) == _Named(value=3, changes=2)
    assert evolve(_Sub(value=1, changes=2, more=4), changes=3) == _Sub(value=1, changes=3, more=4)


def test_what_was_made_of_another_can_be_changed_as_little() -> None:
    """Copies are made without asking the class; they are no less its values for that."""
    made = evolve(_Named(value=1, changes=2), value=3)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        made.value = 4  # type: ignore[misc]
