"""What is written of each thing is a life that the rules know: no state follows from nowhere.

The tables are those of rules.md, written down here once more, and not read from the code. Where
one decision goes through several states the last is written, so those ways are taken as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from protocol.entries import decode_message
from tests.night.books import entries_of
from tests.twins.nodes import World

Ways = Mapping[str, frozenset[str]]


def _ways(text: str) -> Ways:
    """`a > b c` on each line: what may follow a; a second line of the same adds to the first."""
    found: dict[str, frozenset[str]] = {}
    for line in text.strip().splitlines():
        start, _, ends = line.partition(">")
        known = found.get(start.strip(), frozenset())
        found[start.strip()] = known | frozenset(ends.split())
    return found


LIVES: Final[Mapping[str, Ways]] = {
    # Rule 2; who drank too fast elsewhere comes in to rest (Rule 7).
    "sessions": _ways("""
        > active cooling
        active > paused auto_paused cooling closing voided
        paused > active cooling closing voided
        auto_paused > active cooling closing voided
        cooling > active closing
        closing > closed
        """),
    # Rule 8; alerting begins with the press, and an acknowledged one may get louder again.
    "incidents": _ways("""
        > raised notifying acknowledged
        raised > notifying acknowledged resolved false_alarm
        notifying > acknowledged exhausted resolved false_alarm
        exhausted > acknowledged resolved false_alarm
        acknowledged > on_scene notifying resolved false_alarm
        on_scene > resolved false_alarm
        """),
    # Rule 13.
    "tills": _ways("""
        > open
        open > ended closed
        ended > closed
        """),
    "staff_shifts": _ways("""
        > open
        open > on_break ended needs_review
        on_break > open ended needs_review
        needs_review > ended
        """),
    "staff_tasks": _ways("""
        > open
        open > accepted in_progress blocked done cancelled
        accepted > in_progress blocked done open cancelled
        in_progress > blocked done open cancelled
        blocked > in_progress done open cancelled
        """),
    # Rule 9.
    "credit_holds": _ways("""
        > open
        open > captured released expired
        """),
    "transactions": _ways("""
        > pending posted
        pending > posted voided
        posted > voided
        """),
    # Rule 10.
    "refunds": _ways("""
        > requested
        requested > rejected approved processing succeeded failed
        approved > processing succeeded failed
        processing > succeeded failed
        succeeded > failed
        """),
    # Rule 11: a lower rank is ignored; of one rank, only requires_action and processing turn back.
    "payments": _ways("""
        > created requires_action processing
        created > requires_action processing succeeded failed canceled
        created > partially_refunded refunded disputed dispute_won dispute_lost
        requires_action > processing succeeded failed canceled
        requires_action > partially_refunded refunded disputed dispute_won dispute_lost
        processing > requires_action succeeded failed canceled
        processing > partially_refunded refunded disputed dispute_won dispute_lost
        canceled > succeeded partially_refunded refunded disputed dispute_won dispute_lost
        failed > succeeded partially_refunded refunded disputed dispute_won dispute_lost
        succeeded > partially_refunded refunded disputed dispute_won dispute_lost
        partially_refunded > refunded disputed dispute_won dispute_lost
        refunded > disputed dispute_won dispute_lost
        disputed > dispute_won dispute_lost
        """),
    # Rule 14; a check-in that is taken back takes back the arrival.
    "reservations": _ways("""
        > requested confirmed
        requested > confirmed arrived cancelled expired
        confirmed > arrived cancelled no_show
        arrived > completed confirmed
        """),
    "karaoke_queue": _ways("""
        > waiting next singing
        waiting > next singing done skipped
        next > waiting singing done skipped
        singing > done skipped
        """),
    # Rule 7: a case that nobody saw to in time goes to more people, and may be opened again.
    "interventions": _ways("""
        > open
        open > acknowledged escalated closed
        escalated > acknowledged closed open
        acknowledged > escalated closed open
        """),
    # Rule 5.
    "business_days": _ways("""
        > open closed
        open > closed
        """),
}
"""By table: how a thing begins, and what may follow what."""


TAKEN_BACK: Final[Mapping[tuple[str, str, str], str]] = {
    # A booking's deposit pays for its visit. A check-in that fails behind that leaves it as it was.
    ("credit_holds", "released", "open"): "CancelAdmission",
}
"""Ways that are open to one command alone, which takes back an earlier step of a saga."""


def assert_lives_are_legal(world: World) -> None:
    """Each status in the journal follows from the one before; nothing leaves its end."""
    known: dict[tuple[str, tuple[Any, ...]], str] = {}
    for entry in entries_of(world):
        for record in (*entry.changes, *entry.appends):
            table = record.table.name
            if table not in LIVES:
                continue
            key = (table, record.primary_key)
            status: str = record.status.value  # type: ignore[attr-defined]
            before = known.get(key, "")
            if before != status:
                taken_back = TAKEN_BACK.get((table, before, status))
                legal = status in LIVES[table].get(before, frozenset())
                assert legal or (taken_back and _command(world, entry.cause) == taken_back), (
                    f"{key}: {before or 'nothing'} -> {status}: {record}"
                )
            known[key] = status


def _command(world: World, message_id: UUID | None) -> str:
    """The name of what a message asked for."""
    sends = (sent for entry in entries_of(world) for sent in entry.sends)
    found = next((data for id_, data in sends if id_ == message_id), None)
    return "" if found is None else type(decode_message(found).command).__name__
