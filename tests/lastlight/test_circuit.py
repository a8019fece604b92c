"""Leaving alone who does not answer, and finding out that they are back."""

from __future__ import annotations

from lastlight.integrations.circuit import Circuit


class Clock:
    """Stands still until told otherwise."""

    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


def test_after_failures_in_a_row_one_call_in_each_rest_finds_out_for_all() -> None:
    """Everybody else is told at once, instead of waiting for a whole bound."""
    clock = Clock()
    circuit = Circuit(failures_max=2, rest_s=10, clock=clock)
    circuit.failed()
    assert circuit.let_through()
    circuit.failed()
    assert (circuit.rests, circuit.let_through()) == (True, False)
    clock.s += 10
    assert [circuit.let_through() for _ in range(3)] == [True, False, False]
    circuit.failed()
    assert not circuit.let_through()
    clock.s += 10
    assert circuit.let_through()
    circuit.answered()
    assert (circuit.rests, circuit.let_through()) == (False, True)


def test_failures_that_are_not_in_a_row_count_for_nothing() -> None:
    """A busy provider may fail one call in ten for ever."""
    circuit = Circuit(failures_max=2, rest_s=10, clock=Clock())
    for _ in range(5):
        circuit.failed()
        circuit.answered()
    assert circuit.let_through()
