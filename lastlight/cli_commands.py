"""What each command of the line does; `cli` reads the line and tells of errors.

Each takes the parsed line and returns an exit code. Imports that take long stand in the functions,
so that asking for a token doesn't load a web server and a database driver first.
"""

# ruff: noqa: PLC0415 - see above

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import sys
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import attrs
import trio
from rich.console import Console

from lastlight.logs import configure_logging
from lastlight.settings import PREFIX, Settings, load_settings
from protocol.errors import LastLightError

if TYPE_CHECKING:
    from lastlight.compose import Running

TOKEN_VARIABLE: Final = "LASTLIGHT_TOKEN"  # noqa: S105 - where it is, not what it is
PASSWORD_VARIABLE: Final = "LASTLIGHT_PASSWORD"  # noqa: S105
URL_VARIABLE: Final = "LASTLIGHT_URL"
DEMO_LOG_NAME: Final = "demo.log"


class NotSaid(LastLightError):
    """The line lacks something that only the caller has; the message says where to put it."""


def settings_of(line: Namespace, environ: Mapping[str, str]) -> Settings:
    """Settings as a node reads them, with what the line says over them.

    What is only for commands that talk to a node is no setting of one, and left out.
    """
    clients = {TOKEN_VARIABLE, PASSWORD_VARIABLE, URL_VARIABLE}
    said = {name: getattr(line, name, None) for name in ("host", "port", "data_dir")}
    overrides = {name: str(value) for name, value in said.items() if value is not None}
    told = {name: value for name, value in environ.items() if name not in clients}
    return load_settings(told, overrides=overrides)


def serve(line: Namespace) -> int:
    """Run a node until a signal ends it."""
    settings = settings_of(line, os.environ)
    configure_logging(level=settings.log_level)
    from lastlight.cli_serve import run_node

    async def live(running: Running, told: trio.Event) -> None:
        if sys.stdout.isatty():
            say(f"Last Light listens on {url_of(settings, running.door.port)}")
        await told.wait()

    trio.run(lambda: run_node(settings, demo=line.demo, live=live))
    return 0


def demo(line: Namespace) -> int:
    """Run a node with the demo venue, and a night in it, in this process."""
    settings = _demo_settings(line)
    console = Console()
    with _open_log(settings.data_dir) if console.is_terminal else _own_stderr() as lines:
        configure_logging(level=settings.log_level, stream=lines)
        from lastlight.cli_serve import run_node
        from lastlight.demo.night import Night
        from lastlight.demo.own_stripe import open_own_stripe

        async def live(running: Running, told: trio.Event) -> None:
            night = Night(
                url=url_of(settings, running.door.port),
                program=program_name(),
                console=console,
                speed=line.speed,
                patron_count=line.patrons,
                minutes=line.minutes,
            )
            await running.node.wait_ready()
            await night.play(told)
            console.print("The node ends; what it answered is on disk.")

        console.print("Last Light starts: PostgreSQL, the demo venue and its people …")

        async def run() -> None:
            async with open_own_stripe(settings) as with_cards:
                if with_cards is not settings:
                    console.print(f"Cards are taken at a localstripe, {with_cards.stripe_api_base}")
                await run_node(with_cards, demo=True, live=live)

        trio.run(run)
    console.print(f"The night's data is in {settings.data_dir}. To go on with it:")
    console.print(
        f"  {program_name()} serve --demo --data-dir {settings.data_dir}", highlight=False
    )
    return 0


def migrate(line: Namespace) -> int:
    """Apply what migrations are pending."""
    settings = settings_of(line, os.environ)
    configure_logging(level="warning")
    from lastlight.cli_database import migrate_database

    applied = trio.run(migrate_database, settings)
    for name in applied:
        say(f"applied {name}")
    say(f"{len(applied)} migrations applied; the database has this release's schema")
    return 0


def check(line: Namespace) -> int:
    """Print the settings and what is the matter with them."""
    settings = settings_of(line, os.environ)
    configure_logging(level="error")
    from lastlight.cli_check import check_node

    for name, value in settings.shown().items():
        say(f"{PREFIX}{name.upper()} = {value}")
    say("")
    findings = trio.run(check_node, settings)
    for finding in findings:
        say(f"{finding.mark} {finding.what}: {finding.words}")
    return 0 if all(finding.works for finding in findings) else 1


