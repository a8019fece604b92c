"""Logs: one JSON object a line on standard error, with the request's id and without secrets.

Whatever is logged passes `redaction` last: tracebacks, other libraries' lines and uncaught
exceptions included. A log that can't be written never stops the node.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import threading
from collections.abc import MutableMapping
from contextvars import ContextVar, Token
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, TextIO

import attrs
import structlog

from lastlight.redaction import redact_member, redact_text
from protocol.limits import LOG_STRING_CHARS_MAX

_TRACEBACK_CHARS_MAX: Final = 8 * LOG_STRING_CHARS_MAX
_LEVELS: Final = {
    name: getattr(logging, name.upper()) for name in ("debug", "info", "warning", "error")
}

EventDict = MutableMapping[str, Any]

_request_id: Final[ContextVar[str | None]] = ContextVar("request_id", default=None)


@attrs.frozen
class Lines:
    """Where a named logger's lines end up."""

    name: str
    stream: TextIO

    def msg(self, line: str) -> None:
        """Write one line; if nobody takes it any more, the night goes on without."""
        with contextlib.suppress(OSError, ValueError):
            self.stream.write(line + "\n")
            self.stream.flush()

    debug = info = warning = error = critical = exception = msg


@attrs.define
class _RequestLines:
    """Where the lines of answered requests go; nowhere until logging is configured."""

    lines: Lines | None = None


_requests: Final = _RequestLines()


def _request(_logger: Any, _method: str, event: EventDict) -> EventDict:
    if (request_id := _request_id.get()) is not None:
        event.setdefault("request_id", request_id)
    return event


def _name(logger: Any, _method: str, event: EventDict) -> EventDict:
    event["logger"] = logger.name
    return event


def _without_secrets(_logger: Any, _method: str, event: EventDict) -> EventDict:
    traceback = event.pop("exception", None)
    cleaned: EventDict = {name: redact_member(name, value) for name, value in event.items()}
    if traceback is not None:
        cleaned["exception"] = redact_text(str(traceback), chars_max=_TRACEBACK_CHARS_MAX)
    return cleaned


def _line(_logger: Any, _method: str, event: EventDict) -> str:
    return json.dumps(event, ensure_ascii=False)


class ForeignLines(logging.Handler):
    """Brings what libraries log with the standard module into the same lines."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(record.name)
        log.log(min(record.levelno, logging.CRITICAL), _message(record), exc_info=record.exc_info)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return f"{record.msg} (its arguments do not fit)"


def configure_logging(*, level: str, stream: TextIO | None = None) -> None:
    """Make this process log as described above, for good.

    Args:
        level: `debug`, `info`, `warning` or `error`; other libraries are heard from `warning` on.
        stream: standard error if None.
    """
    lines = stream or sys.stderr
    structlog.configure(
        processors=[
            _request,
            structlog.processors.add_log_level,
            _name,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            _without_secrets,
            _line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=lambda *names: Lines(names[0] if names else "lastlight", lines),
        cache_logger_on_first_use=False,
    )
    _requests.lines = Lines("lastlight", lines) if _LEVELS[level] <= logging.INFO else None
    logging.basicConfig(
        handlers=[ForeignLines()], level=max(_LEVELS[level], logging.WARNING), force=True
    )
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(
        args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
    )


def _uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    log = structlog.get_logger("lastlight")
    log.critical("uncaught exception", exc_info=(kind, error, traceback))


class bound_request:  # noqa: N801 - used like a function
    """Every line logged inside, by this task or one it starts, carries the request's id."""

    __slots__ = ("_before", "_id")

    def __init__(self, request_id: str) -> None:
        self._id = request_id

    def __enter__(self) -> None:
        self._before: Token[str | None] = _request_id.set(self._id)

    def __exit__(self, *_: object) -> None:
        _request_id.reset(self._before)


def log_request(request_id: str, operation: str, status: int, elapsed_s: float) -> None:
    """Write the line of an answered request, if `info` is asked for.

    Made by hand: all of it is our own, so there is nothing to redact, and the way through the
    processors was a sixth of what a small request cost (`docs/decisions/`, what a command costs).
    """
    if _requests.lines is not None:
        at = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
        _requests.lines.msg(
            f'{{"event": "request", "operation": "{operation}", "status": {status}, '
            f'"ms": {elapsed_s * 1000:.1f}, "request_id": "{request_id}", "level": "info", '
            f'"logger": "lastlight.gateway.http", "at": "{at}Z"}}'
        )
