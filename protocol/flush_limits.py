"""Bounds of the flush: how its lag is told, who may come in meanwhile, and its own process.

How much is flushed at once, and when a node counts as degraded, stands in `limits`.
"""

from __future__ import annotations

from typing import Final

from protocol.limits import (
    COMMAND_DEADLINE_S,
    ENTRY_BYTES_MAX,
    FLUSH_BYTES_MAX,
    FLUSH_ENTRIES_MAX,
    FLUSH_LAG_DEGRADED_S,
)

FLUSH_MARK_S: Final = 0.05
"""Least time between two looks at the journal that the lag is told from."""
FLUSH_MARKS_MAX: Final = 512
"""Beyond it, every second look is forgotten, so that a long outage is told less exactly."""

FLUSH_LAG_SLOW_S: Final = 3.0
"""Above it commands are let in as the flush gets further, so that the lag stays below
FLUSH_LAG_DEGRADED_S."""
ADMISSION_STILL_S: Final = 2.0
"""A flush that got no further for so long is stuck and not slow: nobody waits for it."""
ADMISSION_COMMAND_ENTRIES: Final = 4
"""Entries that a command usually leads to (a purchase, a check-in)."""
ADMISSION_SHARE_MIN: Final = 0.1
"""Of what the flush does, so much at least may come in anew, however late it is."""
ADMISSION_HOLD_S: Final = 2.5
"""Longer than ADMISSION_STILL_S: while the flush stands still for a moment, commands wait and none
is refused; then either it goes on, or it is stuck and they are let in."""
ADMISSION_LOOK_S: Final = 0.05
ADMISSION_WAITING_MAX: Final = 1_000

FLUSH_PROCESS_FAILURES_MAX: Final = 10
"""So often in a row the flush process may end without getting further before the node does."""
FLUSH_FRAME_BYTES_MAX: Final = FLUSH_BYTES_MAX + ENTRY_BYTES_MAX + 64 * FLUSH_ENTRIES_MAX
"""A batch as it goes to the flush process: entries, a last one that is over, and their heads."""

assert ADMISSION_STILL_S < FLUSH_LAG_SLOW_S
assert FLUSH_LAG_SLOW_S < FLUSH_LAG_DEGRADED_S
assert ADMISSION_STILL_S < ADMISSION_HOLD_S < COMMAND_DEADLINE_S
