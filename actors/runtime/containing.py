"""The one place where any exception is caught: a bug in one piece of work harms no other.

A decision mutates nothing and an effect is tried again, so what raised can be left as it was. What
the runtime knows, `LastLightError`, passes: whoever asked acts on it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

import attrs

from protocol.errors import LastLightError

P = ParamSpec("P")
T = TypeVar("T")


@attrs.frozen(eq=False)
class Bug:
    """The work raised what it never should."""

    error: Exception


def contained_now(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | Bug:
    """As `contained`, for work that waits for nothing.

    Raises:
        LastLightError: the work did.
    """
    try:
        return work(*args, **kwargs)
    except LastLightError:
        raise
    except Exception as error:  # noqa: BLE001 - the one place
        return Bug(error)


async def contained(work: Callable[[], Awaitable[T]]) -> T | Bug:
    """What the work returns, or what went wrong with it.

    Raises:
        LastLightError: the work did.
    """
    try:
        return await work()
    except LastLightError:
        raise
    except Exception as error:  # noqa: BLE001 - the one place
        return Bug(error)
