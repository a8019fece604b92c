"""The command line: `lastlight serve`, `demo`, `check`, `migrate`, `actors`, `token` and others.

What a person did wrong is one line on standard error and exit code 1, never a traceback; how to
call a command wrongly is argparse's usage and exit code 2. With LASTLIGHT_LOG_LEVEL=debug the
traceback follows. What is a bug keeps its traceback in any case.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

from lastlight import cli_background, cli_commands
from lastlight.cli_errors import tell_of
from protocol.addresses import ActorKind
from protocol.errors import LastLightError

FAILED: Final = 1
INTERRUPTED: Final = 130
"""As a shell reports a process that Ctrl-C ended."""
SPEED_MIN: Final = 0.1
SPEED_MAX: Final = 3.0
"""Faster, and patrons would meet the limit of requests per user (Rule 16)."""
PATRONS_MAX: Final = 300
_URL: Final = "http://127.0.0.1:3000"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command of the line and return its exit code.

    Raises:
        SystemExit: 2 for a line that argparse doesn't understand, 0 after `--help`.
    """
    parsed = parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = parsed.run
    code = FAILED
    try:
        code = run(parsed)
    except* BrokenPipeError:
        # Whoever reads us, such as `head`, has enough; Python's own flush at exit must not fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except* KeyboardInterrupt:
        code = INTERRUPTED
    except* (LastLightError, OSError) as group:
        tell_of(group)
    return code


def parser() -> argparse.ArgumentParser:
    """What may be said, each command with the function that runs it as `run`."""
    line = argparse.ArgumentParser(
        prog="lastlight",
        description="A server for night venues. Settings are environment variables LASTLIGHT_*.",
    )
    commands = line.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(
        name: str, run: Callable[[argparse.Namespace], int], summary: str
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=summary, description=summary)
        made.set_defaults(run=run)
        return made

    serve = add("serve", cli_commands.serve, "Run a node until SIGTERM or Ctrl-C.")
    _add_node(serve)
    serve.add_argument("--demo", action="store_true", help="create the demo venue once")
    demo = add("demo", cli_commands.demo, "Run a node and play a busy night against it.")
    _add_node(demo)
    demo.add_argument("--minutes", type=_number(0.05, 10_080.0), help="end by itself after these")
    demo.add_argument(
        "--speed", type=_number(SPEED_MIN, SPEED_MAX), default=1.0, help="of the people; default 1"
    )
    demo.add_argument(
        "--patrons", type=_whole(1, PATRONS_MAX), default=60, help="at once; default 60"
    )
    migrate = add("migrate", cli_commands.migrate, "Bring the database to this release's schema.")
    migrate.add_argument("--data-dir", type=Path, help="of the embedded database")
    check = add("check", cli_commands.check, "Show the settings, and whether a node could run.")
    _add_node(check)
    add("openapi", cli_commands.openapi, "Print the OpenAPI document.")
    add("asyncapi", cli_commands.asyncapi, "Print the AsyncAPI document.")
    token = add("token", cli_commands.token, "Sign in and print the access token.")
    token.add_argument("email", metavar="EMAIL")
    _add_url(token)
    token.add_argument(
        "--password-stdin",
        action="store_true",
        help="read it there; else LASTLIGHT_PASSWORD, or ask",
    )
    _add_actors(add("actors", cli_commands.list_actors, "Look at a node's live actors."))
    jobs = add("jobs", cli_background.list_jobs, "Show a node's jobs: next run, last run, outcome.")
    _add_owner(jobs)
    _add_effects(add("effects", cli_background.list_effects, "Look at what goes outside."))
    return line


def _add_node(command: argparse.ArgumentParser) -> None:
    command.add_argument("--host", help="address to listen on; default 127.0.0.1")
    command.add_argument("--port", type=_whole(0, 65_535), help="default 3000; 0 takes a free one")
    command.add_argument("--data-dir", type=Path, help="where journal, keys and database are")


def _add_url(command: argparse.ArgumentParser) -> None:
    """Where the node is, for commands that talk to one."""
    command.add_argument(
        "--url",
        default=os.environ.get(cli_commands.URL_VARIABLE) or _URL,
        help=f"of the node; default {cli_commands.URL_VARIABLE}, else {_URL}",
    )


def _add_actors(actors: argparse.ArgumentParser) -> None:
    actions = actors.add_subparsers(metavar="list|show", required=True)
    listed = actions.add_parser("list", help="all live actors, and how many of each kind")
    listed.add_argument("--kind", choices=[kind.value for kind in ActorKind])
    listed.set_defaults(run=cli_commands.list_actors)
    shown = actions.add_parser("show", help="one actor: state, timers, recent messages")
    shown.add_argument("kind", choices=[kind.value for kind in ActorKind], metavar="KIND")
    shown.add_argument("id", metavar="ID")
    shown.set_defaults(run=cli_commands.show_actor)
    for action in (listed, shown):
        _add_owner(action)


def _add_effects(effects: argparse.ArgumentParser) -> None:
    actions = effects.add_subparsers(metavar="list|replay", required=True)
    listed = actions.add_parser("list", help="what waits, and what was given up and why")
    listed.set_defaults(run=cli_background.list_effects)
    _add_owner(listed)
    again = actions.add_parser("replay", help="have dead messages sent again")
    again.set_defaults(run=cli_background.replay_effects)
    again.add_argument("ids", metavar="ID", type=UUID, nargs="+", help="of dead letters")
    again.add_argument("--data-dir", type=Path, help="of the embedded database")


def _add_owner(command: argparse.ArgumentParser) -> None:
    """For commands that a node answers to owners only."""
    _add_url(command)
    command.add_argument("--token", help="an owner's access token; default LASTLIGHT_TOKEN")


def _number(least: float, most: float) -> Callable[[str], float]:
    def number(text: str) -> float:
        if not least <= float(text) <= most:
            raise argparse.ArgumentTypeError(f"{text} is not from {least:g} to {most:g}")
        return float(text)

    return number


def _whole(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text} is not from {least} to {most}")
        return int(text)

    return number


if __name__ == "__main__":
    sys.exit(main())
