"""Bounds of what people have and do: devices, bookings, songs, lines of an order.

Those of the machinery stand in `protocol.limits`. Each is of one thing of one person or venue.
"""

from __future__ import annotations

from typing import Final

# A visit's own notes
SESSION_DRINKS_MAX: Final = 100
"""Rounds with alcohol that a session remembers one by one; older ones are added up."""
SESSION_LIMITS_TOLD_MAX: Final = 64
"""Tellings of own limits that a session remembers: three limits have six of them a day."""

# Care for patrons (Rule 7)
SESSION_SIGNS_MAX: Final = 100
"""Signs that a session remembers; those of the last minutes are what counts."""
ALERT_PEOPLE_MAX: Final = 500
"""People in one group of an alert: its message has to fit into MAIL_BYTES_MAX."""

# Receipts of alerts (Rule 8)
INCIDENT_RECEIVERS_MAX: Final = 200
"""People of whom an incident remembers that they have its alert; it escalates if there is none."""
BROADCAST_RECEIVERS_MAX: Final = 5_000
"""People of whom a broadcast remembers that they have it: several full houses."""

# Rooms, the menu and stock
RATE_BANDS_MAX: Final = 56
"""Of one room: eight for each weekday."""
RECIPE_PARTS_MAX: Final = 30
ALLERGENS_MAX: Final = 30
STOCK_LINES_MAX: Final = 100
"""Of one movement, which is one entry."""
STOCK_MILLI_MAX: Final = 10**12
"""Of one item on hand, in thousandths: sums stay far inside a bigint."""
RECENT_PLAYERS_MAX: Final = 64
"""People of whom one machine knows that they played it lately."""

# Bookings and the singers' queue (Rule 14)
BOOKING_MINUTES_MAX: Final = 12 * 60
BOOKINGS_PER_PATRON_MAX: Final = 10
"""Bookings of one patron at one venue that are still to come."""
BOOKED_AHEAD_DAYS_MAX: Final = 180
WAITLIST_MAX: Final = 100
"""Parties that stand in one venue's line."""
QUEUE_SONGS_MAX: Final = 100
"""Songs that wait in one room."""

# Staff
SHIFT_HOURS_MAX: Final = 24
"""A planned shift is no longer than this."""
SCHEDULE_WEEKS_AHEAD_MAX: Final = 53
HANDOVER_TASKS_MAX: Final = 200
"""Unfinished tasks that a handover lists; most urgent first."""

# People: devices, preferences, exports
PUSH_DEVICES_MAX: Final = 5
"""Devices of one person that pushes go to."""
PREFERENCES_MAX: Final = 40
"""Settings of accessibility that an app keeps for a person."""
VENUES_TOLD_MAX: Final = 16
"""Venues whose management hears that a guest of theirs keeps out."""
EXPORT_ROWS_PAGE: Final = 1_000
EXPORT_BYTES_MAX: Final = 256 * 1024**2
"""Of one copy of a person's data, before it is packed; with more it fails and is looked at."""

# Places, their settings and their books
PLANNED_SETTINGS_MAX: Final = 20
"""Changes of one venue's settings that wait for their time."""
PLANNED_AHEAD_MAX_S: Final = 366 * 24 * 3600
HOURS_PER_WEEKDAY_MAX: Final = 6
"""Windows of one weekday."""
FLOOR_CLEARED_AT_ONCE: Final = 200
"""Visits that a closing venue ends in one step; more are ended in further steps."""
CHAIN_ROWS_MAX: Final = 1_000_000
"""Rows of a chain of hashes that one request may have verified."""
CHAIN_BATCH_ROWS: Final = 2_000
OPEN_ORDERS_NAMED_MAX: Final = 100
"""Open orders that a day's report names; all of them are counted, and carried."""

# Offline queues
OFFLINE_COMMANDS_MAX: Final = 100
"""Commands in one batch of a device (Rule 12)."""
SYNC_DEVICES_MAX: Final = 20
"""Devices of one account whose queues are known."""

# Wallets
HOLDS_OPEN_MAX: Final = 20
"""Own holds of one person, besides that of the visit."""

# Figures
FIGURES_DAYS_MAX: Final = 400
"""Trading days in one question about figures."""
FORECAST_DAYS_LEAST: Final = 21
"""Closed days without which nothing is forecast: three of each weekday."""
FORECAST_WINDOW_DAYS: Final = 365

# What a room's view holds (Rule 17)
VIEW_LIVE_MAX: Final = 5_000
"""Visits in one view: several times what a venue holds."""
VIEW_ENTRIES_MAX: Final = 2_000
"""Entries of any other section; the oldest goes first."""
VIEW_NEWEST_MAX: Final = 50
"""Of what only ever comes and never ends: notices, voids, restarts."""
VIEW_DAYS_MAX: Final = 2
"""Trading days whose sums a view has."""

# Devices that are heard of no more (tables of the contract)
PUSH_SILENT_DAYS: Final = 270
SYNC_SILENT_DAYS: Final = 180
