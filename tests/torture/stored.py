"""A node of processes and files as a night that the simulator's oracle can be asked about.

Its tables are PostgreSQL's as they stood in one moment, its journal is the files on the disk up to
that moment, and what was answered is what everybody heard over HTTP and sockets. The laws
themselves are those of `tests.simulation.oracle`, word for word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import attrs
import trio

from protocol.entries import EntryRows, decode_rows
from protocol.records.analytics import DailyMetric, PatronAnalytics, RevenueProjection
from protocol.records.base import RECORDS, Record
from protocol.records.platform import NotificationDelivery
from protocol.records.staff import StaffPerformance
from storage.postgres.database import Connection
from storage.postgres.mapping import RecordMapping, mapping_of
from tests.night.books import fold
from tests.simulation.asking import Sent
from tests.simulation.clocks import KeepingClock
from tests.simulation.disks import KeepingDisk
from tests.simulation.gathering import Answered, Looked
from tests.torture.journal import JournalCopy
from tests.torture.memory import Memory
from tests.twins.people import Heard

READ_S: Final = 120.0
Rows = dict[str, dict[tuple[Any, ...], Record]]
BESIDES: Final = frozenset(
    kind.table.name
    for kind in (
        NotificationDelivery, DailyMetric, StaffPerformance, PatronAnalytics, RevenueProjection,
    )
)  # fmt: skip
"""Tables that are not written from the journal: who was reached, and figures of past days."""
_POSITION: Final = "select position from runtime.flush"
_ASIDE: Final = "select table_name, row_key, error from runtime.refused_rows"
_UNSENT: Final = "select count(*) from runtime.pending_sends"


@attrs.define(eq=False)
class Tables:
    """Rows by table and key, in the order in which the journal first has them."""

    _rows: Rows
    looked: Counter[str]
    kept_aside: Sequence[object]

    @property
    def rows(self) -> Rows:
        """All that the journal has to hold too."""
        found = {name: rows for name, rows in self._rows.items() if name not in BESIDES}
        self.looked.update({name: len(rows) for name, rows in found.items()})
        return found

    def table(self, record: type[Record]) -> Mapping[tuple[Any, ...], Any]:
        """One table, by primary key."""
        found = self._rows[record.table.name]
        self.looked[record.table.name] = len(found)
        return found


def _a_clock_that_is_right() -> KeepingClock:
    return KeepingClock(steps=[(timedelta(), timedelta())])


@attrs.define(eq=False)
class CountedDisk(KeepingDisk):
    """A disk that notes when a law reads the journal, and decodes each entry once.

    All laws read all of it, and it is more than a cache that forgets would hold.
    """

    looked: Counter[str] = attrs.field(factory=Counter, kw_only=True)
    rows: list[EntryRows] = attrs.field(factory=list)

    def known(self) -> list[bytes]:
        """All entries, oldest first."""
        self.looked["entries"] = len(self.history)
        return self.history

    def decoded(self) -> list[EntryRows]:
        """The same, read."""
        self.rows.extend(decode_rows(data) for data in self.known()[len(self.rows) :])
        return self.rows


@attrs.frozen
class Done:
    """What was done outside; nobody outside tells it here."""

    done: Sequence[Any] = ()


@attrs.define(eq=False)
class StoredWorld:
    """Stands for `tests.twins.nodes.World`."""

    disk: CountedDisk
    database: Tables
    clock: KeepingClock = attrs.field(factory=_a_clock_that_is_right)
    effects: Done = Done()


@attrs.define(eq=False)
class StoredNight:
    """Stands for `tests.simulation.night.Night`, over all cycles of an evening."""

    world: StoredWorld
    memory: Memory
    looked: Counter[str]
    """How many rows and entries of what a law was shown."""
    unanswered: Mapping[str, object] = attrs.field(factory=dict)
    """Everybody asks again until there is an answer, before anything is looked at."""

    @property
    def now(self) -> datetime:
        """The time of all who are here."""
        return datetime.now(UTC)

    @property
    def asked(self) -> Mapping[str, Sent]:
        """Everything that anybody asked for, by its key."""
        self.looked["requests"] = len(self.memory.asked)
        return self.memory.asked

    @property
    def answered(self) -> Sequence[Answered]:
        """What was answered well, in the order of the answers."""
        self.looked["answers"] = len(self.memory.answered)
        return [*self.memory.answered.values()]

    @property
    def answers(self) -> list[tuple[Sent, Heard]]:
        """The same, to be struck off."""
        return [(one.sent, one.heard) for one in self.answered]

    @property
    def looks(self) -> Sequence[Looked]:
        """What wallets were seen to hold."""
        self.looked["looks"] = len(self.memory.looks)
        return self.memory.looks


@attrs.define(eq=False)
class Store:
    """A node's journal and tables, read again and again into one night."""

    journal: JournalCopy
    night: StoredNight

    @classmethod
    def of(cls, directory: Path, memory: Memory) -> Store:
        """What is in a journal's directory, and nothing of any table yet."""
        looked: Counter[str] = Counter()
        disk = CountedDisk(looked=looked)
        world = StoredWorld(disk, Tables({}, looked, ()))
        return cls(JournalCopy(directory, disk), StoredNight(world, memory, looked))

    async def read(self, connection: Connection) -> bool:
        """Take all up to one moment, in which nothing is on its way; False if something is."""
        await trio.to_thread.run_sync(self.journal.read_on)
        async with connection.transaction(isolation="repeatable read", readonly=True):
            position = (await connection.fetch(_POSITION))[0]["position"]
            unsent = (await connection.fetch(_UNSENT))[0]["count"]
            if unsent or position != self.journal.last_n:
                return False
            found = {}
            for name, record in RECORDS.items():
                mapping = mapping_of(record)
                sql = f"select {mapping.columns_sql} from {mapping.table_sql}"
                rows = await connection.fetch(sql, timeout_s=READ_S)
                found[name] = (mapping, rows)
            aside = await connection.fetch(_ASIDE)
        read = await trio.to_thread.run_sync(self._in_order, found)
        self.night.world.database = Tables(read, self.night.looked, [dict(row) for row in aside])
        return True

    def _in_order(self, found: Mapping[str, tuple[RecordMapping[Any], Sequence[Any]]]) -> Rows:
        """Rows as the journal first has them; what it has not comes last."""
        kept = {
            name: {row.primary_key: row for row in mapping.from_rows(rows)}
            for name, (mapping, rows) in found.items()
        }
        ordered: Rows = {name: {} for name in kept}
        written = fold(self.night.world.disk.decoded())
        for name, key in written:
            if key in kept[name]:
                ordered[name][key] = kept[name].pop(key)
        return {name: ordered[name] | kept[name] for name in kept}
