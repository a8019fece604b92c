"""PostgreSQL as the suite sees it: `psql` on a server's socket, as the owner of everything.

Nothing here goes through a measured server, so none of them can say what is not so.
"""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import quote

from storage.postgres.initialise import DATABASE, USER
from storage.postgres.place import INSTALLATION, PACKAGE, find_place

STATEMENTS_S: Final = 120.0
"""What one call may take."""


class DatabaseFailed(Exception):
    """PostgreSQL refused a statement of the suite's, or is not there."""


def database_url(postgres_dir: Path) -> str:
    """Where the embedded server of that folder listens while it runs."""
    place = find_place(postgres_dir)
    return f"postgresql://{USER}@/{DATABASE}?host={quote(str(place.socket_dir), safe='')}"


def program(name: str) -> Path:
    """A program of PostgreSQL's own, such as `psql` or `pgbench`, of the version that is served."""
    # Found and not imported: the package warns of a machine without a runtime folder, and is slow.
    found = importlib.util.find_spec(PACKAGE)
    assert found is not None
    assert found.submodule_search_locations, "PostgreSQL comes in a package"
    return Path(found.submodule_search_locations[0]) / INSTALLATION / "bin" / name


def run_sql(url: str, sql: str | bytes) -> str:
    """Run statements in one transaction; returns rows as lines of columns with tabs between.

    Raises:
        DatabaseFailed: one of them failed, so none of them happened.
    """
    argv = [str(program("psql")), url, "-X", "-q", "-A", "-t", "-1", "-F", "\t"]
    done = subprocess.run(
        [*argv, "-v", "ON_ERROR_STOP=1", "-f", "-"],
        input=sql.encode() if isinstance(sql, str) else sql,
        check=False,
        capture_output=True,
        timeout=STATEMENTS_S,
    )
    if done.returncode != 0:
        raise DatabaseFailed(done.stderr.decode(errors="replace")[:2_000])
    return done.stdout.decode()
