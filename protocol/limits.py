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
LEFT_COMMANDS_MAX: Final = 1_024
"""Emergencies journaled without their actor that are remembered until they are durable."""
MAILBOX_AGE_MAX_S: Final = 10.0
GATE_OUTPUTS_MAX: Final = 50_000
EFFECTS_AT_ONCE_MAX: Final = 16
HOPS_MAX: Final = 16
"""Sends in one chain."""
COMMAND_DEADLINE_S: Final = 10.0
RECENT_MESSAGES: Final = 50
"""What an actor's snapshot remembers of the messages it handled."""
DIRECTORY_CHILDREN_MAX: Final = 200_000
"""Children whose owner is remembered; others are asked of the database."""
DEAD_LETTER_BYTES_MAX: Final = 256 * 1024
"""A longer message is kept without its payload: its letter has to fit into an entry."""
FAILURES_BEFORE_RELOAD: Final = 3
FAILURE_WINDOW_S: Final = 60.0
EMERGENCY_AGAIN_S: Final = 10
"""After which the timer of an emergency whose decision raised is due again."""
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
FLUSH_INTERVAL_S: Final = 0.02
"""Least time from one flush to the next, so that a quiet node is not busy flushing."""
FLUSH_LAG_DEGRADED_S: Final = 5.0
STALE_READ_WAIT_S: Final = 2.0

# Rooms (Rule 17)
ROOM_BACKLOG_EVENTS: Final = 512
"""Durable events of a room kept in memory for resuming clients."""
BACKLOG_ROOMS_MAX: Final = 5_000
"""Rooms whose last events are kept in memory; those quiet longest go first."""
CONNECTION_QUEUE_EVENTS: Final = 256
"""Events waiting for one slow connection before it is closed with 4408."""
EVENTS_KEPT_S: Final = 72 * 3600
"""Durable events are kept this long, and longer if their room's view does not hold them yet."""
EVENTS_FORGOTTEN_AT_ONCE: Final = 5_000
ROOM_VIEW_EVENTS_MAX: Final = 1_000
"""Events of a room that may be missing in its kept view; with more it is kept anew."""
ROOM_VIEW_KEPT_S: Final = 12 * 3600
"""A view that events are missing in is kept anew after this long, however few they are."""
ROOM_VIEWS_AT_ONCE: Final = 200
"""Views that one run keeps."""
ROOM_LOADS_AT_ONCE: Final = 3
"""Rooms that are read from the database at once; one connection is left for the write-behind."""

assert ROOM_VIEW_KEPT_S < EVENTS_KEPT_S

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
assert DEAD_LETTER_BYTES_MAX < ENTRY_BYTES_MAX
assert PAGE_ITEMS_DEFAULT <= PAGE_ITEMS_MAX <= LIST_ITEMS_MAX

# Front door
CONNECTIONS_MAX: Final = 20_000
CONNECTIONS_PER_ADDRESS_MAX: Final = 4_096
"""A venue shares one address, so this is several times its capacity. Proxies are not counted."""
HEADER_BYTES_MAX: Final = 16 * 1024
HEADERS_TIMEOUT_S: Final = 10.0
"""From a request's first byte to the end of its headers; also for the TLS handshake."""
BODY_TIMEOUT_S: Final = 30.0
KEEP_ALIVE_S: Final = 75.0
SEND_TIMEOUT_S: Final = 30.0
"""A client that takes no byte of an answer for this long is cut off."""
LINGER_S: Final = 2.0
"""How long a refused body is read and thrown away, so that its sender sees the refusal."""
LINGER_BYTES_MAX: Final = 8 * 1024**2
HTTP2_STREAMS_MAX: Final = 100
HTTP2_RESETS_MAX: Final = 1_000
"""Streams that one connection may take back before it is ended."""
SHUTDOWN_GRACE_S: Final = 10.0

