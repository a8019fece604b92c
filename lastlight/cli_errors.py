"""How an error reaches the person at the command line: a line, whatever it was wrapped in."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator


def tell_of(error: BaseException) -> None:
    """One line on standard error for each error in a group; the same words only once."""
    if os.environ.get("LASTLIGHT_LOG_LEVEL", "").lower() == "debug":
        traceback.print_exception(error)
    for words in dict.fromkeys(" ".join(str(leaf).split()) for leaf in leaves_of(error)):
        sys.stderr.write(f"lastlight: {words}\n")


def leaves_of(error: BaseException) -> Iterator[BaseException]:
    """The errors in a group, however deep, or the error itself."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves_of(inner)
    else:
        yield error
