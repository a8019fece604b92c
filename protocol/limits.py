"""Every bound of the node in one place, with their relations asserted at import.

Units stand last in each name. A bound that is reached always has an answer: what is refused, to
whom, and what to do; nothing waits without end and nothing is dropped silently.
"""

from __future__ import annotations

from typing import Final

# Journal
ENTRY_BYTES_MAX: Final = 1024 * 1024
"""One actor's outcome, encoded."""
JOURNAL_BYTES_MAX: Final = 8 * 1024**3
"""All segments together; a share of it is kept for sends, timers and emergencies."""
JOURNAL_COMMAND_SHARE: Final = 0.80
"""Of JOURNAL_BYTES_MAX: above it new commands are refused."""
JOURNAL_INTERNAL_SHARE: Final = 0.95
"""Of JOURNAL_BYTES_MAX: above it sends and timers are refused too."""
JOURNAL_SEGMENT_BYTES: Final = 64 * 1024**2
JOURNAL_MEMORY_BYTES_MAX: Final = 64 * 1024**2
"""Unflushed entries held in memory; older ones are read from disk."""
JOURNAL_RETENTION_S: Final = 72 * 3600
"""Flushed entries are kept this long, so that a restored database catches up by itself."""

# Mailboxes, gate, sagas
MAILBOX_COMMANDS_MAX: Final = 256
MAILBOX_EMERGENCY_MAX: Final = 64
"""Room besides MAILBOX_COMMANDS_MAX that only emergency commands may take."""
MAILBOX_AGE_MAX_S: Final = 10.0
GATE_OUTPUTS_MAX: Final = 50_000
HOPS_MAX: Final = 16
"""Sends in one chain."""
COMMAND_DEADLINE_S: Final = 10.0
RECENT_MESSAGES: Final = 50
"""What an actor's snapshot remembers of the messages it handled."""
DEAD_LETTERS_MAX: Final = 1_000
FAILURES_BEFORE_RELOAD: Final = 3
FAILURE_WINDOW_S: Final = 60.0
ACTOR_IDLE_S: Final = 900.0
"""An actor other than venue and platform retires after this long without a message."""

# Idempotency (Rule 12)
IDEMPOTENCY_KEEP_S: Final = 7 * 24 * 3600
IDEMPOTENCY_ANSWER_KEEP_S: Final = 900
IDEMPOTENCY_KEY_CHARS_MAX: Final = 255

# Timers
TIMER_HORIZON_S: Final = 24 * 3600
"""Timers due later are paged in when their time comes near."""
TIMERS_PAGE: Final = 10_000

# Write-behind and queries
FLUSH_ENTRIES_MAX: Final = 2_000
FLUSH_BYTES_MAX: Final = 8 * 1024**2
FLUSH_LAG_DEGRADED_S: Final = 5.0
STALE_READ_WAIT_S: Final = 2.0

# Rooms (Rule 17)
ROOM_BACKLOG_EVENTS: Final = 512
"""Durable events of a room kept in memory for resuming clients."""
CONNECTION_QUEUE_EVENTS: Final = 256
"""Events waiting for one slow connection before it is closed with 4408."""

# What a request may be
BODY_BYTES_MAX: Final = 1024 * 1024
JSON_DEPTH_MAX: Final = 32
STRING_CHARS_MAX: Final = 2_000
LIST_ITEMS_MAX: Final = 200
PAGE_ITEMS_MAX: Final = 100
PAGE_ITEMS_DEFAULT: Final = 50
INT64_MAX: Final = 2**63 - 1
MINOR_MAX: Final = 10**12
"""Any amount of money, in minor units."""

assert JOURNAL_COMMAND_SHARE < JOURNAL_INTERNAL_SHARE < 1
assert ENTRY_BYTES_MAX <= FLUSH_BYTES_MAX <= JOURNAL_SEGMENT_BYTES <= JOURNAL_MEMORY_BYTES_MAX
assert PAGE_ITEMS_DEFAULT <= PAGE_ITEMS_MAX <= LIST_ITEMS_MAX
