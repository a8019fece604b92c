"""A commit that is cut off: what the twin's disk has of it is all or nothing, as SQLite has it."""

from __future__ import annotations

from random import Random

from tests.twins.journal_disk import MemoryDisk, row_of

GROUP = [b"one", b"", b"three" * 40]


def test_a_row_that_is_cut_anywhere_is_not_there() -> None:
    """No prefix of a group is ever read: an answer stands for all that it waited for."""
    row = row_of(1, GROUP, 0.0)
    for length in range(len(row)):
        disk = MemoryDisk(tail=row[:length])
        disk.settle()
        assert (disk.known(), disk.tail) == ([], b""), f"{length} of {len(row)} bytes"


def test_a_row_whose_parts_came_in_another_order_is_not_there() -> None:
    """A disk may write a later page before an earlier one; the checksum tells."""
    row, random = row_of(1, GROUP, 0.0), Random(1)
    for _ in range(100):
        spoilt = bytearray(row)
        spoilt[random.randrange(len(row))] ^= 1 << random.randrange(8)
        if spoilt[:16] != row[:16]:
            continue  # Only SQLite's own header has the number and the time.
        disk = MemoryDisk(tail=bytes(spoilt))
        disk.settle()
        assert disk.known() == []


def test_a_whole_row_is_there_though_nobody_was_told() -> None:
    """Who died after the last byte has done it, and whoever asks again by its key hears so."""
    disk = MemoryDisk(tail=row_of(1, GROUP, 0.0))
    disk.settle()
    assert disk.known() == GROUP
    assert disk.last_n == len(GROUP)
