"""Reads SQL from `.sql` files, so that it can be read, searched and checked as SQL.

A file is a row of blocks. Each begins with `-- name: some_name`, then at least one comment line
that says what it is for, then one statement. Names are unique in a file. Every block is prepared
on PostgreSQL by a test, so a column that a migration renamed is found before anything runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import attrs

__all__ = ["Block", "load_blocks", "parse_blocks"]

NAME_LINE: Final = re.compile(r"^-- name: *(.*)$", re.MULTILINE)
NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


@attrs.frozen(kw_only=True)
class Block:
    """One statement, its name and what it is for."""

    name: str
    description: str
    sql: str

    def __str__(self) -> str:
        return self.sql


def load_blocks(path: Path) -> Mapping[str, Block]:
    """The blocks of a file by name, in the file's order.

    Raises:
        ValueError: the file is not as the module says; the message names file and block.
    """
    return parse_blocks(path.read_text(encoding="utf-8"), source=path.name)


def parse_blocks(text: str, *, source: str) -> Mapping[str, Block]:
    """As `load_blocks`, for a text; `source` is its name in errors."""
    before, *parts = NAME_LINE.split(text)
    if any(line.strip() and not line.startswith("--") for line in before.splitlines()):
        raise ValueError(f"{source}: a statement stands before the first `-- name:` line")
    blocks: dict[str, Block] = {}
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        block = _block(name.strip(), body, source)
        if block.name in blocks:
            raise ValueError(f"{source}: two blocks are named {block.name}; rename one")
        blocks[block.name] = block
    return MappingProxyType(blocks)


def _block(name: str, body: str, source: str) -> Block:
    if NAME.fullmatch(name) is None:
        raise ValueError(f"{source}: {name!r} is no block name; use lower case and underscores")
    lines = body.strip().splitlines()
    count = next((n for n, line in enumerate(lines) if not line.startswith("--")), len(lines))
    description = " ".join(line.removeprefix("--").strip() for line in lines[:count]).strip()
    sql = "\n".join(lines[count:]).strip().removesuffix(";").rstrip()
    if not description:
        raise ValueError(f"{source}: block {name} does not say what it is for; add a comment line")
    if not sql:
        raise ValueError(f"{source}: block {name} has no statement")
    return Block(name=name, description=description, sql=sql)
