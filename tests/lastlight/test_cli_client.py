"""Commands that ask a running node: over HTTP, with its refusals in plain words."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

from lastlight.cli import main
from lastlight.cli_client import length_of
from tests.lastlight.cli_kit import TinyNode, open_tiny_node

ACTOR = {
    "actor_type": "session",
    "actor_id": "018f0000-0000-7000-8000-000000000001",
    "state": "idle",
    "mailbox_depth": 0,
    "oldest_ms": None,
    "messages": 12,
    "last_message_at": "2026-01-01T20:00:00.000Z",
    "restarts": 0,
    "age_ms": 61_000,
    "rows": 4,
    "memory_bytes": 4_096,
}
DETAIL = {
    "actor": ACTOR,
    "snapshot": {"session": {"status": "active", "display_name": "***"}},
    "timers": [{"name": "meter", "due_at": "2026-01-01T20:01:00.000Z", "command": "Tick"}],
    "recent": [
        {
            "command": "PauseSession",
            "at": "2026-01-01T20:00:00.000Z",
            "waited_ms": 0.1,
            "took_ms": 0.25,
            "result": "invalid_transition",
        }
    ],
    "failures": ["AssertionError: the meter ran backwards"],
    "waiting": 1,
    "keys": 3,
    "position": 77,
}
SECOND = {**ACTOR, "actor_id": "018f0000-0000-7000-8000-000000000002", "last_message_at": None}
LOGIN = "POST /api/auth/login"


@pytest.fixture
def node() -> Iterator[TinyNode]:
    """Knows one account and two actors on two pages."""
    pages: dict[str, tuple[int, Any]] = {
        LOGIN: (200, {"access_token": "a.b.c"}),
        "GET /api/admin/actors?limit=100": (
            200,
            {"items": [ACTOR], "totals": {"session": 2, "staff": 0}, "next_cursor": "more"},
        ),
        "GET /api/admin/actors?limit=100&cursor=more": (
            200,
            {"items": [SECOND], "totals": {"session": 2, "staff": 0}, "next_cursor": None},
        ),
        f"GET /api/admin/actors/session/{ACTOR['actor_id']}": (200, DETAIL),
        "GET /api/admin/actors?limit=100&actor_type=venue": (
            403,
            {"code": "forbidden", "detail": "only owners look at actors"},
        ),
    }
    with open_tiny_node(pages) as opened:
        yield opened


def test_token_prints_the_token_alone(
    node: TinyNode, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`TOKEN=$(lastlight token …)` is how it is used."""
    monkeypatch.setenv("LASTLIGHT_PASSWORD", "correct horse")
    assert main(["token", "a@example.org", "--url", f"{node.url}/"]) == 0
    assert capsys.readouterr().out == "a.b.c\n"
    assert node.asked[0][2] == {"email": "a@example.org", "password": "correct horse"}


