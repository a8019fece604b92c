"""The statements of ../sql, parameters by name; asyncpg prepares each once a connection."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import asyncpg

SQL = Path(__file__).parent.parent / "sql"
_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")


class Query:
    """One statement."""

    def __init__(self, name: str) -> None:
        self._names: list[str] = []
        self.text = _PARAMETER.sub(self._numbered, (SQL / f"{name}.sql").read_text())

    def _numbered(self, found: re.Match[str]) -> str:
        if found[1] not in self._names:
            self._names.append(found[1])
        return f"${self._names.index(found[1]) + 1}"

    def arguments(self, values: dict[str, Any]) -> list[Any]:
        """The values in the order of the statement's parameters."""
        return [values[name] for name in self._names]

    async def row(self, pool: asyncpg.Pool, **values: Any) -> Any:
        """The first row, or None."""
        return await pool.fetchrow(self.text, *self.arguments(values))

    async def rows(self, pool: asyncpg.Pool, **values: Any) -> list[Any]:
        """All rows."""
        found: list[Any] = await pool.fetch(self.text, *self.arguments(values))
        return found


async def _leave_as_is(_: object) -> None:
    """No statement here leaves anything behind in its connection, so nothing is to be reset."""


async def open_pool(database: dict[str, Any], size: int) -> asyncpg.Pool:
    """`size` connections, all open from the start."""
    return await asyncpg.create_pool(
        **database,
        min_size=size,
        max_size=size,
        max_inactive_connection_lifetime=0,
        reset=_leave_as_is,
        # The statements are large and their plans do not depend on values.
        server_settings={"plan_cache_mode": "force_generic_plan"},
    )
