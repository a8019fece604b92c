"""Where a node keeps what: the folders and files of its data directory.

Not readable by others; the directory itself may be passed through, because PostgreSQL runs as a
user of its own when the node is root.
"""

from __future__ import annotations

import os
from pathlib import Path

import attrs

from protocol.errors import LastLightError


class DataDirUnusable(LastLightError):
    """The data directory can't be made or written; the message says which and why."""


@attrs.frozen(kw_only=True)
class Places:
    """Paths in the data directory."""

    journal: Path
    postgres: Path
    mail: Path
    exports: Path
    signing_keys: Path
    refresh_secret: Path
    code_secret: Path


def make_places(data_dir: Path) -> Places:
    """The places of a data directory, made if it is not there.

    Raises:
        DataDirUnusable: it can't be.
    """
    keys = data_dir / "keys"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        data_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
        keys.mkdir(mode=0o700, exist_ok=True)
        keys.chmod(0o700)
    except OSError as error:
        raise DataDirUnusable(
            f"the data directory {data_dir} can't be used: {error.strerror}; choose another with"
            " --data-dir or LASTLIGHT_DATA_DIR"
        ) from error
    return Places(
        journal=data_dir / "journal",
        postgres=data_dir / "postgres",
        mail=data_dir / "mail",
        exports=data_dir / "exports",
        signing_keys=keys / "signing.pem",
        refresh_secret=keys / "refresh",
        code_secret=keys / "codes",
    )