def test_token_reads_the_password_from_standard_input(
    node: TinyNode, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A password on the line would stand in the list of processes."""
    monkeypatch.setattr("sys.stdin", io.StringIO("from a pipe\n"))
    assert main(["token", "a@example.org", "--url", node.url, "--password-stdin"]) == 0
    assert node.asked[0][2]["password"] == "from a pipe"
    assert capsys.readouterr().out == "a.b.c\n"


def test_without_a_password_or_a_terminal_token_says_where_to_put_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script must fail, not hang at a prompt that nobody sees."""
    monkeypatch.delenv("LASTLIGHT_PASSWORD", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main(["token", "a@example.org"]) == 1
    assert "LASTLIGHT_PASSWORD or use --password-stdin" in capsys.readouterr().err


def test_a_refusal_is_its_code_and_its_reason(
    node: TinyNode, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The node has said it well; nothing is added."""
    monkeypatch.setenv("LASTLIGHT_PASSWORD", "wrong")
    node.answers[LOGIN] = (401, {"code": "invalid_credentials", "title": "Wrong password"})
    assert main(["token", "a@example.org", "--url", node.url]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "lastlight: invalid_credentials: Wrong password\n"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nowhere"])
def test_where_no_node_is_the_line_asks_whether_one_runs(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The usual cause of a refused connection."""
    monkeypatch.setenv("LASTLIGHT_TOKEN", "a.b.c")
    assert main(["actors", "list", "--url", url]) == 1
    told = capsys.readouterr().err
    assert "is a node running there?" in told
    assert told.count("\n") == 1


def test_the_node_to_ask_may_be_named_once_for_all_commands(
    node: TinyNode, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An operator of a node elsewhere would else repeat its address in each line."""
    monkeypatch.setenv("LASTLIGHT_URL", node.url)
    node.answers.clear()
    assert main(["actors", "list", "--token", "t"]) == 1
    assert f"{node.url}/api/admin/actors" in capsys.readouterr().err
    assert main(["actors", "list", "--token", "t", "--url", "nowhere"]) == 1
    assert "no answer from nowhere" in capsys.readouterr().err


def test_what_is_no_node_is_told_apart(node: TinyNode, capsys: pytest.CaptureFixture[str]) -> None:
    """Another server may listen on the port."""
    node.answers.clear()
    assert main(["actors", "list", "--url", node.url, "--token", "t"]) == 1
    assert "answered 404 without JSON; is it a node?" in capsys.readouterr().err


def test_actors_list_follows_the_cursor_to_the_end(
    node: TinyNode, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A list that stops at its first page hides the actor that is looked for."""
    monkeypatch.setenv("LASTLIGHT_TOKEN", "from-the-environment")
    assert main(["actors", "list", "--url", node.url]) == 0
    shown = capsys.readouterr().out
    assert f"session {ACTOR['actor_id']}" in shown
    assert f"session {SECOND['actor_id']}" in shown
    assert "1 min 1 s" in shown
    assert shown.rstrip().endswith("2 session")
    assert node.asked[0][1]["Authorization"] == "Bearer from-the-environment"


def test_actors_list_of_one_kind_asks_for_it(
    node: TinyNode, capsys: pytest.CaptureFixture[str]
) -> None:
    """The node filters; it has more actors than one wants to read."""
    line = ["actors", "list", "--kind", "venue", "--url", node.url, "--token", "t"]
    assert main(line) == 1
    assert capsys.readouterr().err == "lastlight: forbidden: only owners look at actors\n"


def test_actors_show_tells_everything_of_one_actor(
    node: TinyNode, capsys: pytest.CaptureFixture[str]
) -> None:
    """State, timers, what it handled and how long that took: what an operator asks for."""
    line = ["actors", "show", "session", ACTOR["actor_id"], "--url", node.url, "--token", "t"]
    assert main([str(word) for word in line]) == 0
    shown = capsys.readouterr().out
    for words in (
        "12 messages handled",
        "version 77",
        "PauseSession",
        "0.25 ms",
        "invalid_transition",
        "meter",
        "failed: AssertionError: the meter ran backwards",
        '"status": "active"',
    ):
        assert words in shown


def test_an_id_can_not_leave_its_path(node: TinyNode, capsys: pytest.CaptureFixture[str]) -> None:
    """What is typed as an id is an id, whatever is in it."""
    line = ["actors", "show", "session", "../../me?x=1", "--url", node.url, "--token", "t"]
    assert main(line) == 1
    assert node.asked[0][0] == "GET /api/admin/actors/session/..%2F..%2Fme%3Fx%3D1"
    assert "404" in capsys.readouterr().err


def test_actors_without_a_token_say_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next step stands in the message."""
    monkeypatch.delenv("LASTLIGHT_TOKEN", raising=False)
    assert main(["actors", "list"]) == 1
    assert "LASTLIGHT_TOKEN=$(lastlight token" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0 s"),
        (59_999, "59 s"),
        (60_000, "1 min 0 s"),
        (3_660_000, "1 h 1 min"),
        (90_000_000, "1 d 1 h"),
    ],
)
def test_lengths_of_time_are_read_at_a_glance(milliseconds: int, text: str) -> None:
    """Nobody reads 90000000 ms."""
    assert length_of(milliseconds) == text
