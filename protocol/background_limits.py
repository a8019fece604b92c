"""Bounds of what goes on beside requests: effects on their way out, and jobs."""

from __future__ import annotations

from typing import Final

# Effects
EFFECT_TRY_S: Final = 60.0
"""One try, where the performer has no shorter bound."""
EXPORT_TRY_S: Final = 1800.0
"""One copy of a person's data, or the last of one erasure."""
EFFECT_TRIES_MAX: Final = 40
"""Since the node started; with the waits below that is a working day."""
EFFECT_AGE_MAX_S: Final = 24 * 3600.0
"""Since the decision: what was not done by then is given up and kept for the operator."""
EFFECT_WAIT_FIRST_S: Final = 1.0
EFFECT_WAIT_MAX_S: Final = 900.0
"""Between two tries, whatever a provider asks for."""
EFFECT_BUG_TRIES_MAX: Final = 3
"""Of an effect that fails as it never should: it may be passing, and is given up soon."""
EFFECT_REASON_CHARS_MAX: Final = 500
EFFECTS_GIVEN_UP_SHOWN: Final = 50
"""Of what was given up, the newest that an operator is shown."""
EFFECTS_STUCK_TRIES: Final = 3
"""An effect that failed as often and waits still is told of in `/readyz`."""

assert EFFECT_WAIT_FIRST_S <= EFFECT_WAIT_MAX_S <= EFFECT_AGE_MAX_S

# Jobs
JOBS_AT_ONCE_MAX: Final = 3
JOB_TIME_MAX_S: Final = 900.0
"""One run; what is left is done by the next."""
JOB_AGAIN_FIRST_S: Final = 60.0
JOB_AGAIN_MAX_S: Final = 3600.0
"""Between tries of a job that fails."""
JOB_ERROR_CHARS_MAX: Final = 500
RETENTION_ROWS_AT_ONCE: Final = 1_000
"""Rows that one statement forgets: the write-behind waits for no more than that."""
RETENTION_ROWS_MAX: Final = 200_000
"""Of one table in one run; the rest waits for the next."""
TIMERS_FORGOTTEN_ACTORS_MAX: Final = 500
"""Actors that are asked in one run to forget timers that fired long ago."""
SILENT_ACCOUNTS_MAX: Final = 500
"""Accounts that are asked in one run to forget devices that were silent for long."""