def openapi(_line: Namespace) -> int:
    """Print the document that `/openapi.json` serves."""
    from lastlight.openapi import openapi_document

    say(json.dumps(openapi_document(), ensure_ascii=False, indent=2))
    return 0


def asyncapi(_line: Namespace) -> int:
    """Print the document that `/docs/asyncapi.json` serves."""
    from lastlight.asyncapi import asyncapi_document

    say(json.dumps(asyncapi_document(), ensure_ascii=False, indent=2))
    return 0


def token(line: Namespace) -> int:
    """Sign in over HTTP and print the access token alone, so that a shell can take it."""
    from lastlight.cli_client import sign_in

    if line.password_stdin:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = os.environ.get(PASSWORD_VARIABLE) or _ask_password(line.email)
    say(sign_in(line.url, line.email, password))
    return 0


def list_actors(line: Namespace) -> int:
    """Print a table of live actors."""
    from lastlight.cli_client import actors_table, fetch_actors

    listed = fetch_actors(line.url, token_of(line), kind=line.kind)
    wide_console().print(actors_table(listed))
    return 0


def show_actor(line: Namespace) -> int:
    """Print one actor."""
    from lastlight.cli_client import actor_view, fetch_actor

    found = fetch_actor(line.url, token_of(line), kind=line.kind, id=line.id)
    wide_console().print(actor_view(found))
    return 0


def url_of(settings: Settings, port: int) -> str:
    """Where somebody on this machine reaches the node."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}  # noqa: S104
    host = everywhere.get(settings.host, settings.host)
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"{'https' if settings.tls_key else 'http'}://{host}:{port}"


def program_name() -> str:
    """How this program is called from here: by its name if that finds it, else by its path."""
    called = Path(sys.argv[0])
    if shutil.which("lastlight") is not None or called.name != "lastlight":
        return "lastlight"
    return str(min((called, Path(os.path.relpath(called))), key=lambda path: len(str(path))))


def _demo_settings(line: Namespace) -> Settings:
    """The demo speaks plain HTTP, and takes a free port if nobody has said which."""
    settings = settings_of(line, os.environ)
    settings = attrs.evolve(settings, tls_certificate=None, tls_key=None)
    if line.port is None and f"{PREFIX}PORT" not in os.environ and is_taken(settings):
        return attrs.evolve(settings, port=0)
    return settings


def is_taken(settings: Settings) -> bool:
    """Whether somebody listens there already."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((settings.host, settings.port))
        except OSError:
            return True
    return False


def _open_log(data_dir: Path) -> TextIO:
    """The screen belongs to the night, so its logs go to a file that each demo begins anew."""
    data_dir.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    descriptor = os.open(data_dir / DEMO_LOG_NAME, flags, 0o600)
    os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8")


def _own_stderr() -> TextIO:
    """Standard error under another descriptor, so that closing it closes nothing else."""
    return os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8")


def token_of(line: Namespace) -> str:
    """The access token that the line or the environment has.

    Raises:
        NotSaid: neither.
    """
    found: str | None = line.token or os.environ.get(TOKEN_VARIABLE)
    if not found:
        raise NotSaid(
            f"this is shown to owners; put an access token into {TOKEN_VARIABLE} or --token, "
            f"for example export {TOKEN_VARIABLE}=$(lastlight token owner@lastlight.example)"
        )
    return found


def _ask_password(email: str) -> str:
    if not sys.stdin.isatty():
        raise NotSaid(f"no password for {email}; set {PASSWORD_VARIABLE} or use --password-stdin")
    return getpass.getpass(f"Password of {email}: ")


def wide_console() -> Console:
    """As wide as the terminal; into a file or a pipe, so wide that nothing is cut."""
    return Console() if sys.stdout.isatty() else Console(width=200)


def say(words: str) -> None:
    """One line on standard output, at once."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()
