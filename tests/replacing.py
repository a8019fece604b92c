"""Something else in the place of a limit, a source of chance or a function, while a block runs.

For runs that have no pytest around them. What stands in the place is real: the same function with a
step before it, or a fault that the simulator plants.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def replaced(place: object, name: str, by: object) -> Iterator[None]:
    """`place.name` is `by` until the block is left.

    Raises:
        KeyError: the name is not `place`'s own.
    """
    before = vars(place)[name]
    setattr(place, name, by)
    try:
        yield
    finally:
        setattr(place, name, before)