# Realtime connections
SOCKET_MESSAGE_BYTES_MAX: Final = 64 * 1024
SOCKET_HELLO_S: Final = 10.0
SOCKET_PING_S: Final = 25.0
SOCKET_PONG_S: Final = 20.0
SOCKET_TOKEN_GRACE_S: Final = 60.0
"""A new hello is taken this long after the token's end (Rule 16)."""
SOCKET_CLOSE_S: Final = 5.0
"""For the closing handshake, and for the frame a slow client is still being sent."""
SOCKETS_PER_USER_MAX: Final = 20
POLL_S: Final = 25
"""How long a poll for events waits at most."""
POLLS_MAX: Final = 4_096
SOCKETS_PER_ADDRESS_MAX: Final = 4_096
SOCKET_ROOMS_MAX: Final = 32
SOCKET_COMMANDS_MAX: Final = 16
"""Commands of one connection that wait for their answers; the next one waits to be read."""
OUTBOX_STUCK_S: Final = 0.25
"""A client that takes longer for one frame, with CONNECTION_QUEUE_EVENTS waiting, is slow."""
OUTBOX_BURST_MAX: Final = 4_096
"""Events that may wait for a client that was not yet given the time to take any."""
SOCKET_MESSAGES_BURST: Final = 100
SOCKET_MESSAGES_PER_S: Final = 20.0
SOCKET_READ_BYTES: Final = 16 * 1024
"""How much of what a client says is read at a time."""
SOCKET_WRITE_BYTES: Final = 16 * 1024
"""Frames that wait for the same connection go out together until they are this long."""
FAN_OUT_SLICE_S: Final = 0.005
"""How long events are given out before others have their turn."""
FAN_OUT_STEP: Final = 16
"""Connections that are given an event between two looks at the clock."""
FAN_OUT_TOGETHER: Final = 32
"""Events of one room that wait together are given together, so many at most."""
MISSED_FRAMES_MAX: Final = 1_024
"""Events that somebody missed, kept as they were sent; one more, and the oldest is forgotten."""
FAN_OUT_EVENTS_MAX: Final = 4_096
"""Events on their way; with one more the oldest is given out before anything else happens."""

assert SOCKET_MESSAGE_BYTES_MAX <= BODY_BYTES_MAX <= LINGER_BYTES_MAX
assert SOCKETS_PER_ADDRESS_MAX <= CONNECTIONS_PER_ADDRESS_MAX <= CONNECTIONS_MAX
assert SOCKET_PONG_S < SOCKET_PING_S
assert CONNECTION_QUEUE_EVENTS < OUTBOX_BURST_MAX

# Answers
FIELD_ERRORS_MAX: Final = 64
"""Errors that one problem document lists; a body may hold a hundred thousand."""

# Who may ask, and how often (Rule 16)
ACCESS_TOKEN_S: Final = 900
TOKEN_CHARS_MAX: Final = 8 * 1024
"""An access token; longer ones are refused unread."""
TOKENS_CACHED_MAX: Final = 8_192
"""Verified access tokens remembered, so that a signature is checked once and not per request."""
SIGNING_KEYS_MAX: Final = 3
"""The current one, the next one, and the one before, whose tokens may still be alive."""
REVOCATIONS_MAX: Final = 100_000
"""Users and families revoked within ACCESS_TOKEN_S; beyond it everyone's older tokens end."""
PASSWORD_BYTES_MAX: Final = 72
"""bcrypt reads no further; longer ones are refused, never cut."""
BCRYPT_COST: Final = 12
PASSWORD_THREADS: Final = 2
PASSWORDS_WAITING_MAX: Final = 64
"""Passwords in line for a thread: some eight seconds of work."""
RATE_WINDOW_S: Final = 900
RATE_BUCKET_S: Final = 60
"""A window slides in steps of this; it never lets through more than its limit."""
RATE_ADDRESS_MAX: Final = 100
"""Requests without a token, per window and address."""
RATE_USER_MAX: Final = 600
RATE_FAMILY_MAX: Final = 100
"""Refreshes of one token family, per window."""
RATE_KEYS_MAX: Final = 100_000
"""Callers counted at once; beyond it the one idle for longest is forgotten."""

assert RATE_WINDOW_S % RATE_BUCKET_S == 0
assert RATE_ADDRESS_MAX <= RATE_USER_MAX

# Logs, and the process itself
LOG_STRING_CHARS_MAX: Final = 4_096
"""A longer text in a log line is cut there; tracebacks have eight times as much."""
LOOP_STOP_S: Final = 0.05
"""The loop standing still for longer is counted."""

