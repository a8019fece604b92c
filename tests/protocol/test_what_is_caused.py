"""Every event of the contract has something that causes it, and every code something that answers.

Found by reading the source: what is written down in a table alone is a promise nobody keeps.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from protocol.codes import Code
from protocol.events.base import EVENTS

ROOT: Final = Path(__file__).parents[2]
PROMISES: Final = ("protocol/events/", "protocol/operations/", "protocol/codes.py")
"""Where events and codes are only named."""


def _nodes() -> Iterator[ast.AST]:
    for package in ("protocol", "actors", "storage", "lastlight"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if not path.relative_to(ROOT).as_posix().startswith(PROMISES):
                yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


@functools.cache
def _found() -> tuple[frozenset[str], frozenset[str]]:
    """What is called by its name, and the codes that are named."""
    called: set[str] = set()
    codes: set[str] = set()
    for node in _nodes():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called.add(node.func.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            codes.update((node.attr,) if node.value.id == "Code" else ())
    return frozenset(called), frozenset(codes)


def test_every_event_is_told_by_something() -> None:
    """A client waits for it and a screen was built on it."""
    told, _ = _found()
    assert len(EVENTS) == 55
    assert {kind.__name__ for kind in EVENTS.values()} - told == set()


def test_every_code_is_answered_by_something() -> None:
    """A client has a message for it in every language."""
    _, answered = _found()
    assert {code.name for code in Code} - answered == set()
