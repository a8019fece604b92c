"""Logs: every line is JSON, tells its request, and no secret is in any of them."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import threading
import time
from typing import Any

import attrs
import pytest
import structlog
import trio

from lastlight.logs import ForeignLines, bound_request, configure_logging, log_request
from lastlight.redaction import REDACTED, redact, redact_text
from protocol.limits import LOG_STRING_CHARS_MAX

JWT = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
PROOF = "A" * 43


@attrs.frozen
class LogIn:
    email: str
    password: str
    token_version: int


class Written(io.StringIO):
    """A stream that is read line by line as JSON."""

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def written() -> Written:
    """Logging as a node does it."""
    stream = Written()
    configure_logging(level="info", stream=stream)
    return stream


def test_a_line_says_when_where_how_bad_and_what(written: Written) -> None:
    """Whoever searches the log at night searches by these."""
    structlog.get_logger("lastlight.test").warning("flush is late", lag_s=7, venue=None)
    (line,) = written.lines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line.pop("at"))
    assert line == {
        "event": "flush is late",
        "lag_s": 7,
        "level": "warning",
        "logger": "lastlight.test",
        "venue": None,
    }


def test_below_the_level_nothing_is_written(written: Written) -> None:
    """Debug lines cost time and room; they are asked for, not given."""
    structlog.get_logger("x").debug("no")
    logging.getLogger("library").info("no")
    assert written.lines() == []


async def test_each_requests_lines_carry_its_own_id(written: Written) -> None:
    """Requests interleave; without the id nobody could tell their lines apart."""
    log = structlog.get_logger("x")

    async def handle(request_id: str) -> None:
        with bound_request(request_id):
            await trio.lowlevel.checkpoint()
            log.info("handled", request=request_id)

    async with trio.open_nursery() as nursery:
        for n in range(5):
            nursery.start_soon(handle, str(n))
    log.info("idle")
    *handled, idle = written.lines()
    assert all(line["request_id"] == line["request"] for line in handled)
    assert "request_id" not in idle


def test_an_answered_request_has_one_line_like_all_others(written: Written) -> None:
    """It is made by hand, and must be found by the same names and read by the same programs."""
    log_request("id-1", "CheckIn", 201, 0.01234)
    structlog.get_logger("lastlight.test").info("other", request_id="id-2")
    line, other = written.lines()
    assert line.keys() == other.keys() | {"operation", "status", "ms"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line.pop("at"))
    assert line == {
        "event": "request",
        "operation": "CheckIn",
        "status": 201,
        "ms": 12.3,
        "request_id": "id-1",
        "level": "info",
        "logger": "lastlight.gateway.http",
    }
    configure_logging(level="warning", stream=written)
    log_request("id-1", "CheckIn", 201, 0.01)
    assert len(written.lines()) == 2


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "access_token",
        "refresh_tokens",
        "Authorization",
        "X-Api-Key",
        "qr_token",
        "pin",
        "duress_pin",
        "client_secret",
        "stripe_webhook_secret",
        "private_key",
        "jwt",
        "Set-Cookie",
        "database_url",
        "Stripe-Signature",
    ],
)
def test_a_secret_is_known_by_its_name_at_any_depth(name: str, written: Written) -> None:
    """Command bodies and headers get logged whole sooner or later."""
    structlog.get_logger("x").info("body", **{name: "geheim"}, data={"inner": [{name: "geheim"}]})
    assert "geheim" not in written.getvalue()
    assert written.lines()[0][name] == REDACTED


@pytest.mark.parametrize(
    "text",
    [
        JWT,
        f"GET /ws?x={JWT}",
        "Authorization: Bearer geheim",
        "Bearer geheim",
        "LogIn(email='a', password='geheim x', y=1)",
        '{"refresh_token": "geheim", "a": 1}',
        "POST /x?reset_token=geheim&a=1",
        f"family {'0' * 32}.7.{PROOF}",
        f"code {'B' * 40}.{PROOF}",
        "$2b$12$" + "a" * 53,
        "postgresql://user:geheim@db:5432/x",
        "sk_live_geheim",
        "whsec_geheim",
        "pi_123_secret_geheim",
        "-----BEGIN PRIVATE KEY-----\ngeheim\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\ngeheim",
    ],
)
def test_a_secret_is_known_by_its_form_wherever_it_stands(text: str, written: Written) -> None:
    """Exceptions quote what they choke on, in messages that nobody wrote with logs in mind."""
    log = structlog.get_logger("x")
    log.info(text)
    log.info("said", detail=text, key={text: 1})
    try:
        raise ValueError(text)
    except ValueError:
        log.exception("failed")
    logging.getLogger("library").error("%s", text)
    for secret in ("geheim", JWT, PROOF, "a" * 53):
        assert secret not in written.getvalue()
    assert len(written.lines()) == 4


def test_an_object_is_shown_without_its_secrets(written: Written) -> None:
    """A repr carries all fields; and what is no secret is still worth reading."""
    structlog.get_logger("x").info("refused", command=LogIn("a@b.example", "geheim", 3))
    (line,) = written.lines()
    assert "geheim" not in line["command"]
    assert "token_version=3" in line["command"]


def test_what_is_no_secret_stays() -> None:
    """A log of nothing but redactions helps nobody."""
    kept = {
        "code": "not_found",
        "token_version": 3,
        "keys": 2,
        "shipping": "x",
        "detail": "mailbox of venue/00000000-0000-7000-8000-000000000001 is full (256 messages)",
        "url": "http://127.0.0.1:3000/api/sessions/active",
    }
    assert redact(kept) == kept


def test_long_and_deep_values_are_cut() -> None:
    """One request must not fill the disk, and a cut must not uncover half a secret."""
    text = "x" * (LOG_STRING_CHARS_MAX - 20) + " " + "eyJ" + "a" * 20 + "." + "b" * 400 + ".c"
    cut = redact_text(text)
    assert "eyJ" not in cut
    assert len(cut) < LOG_STRING_CHARS_MAX + 50
    nested: list[object] = []
    nested.append(nested)
    assert "nested deeper" in json.dumps(redact(nested))
    assert len(redact(list(range(1000)))) == 100  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "piece", ["x", "a_secret", 'token="', "://a:", "eyJ.", "-----BEGIN ", "$2b$"]
)
def test_no_text_makes_the_log_slow(piece: str) -> None:
    """Text comes from clients; a pattern that tries all ways through it would stop the loop."""
    began = time.perf_counter()
    redact_text(piece * (LOG_STRING_CHARS_MAX // len(piece)))
    assert time.perf_counter() - began < 0.5


def test_an_uncaught_exception_is_a_line_too(written: Written) -> None:
    """The last words of a process are the ones most worth having, in a thread as well."""
    try:
        raise ExceptionGroup("both", [ValueError("one"), KeyError("password='geheim'")])
    except ExceptionGroup as error:
        sys.excepthook(type(error), error, error.__traceback__)

    def fail() -> None:
        raise RuntimeError("in a thread")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    first, second = written.lines()
    assert (first["event"], first["level"]) == ("uncaught exception", "critical")
    assert "ValueError: one" in first["exception"]
    assert "in a thread" in second["exception"]
    assert "geheim" not in written.getvalue()


def test_a_closed_log_stops_nothing(written: Written) -> None:
    """The terminal may be gone; the night goes on."""
    written.close()
    structlog.get_logger("x").error("nobody hears this")


def test_a_librarys_broken_line_is_still_a_line(written: Written) -> None:
    """Wrong arguments to a log call must not become an exception in a handler."""
    told = {"name": "library", "msg": "%d apples", "args": ("no",), "levelno": logging.ERROR}
    ForeignLines().handle(logging.makeLogRecord(told))
    assert "%d apples" in written.lines()[0]["event"]