# PostgreSQL: connections and how long each thing with them may take
DATABASE_OWNER_CONNECTIONS: Final = 2
DATABASE_WRITER_CONNECTIONS: Final = 4
DATABASE_READER_CONNECTIONS: Final = 8
DATABASE_WAITING_MAX: Final = 256
"""Callers that wait for a connection of one role; the next is refused at once."""
DATABASE_ACQUIRE_S: Final = 2.0
DATABASE_STATEMENT_S: Final = 10.0
"""A statement that names no time of its own: PostgreSQL gives up at it, the client a bit later."""
DATABASE_GRACE_S: Final = 1.0
"""How much later: the difference tells a slow statement from a server that does not answer."""
DATABASE_CLOSE_S: Final = 0.5

assert DATABASE_CLOSE_S < DATABASE_GRACE_S < DATABASE_ACQUIRE_S < DATABASE_STATEMENT_S

# Journal commits
JOURNAL_COMMIT_BYTES_MAX: Final = 4 * 1024**2
"""One group; what is over it waits for the next."""
JOURNAL_LINE_BYTES_MAX: Final = 64 * 1024**2
"""What may wait for a commit before commands, sends and timers are refused: the disk stalls."""
JOURNAL_RESERVE_RETRY_S: Final = 5.0
"""How often a full disk is asked whether there is room again."""

assert ENTRY_BYTES_MAX <= JOURNAL_COMMIT_BYTES_MAX <= JOURNAL_SEGMENT_BYTES

# Signing in
AUTH_SESSIONS_MAX: Final = 100
"""Signed-in devices of one account; one more signs out the one unused for longest."""
STRANGERS_MAX: Final = 50_000
"""Addresses that nobody has, and that somebody tried to sign in with within RATE_WINDOW_S."""
USER_AGENT_CHARS_MAX: Final = 200

# Rows that the database refused
REFUSED_KEY_CHARS_MAX: Final = 500
REFUSED_REASON_CHARS_MAX: Final = 2_000

# Messages to people, while no provider delivers them
MAIL_FILES_MAX: Final = 10_000
"""Files of the local mailbox; with one more, the oldest goes."""
MAIL_BYTES_MAX: Final = 64 * 1024
"""One message."""

# The payment provider
STRIPE_EVENT_BYTES_MAX: Final = 256 * 1024
"""One webhook; the provider's own are a few KiB."""
PROVIDER_CALL_S: Final = 8.0
"""One call to it; the request that waits for it has COMMAND_DEADLINE_S in all."""
PROVIDER_CALLS_AT_ONCE_MAX: Final = 16
"""Calls under way; the next one waits for a place, within its own PROVIDER_CALL_S."""
PROVIDER_FAILURES_MAX: Final = 5
"""After so many failures in a row it is not asked for PROVIDER_REST_S, but once in each."""
PROVIDER_REST_S: Final = 10.0
PAYMENT_ASKED_S: Final = 600.0
"""How long a poll of one payment is tried, before the next one is due."""
PROVIDER_PAGE_MOST: Final = 100
"""What is asked for at once of a list that it has."""
RECONCILED_ENTRIES_MAX: Final = 20_000
"""Charges, refunds and disputes of one day that are compared."""
RECONCILED_DAYS_AT_ONCE: Final = 100
"""Days of venues that one run compares; the rest is due in the next."""
RECONCILED_ASKED_MOST: Final = 50
"""Of our entries that the provider did not list, those that it is asked for one by one."""

assert PROVIDER_CALL_S < COMMAND_DEADLINE_S
assert STRIPE_EVENT_BYTES_MAX <= BODY_BYTES_MAX

# Who is there, and who has received an alert
PRESENCE_REMEMBERED_MAX: Final = 20_000
"""Users without a connection of whom it is known when they were last seen."""
STAFF_SILENT_S: Final = 4
"""A connection of staff whose other end takes or answers nothing for this long is lost."""
PRESENCE_RIGHT_S: Final = 5.0
"""A connection that was lost without a word is known to be after this long."""
ALERTS_KNOWN_MAX: Final = 1_024
"""Alerts whose receipts are taken; those before it went out long ago."""
RECEIPTS_WAITING_MAX: Final = 20_000
"""Receipts that venues have not been told of; more are let go, and may be sent again."""
RECEIPTS_BATCH_MAX: Final = 500
"""Receipts in one message to a venue, which is told of one batch at a time."""
RECEIPTS_EVERY_S: Final = 0.2
RECEIPTS_AGAIN_S: Final = 1.0

assert STAFF_SILENT_S < PRESENCE_RIGHT_S
