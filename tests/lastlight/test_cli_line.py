"""The command line: a person's mistake is one clear line, and secrets are never shown."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path

import pytest

from lastlight import cli_commands
from lastlight.asyncapi import asyncapi_document
from lastlight.cli import main
from lastlight.cli_check import Finding, check_data_dir, check_journal, is_locked
from lastlight.cli_errors import leaves_of
from lastlight.settings import Settings
from storage.journal.files import lock_directory, unlock


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Nothing of the developer's own settings or data is seen."""
    for name in [name for name in os.environ if name.startswith("LASTLIGHT_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    "line",
    [
        [],
        ["sing"],
        ["serve", "--port", "70000"],
        ["serve", "--port", "door"],
        ["demo", "--speed", "9"],
        ["demo", "--patrons", "0"],
        ["actors", "list", "--kind", "ghost"],
        ["actors", "show", "session"],
        ["token"],
    ],
)
def test_a_line_that_means_nothing_is_answered_with_its_usage(
    line: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A typing error must not start a node, nor look like a crash."""
    with pytest.raises(SystemExit) as ended:
        main(line)
    assert ended.value.code == 2
    assert "usage: lastlight" in capsys.readouterr().err


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """The help is the first thing that a newcomer reads."""
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for name in ("serve", "demo", "migrate", "check", "openapi", "asyncapi", "token", "actors"):
        assert name in shown


@pytest.mark.parametrize("command", ["serve", "check", "demo", "migrate"])
def test_a_wrong_setting_is_one_line_without_a_traceback(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever misspelt a setting needs its name, not the source of the server."""
    monkeypatch.setenv("LASTLIGHT_PROT", "3000")
    assert main([command]) == 1
    told = capsys.readouterr().err
    assert told.startswith("lastlight: unknown setting LASTLIGHT_PROT")
    assert "did you mean LASTLIGHT_PORT?" in told
    assert told.count("\n") == 1


def test_at_level_debug_the_traceback_follows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who looks for the cause can have all of it."""
    monkeypatch.setenv("LASTLIGHT_LOG_LEVEL", "debug")
    monkeypatch.setenv("LASTLIGHT_PORT", "door")
    assert main(["check"]) == 1
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert told.splitlines()[-1].startswith("lastlight: LASTLIGHT_PORT")


def test_check_shows_the_settings_but_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    """Its output is what people paste when they ask for help."""
    monkeypatch.setenv("LASTLIGHT_STRIPE_API_KEY", "sk_live_abcdef")
    monkeypatch.setenv("LASTLIGHT_STRIPE_WEBHOOK_SECRET", "whsec_one,whsec_two")
    assert main(["check", "--port", "4000"]) == 0
    shown = capsys.readouterr().out
    assert "LASTLIGHT_PORT = 4000" in shown
    assert "LASTLIGHT_STRIPE_API_KEY = ********" in shown
    assert "payment webhooks: 2 live secrets" in shown
    assert "sk_live" not in shown
    assert "whsec" not in shown
    assert not (home / ".local").exists(), "looking makes nothing"


def test_check_fails_if_the_data_directory_can_not_be_made(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A deployment asks this before it stops the old node."""
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    assert main(["check", "--data-dir", str(tmp_path / "file" / "data")]) == 1
    assert "FAILS data directory" in capsys.readouterr().out


def test_check_fails_if_the_keys_hold_something_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A node that can't sign tokens lets nobody in, and would say so only at its start."""
    keys = tmp_path / "keys.pem"
    keys.write_text("nothing", encoding="utf-8")
    keys.chmod(0o600)
    monkeypatch.setenv("LASTLIGHT_JWT_KEYS", str(keys))
    assert main(["check"]) == 1
    assert "FAILS signing keys" in capsys.readouterr().out


def test_check_fails_if_the_database_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The address is the setting that is wrong most often; its password is not shown."""
    monkeypatch.setenv("LASTLIGHT_DATABASE_URL", "postgresql://me:hush@127.0.0.1:1/lastlight")
    assert main(["check"]) == 1
    shown = capsys.readouterr().out
    assert "FAILS database: " in shown
    assert "hush" not in shown


def test_a_running_node_is_noticed_and_left_alone(tmp_path: Path) -> None:
    """Checking beside a running node must neither fail nor take its lock."""
    journal = tmp_path / "journal"
    assert "none yet" in check_journal(journal)
    held = lock_directory(journal)
    assert check_journal(journal) == "0 segments, in use by a running node"
    unlock(held)
    assert check_journal(journal) == "0 segments"
    assert not is_locked(journal / "lock")
    assert str(tmp_path) in check_data_dir(tmp_path)


def test_a_finding_is_marked_for_the_eye() -> None:
    """Off is not broken: a venue without cards is a venue."""
    marks = [Finding("a", "b"), Finding("a", "b", off=True), Finding("a", "b", works=False)]
    assert [finding.mark.strip() for finding in marks] == ["ok", "off", "FAILS"]


def test_openapi_prints_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    """Client generators read it from a pipe, without a node."""
    assert main(["openapi"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["openapi"].startswith("3.1")
    assert "/api/sessions/checkin" in document["paths"]


def test_asyncapi_prints_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    """Generators of clients for sockets read it the same way; it is what a node serves."""
    assert main(["asyncapi"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(asyncapi_document()))


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),  # noqa: S104
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
        ("door.example", "http://door.example:80"),
    ],
)
def test_the_address_that_is_shown_can_be_opened(host: str, url: str, tmp_path: Path) -> None:
    """Nobody can connect to 0.0.0.0 from a browser."""
    assert cli_commands.url_of(Settings(data_dir=tmp_path, host=host), 80) == url


def test_a_taken_port_is_noticed(tmp_path: Path) -> None:
    """The demo then takes another, instead of sending a newcomer to look for a process."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = Settings(data_dir=tmp_path, port=taken.getsockname()[1])
        assert cli_commands.is_taken(settings)
    assert not cli_commands.is_taken(settings)


def test_the_program_is_named_as_it_can_be_called(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A hint that does not work when it is copied is worse than none."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / ".venv" / "bin" / "lastlight")])
    assert cli_commands.program_name() == ".venv/bin/lastlight"
    monkeypatch.setattr(sys, "argv", ["cli.py"])
    assert cli_commands.program_name() == "lastlight"


def test_errors_are_found_however_deep_they_are_wrapped() -> None:
    """Nurseries wrap errors in groups, and groups in groups."""
    first, second = ValueError("one"), OSError("two")
    group = BaseExceptionGroup("", [BaseExceptionGroup("", [first]), second])
    assert list(leaves_of(group)) == [first, second]
