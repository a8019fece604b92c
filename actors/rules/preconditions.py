"""Versions of rows as clients see them: `ETag: "v{n}"` and `If-Match` (Rule 12).

Of any number of writers who saw the same version exactly one is let through: the version is
compared by the actor that owns the row, and raised in the same step.
"""

from __future__ import annotations

import re
from typing import Final

from protocol.errors import Code, Refusal

_VERSION: Final = re.compile(r'"v(0|[1-9][0-9]{0,17})"')
_TAGS: Final = re.compile(r'\s*(?:W/)?"[^"]*"\s*(?:,\s*(?:W/)?"[^"]*"\s*)*')
_TAG: Final = re.compile(r'(?:W/)?"[^"]*"')


def etag_of(version: int) -> str:
    """The entity tag of a version, quotes included."""
    return f'"v{version}"'


def parse_etag(text: str) -> int | None:
    """The version that one strong entity tag names; None for any other text."""
    found = _VERSION.fullmatch(text.strip())
    return None if found is None else int(found[1])


def parse_if_match(text: str | None) -> int | Refusal | None:
    """The version that an `If-Match` header asks for; None if there is no header.

    Of several tags the newest version counts. A tag that is weak or not ours matches no version,
    so it is 0, which no row has. `*` names no version and is as good as no header.

    A text that is no `If-Match` is 400 `malformed_request`.
    """
    if text is None or text.strip() == "*":
        return None
    if _TAGS.fullmatch(text) is None:
        return Refusal(
            Code.MALFORMED_REQUEST,
            'If-Match must be the ETag of the row as it was read, such as "v3", quotes included',
        )
    return max(parse_etag(tag) or 0 for tag in _TAG.findall(text))


def is_unchanged(text: str | None, etag: str) -> bool:
    """Whether an `If-None-Match` header names `etag`; compared weakly, as for a GET it must be.

    `*` names whatever there is. A text that is no such header names nothing.
    """
    if text is None:
        return False
    if text.strip() == "*":
        return True
    if _TAGS.fullmatch(text) is None:
        return False
    return etag in (tag.removeprefix("W/") for tag in _TAG.findall(text))


def refuse_version(
    expected_version: int | None, current_version: int, *, whose: str
) -> Refusal | None:
    """Why a write may not go ahead: 428 without a version, 412 with one that is not current.

    `whose` names the row in the sentence, such as "the profile of this account".
    """
    if expected_version is None:
        return Refusal(
            Code.PRECONDITION_REQUIRED,
            f"{whose} changes only with If-Match; read it and send back its ETag",
        )
    if expected_version == current_version:
        return None
    return Refusal(
        Code.VERSION_CONFLICT,
        f"{whose} is at version {current_version}, not {expected_version}; read it again",
        current_version=current_version,
    )
