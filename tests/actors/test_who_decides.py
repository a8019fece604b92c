"""Each row has one owner, and each key that must be unique one actor that decides it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pytest

from lastlight.behaviours import BEHAVIOURS
from protocol.addresses import ActorKind
from protocol.ownership import ANYBODY, NOBODY, OWNERS
from protocol.records.base import RECORDS
from storage.postgres import loader  # noqa: F401 - brings every record in

DECIDED_BY: Final[Mapping[tuple[str, tuple[str, ...]], str]] = {
    ("identities", ("email",)): "identity: one actor per address, whatever its case",
    ("identities", ("user_id",)): "identity: an id made in the decision that takes the address",
    ("users", ("email",)): "identity, which the address must pass first",
    ("user_roles", ("user_id", "venue_id", "role")): "venue, or platform for every venue",
    ("sessions_auth", ("token_hash",)): "account: the hash is of family and number",
    ("auth_tokens", ("token_hash",)): "account: a secret of 256 bits, or the user in the hash",
    ("push_devices", ("user_id", "device_id")): "account",
    ("user_limits", ("user_id", "kind", "period")): "account",
    ("payment_methods", ("provider_id",)): "account: the provider names one for one customer",
    ("payments", ("provider_id",)): "account: the provider's id of our payment id",
    ("payments", ("transaction_id",)): "account, whose transaction it is",
    ("transactions", ("payment_id", "kind")): "account, by (payment, kind)",
    ("refunds", ("provider_ref",)): "account: the provider's id of our refund id",
    ("disputes", ("provider_id",)): "account of the payment",
    ("receipts", ("venue_id", "number")): "write-behind, under the lock of the chain",
    ("ledger_journals", ("venue_id", "seq")): "write-behind, under the lock of the chain",
    ("ledger_journals", ("transaction_id", "source")): "account: sources count within it",
    ("ledger_accounts", ("code", "currency")): "write-behind: the id follows from both",
    ("sessions", ("user_id",)): "account, by its open visit",
    ("session_segments", ("session_id", "seq")): "session",
    ("safety_logs", ("venue_id", "seq")): "write-behind, under the lock of the chain",
    ("audit_log", ("venue_id", "seq")): "write-behind, under the lock of the chain",
    ("incident_events", ("incident_id", "seq")): "venue, by the incident's version",
    ("venue_settings", ("venue_id", "key")): "venue",
    ("karaoke_queue", ("room_id",)): "venue: one next singer a room",
    ("tills", ("venue_id", "drawer")): "venue, by the drawer in use",
    ("tills", ("staff_id",)): "staff",
    ("staff_shifts", ("staff_id",)): "staff",
    ("drawers_in_use", ("venue_id", "drawer")): "venue",
    ("business_days", ("venue_id", "z_number")): "venue, when it closes the day",
    ("games", ("venue_id", "asset_tag")): "venue",
    ("karaoke_rooms", ("venue_id", "name")): "venue",
    ("menu_items", ("venue_id", "sku")): "venue",
    ("stock_movements", ("ref_id", "item_id", "kind")): "venue",
    ("revenue_projections", ("venue_id", "target_day", "made_at")): "the job that makes them",
    ("event_outbox", ("room", "seq")): "runtime: numbers are given when the entry is appended",
}
"""For each unique key besides the primary one: who decides it, and by what."""


def test_every_table_has_its_owners_and_nothing_else_is_listed() -> None:
    """A table without an owner would be anybody's to write, and nobody's to answer for."""
    assert set(OWNERS) == set(RECORDS)


def test_every_unique_key_is_decided_by_somebody() -> None:
    """A key that only the database decides is an error after the answer was given."""
    keys = {
        (name, unique.columns) for name, record in RECORDS.items() for unique in record.table.unique
    }
    assert keys - {(table, columns) for table, columns in DECIDED_BY if table in RECORDS} == set()
    assert set(DECIDED_BY) - keys <= {("event_outbox", ("room", "seq"))}


@pytest.mark.parametrize("kind", [kind for kind in ActorKind if kind is not ActorKind.OUTSIDE])
def test_an_actor_loads_all_rows_that_it_owns_or_says_whose_they_are(kind: ActorKind) -> None:
    """What an actor loads without owning it would change under its feet."""
    foreign = {
        read.record.table.name
        for read in BEHAVIOURS[kind].reads
        if kind not in OWNERS[read.record.table.name]
    }
    assert foreign == set()


def test_nobody_and_anybody_are_not_meant_together() -> None:
    """The two words say opposite things."""
    assert not NOBODY & ANYBODY
