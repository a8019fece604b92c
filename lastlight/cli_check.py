"""Looks at everything a node needs before it starts, and changes nothing.

A finding that doesn't work is what would keep the node from starting; a provider that is off keeps
nobody from anything but itself. A node that runs holds its journal and database, which is well.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import attrs
import trio

from lastlight.auth.keys import load_keys
from lastlight.cli_errors import leaves_of
from lastlight.integrations.notifications.apns import read_signing_key
from lastlight.integrations.notifications.fcm import read_service_account
from lastlight.settings import Settings
from protocol.errors import LastLightError
from storage.postgres.database import open_asyncio_loop, open_database
from storage.postgres.migrate import pending
from storage.postgres.place import PACKAGE

DATABASE_WAIT_S: Final = 15.0


@attrs.frozen
class Finding:
    """One thing that was looked at."""

    what: str
    words: str
    works: bool = True
    off: bool = False

    @property
    def mark(self) -> str:
        """A short word for the start of a line."""
        if not self.works:
            return "FAILS"
        return "off  " if self.off else "ok   "


async def check_node(settings: Settings) -> list[Finding]:
    """Look at all parts, in the order in which a node opens them."""
    return [
        _attempt("data directory", lambda: check_data_dir(settings.data_dir)),
        _attempt("journal", lambda: check_journal(settings.data_dir / "journal")),
        await check_database(settings),
        _attempt("signing keys", lambda: check_keys(settings)),
        *_check_tls(settings),
        *check_providers(settings),
    ]


def _attempt(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, look())
    except LastLightError as error:
        return Finding(what, str(error), works=False)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return Finding(what, f"{where}{error.strerror}", works=False)


def check_data_dir(data_dir: Path) -> str:
    """Whether the folder is there and ours, or could be made.

    Raises:
        OSError: neither.
    """
    if data_dir.is_dir():
        if not os.access(data_dir, os.W_OK | os.X_OK):
            raise PermissionError(0, "is not writable for this user", str(data_dir))
        return f"{data_dir}"
    there = next(folder for folder in data_dir.absolute().parents if folder.exists())
    if not there.is_dir():
        raise NotADirectoryError(0, "is no folder", str(there))
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(
            0, "is not writable for this user, so nothing can be made in it", str(there)
        )
    return f"{data_dir} will be made"


def check_journal(folder: Path) -> str:
    """Whether the journal is there, and in use.

    Raises:
        OSError: it may not be read.
    """
    if not folder.exists():
        return "none yet; the first start makes it"
    count = len(list(folder.glob("*.segment")))
    used = ", in use by a running node" if is_locked(folder / "lock") else ""
    return f"{count} segments{used}"


def is_locked(path: Path) -> bool:
    """Whether another process holds the lock of this file; it is let go at once if not."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


async def check_database(settings: Settings) -> Finding:
    """Whether the database answers and its schema fits; an embedded one is not started for it."""
    if settings.database_url is None:
        if find_spec(PACKAGE) is None:
            missing = (
                f"the package {PACKAGE} is not installed; install it, or set LASTLIGHT_DATABASE_URL"
            )
            return Finding("database", missing, works=False)
        made = (settings.data_dir / "postgres").exists()
        return Finding("database", f"embedded, {'made already' if made else 'made at first start'}")
    try:
        with trio.fail_after(DATABASE_WAIT_S):
            async with open_asyncio_loop(), open_database(settings.database_url) as database:
                missing_count = len(await pending(database))
    except* LastLightError as group:
        trouble = "; ".join(str(error) for error in leaves_of(group))
    except* trio.TooSlowError:
        trouble = f"no answer within {DATABASE_WAIT_S:g} s"
    else:
        todo = f"; {missing_count} migrations pending, applied at start" if missing_count else ""
        return Finding("database", f"answers{todo}")
    return Finding("database", trouble, works=False)


def check_keys(settings: Settings) -> str:
    """Whether tokens can be signed.

    Raises:
        KeysUnusable: the file can't be read, or holds something else.
    """
    own = settings.data_dir / "keys" / "signing.pem"
    if settings.jwt_keys is None and not own.exists():
        return "none yet; the first start makes them"
    ring = load_keys(settings.jwt_keys or own)
    return f"{len(ring.keys)}, the current one is {ring.current.kid[:12]}…"


def _check_tls(settings: Settings) -> Iterator[Finding]:
    """Both files must be readable; what is in them the door reads."""
    for what, path in (("certificate", settings.tls_certificate), ("key", settings.tls_key)):
        if path is not None:

            def look(path: Path = path) -> str:
                with path.open("rb"):
                    return str(path)

            yield _attempt(f"TLS {what}", look)


def check_providers(settings: Settings) -> Iterator[Finding]:
    """Which of the outside services are used."""
    if settings.stripe_api_key is None:
        yield Finding("card payments", "LASTLIGHT_STRIPE_API_KEY is not set", off=True)
    else:
        yield Finding("card payments", f"Stripe, at {settings.stripe_api_base}")
    if not settings.stripe_webhook_secret:
        yield Finding("payment webhooks", "LASTLIGHT_STRIPE_WEBHOOK_SECRET is not set", off=True)
    else:
        yield Finding("payment webhooks", f"{len(settings.stripe_webhook_secret)} live secrets")
    for way, given, through in (
        ("push to Android", settings.fcm_credentials, settings.fcm_url),
        ("push to iPhones", settings.apns_key, settings.apns_url),
        ("e-mail", settings.smtp_url, f"as {settings.smtp_from}"),
        ("SMS and calls", settings.twilio_account, settings.twilio_url),
        ("contact outside", settings.contact_url, str(settings.contact_url)),
    ):
        if given is None:
            yield Finding(way, "not set up; messages go to the folder mail/", off=True)
        else:
            yield _attempt(way, partial(check_provider, settings, way, through))


def check_provider(settings: Settings, way: str, through: str) -> str:
    """Whether a provider's key can be read; nothing is sent.

    Raises:
        LastLightError: it can't.
    """
    if way == "push to Android" and settings.fcm_credentials is not None:
        project = read_service_account(settings.fcm_credentials).project_id
        return f"through {through}, project {project}"
    if way == "push to iPhones" and settings.apns_key is not None:
        read_signing_key(settings.apns_key)
        return f"through {through}, topic {settings.apns_topic}"
    return through if way == "e-mail" else f"through {through}"
