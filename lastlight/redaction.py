"""What never stands in a log: secrets, known by the name they are under or by their form.

Too much redacted is a nuisance, too little an incident; where both are possible, it goes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from protocol.limits import LOG_STRING_CHARS_MAX

REDACTED: Final = "[redacted]"
_DEPTH_MAX: Final = 6
_ITEMS_MAX: Final = 100

_WORDS: Final = (
    r"(?:api[_-]?key|authorization|client_secret|cookie|database_url|dsn|jwt|passphrase|password|"
    r"pin|private_key|secret|signature|token)s?"
)
_SECRET_NAME: Final = re.compile(rf"(?:^|[_-]){_WORDS}$", re.IGNORECASE)

_FORMS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    # A private key, also when a cut took its end.
    (re.compile(r"-----BEGIN [\w ]*PRIVATE KEY-----.*?(?:-----END [\w ]*-----|$)", re.DOTALL), ""),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), ""),  # a JWT
    (
        re.compile(r"(?<![\w-])[\w-]{8,}+(?:\.\d+)?\.[\w-]{43}(?![\w-])"),
        "",
    ),  # a text and its HMAC-SHA256
    (re.compile(r"\$2[aby]\$\d\d\$[./\w]{53}"), ""),  # a bcrypt hash
    (re.compile(r"\b(?:[sr]k_(?:live|test)|whsec|\w+_secret)_\w+"), ""),  # the payment provider's
    (re.compile(r"(://[^\s:/@]*:)[^\s/@]+(?=@)"), r"\1"),  # user:password@host
    (re.compile(r"\b(bearer\s+)[\w.~+/=-]+", re.IGNORECASE), r"\1"),
    # name='value' of a repr, "name": "value" of JSON, name=value of a query. The name may have a
    # beginning of its own, never an end: token_version is no secret.
    (
        re.compile(
            rf"""(?<![A-Za-z0-9])({_WORDS}["']?\s*[:=]\s*)"""
            r"""(?!bearer\s)("[^"]*"|'[^']*'|[^\s,;&)}\]]+)""",
            re.IGNORECASE,
        ),
        r"\1",
    ),
)


def redact_text(text: str, *, chars_max: int = LOG_STRING_CHARS_MAX) -> str:
    """`text` without what looks like a secret, cut after `chars_max` characters."""
    cut = len(text) - chars_max
    # A margin, so that a secret that lies across the cut is still known by its form.
    text = text[: chars_max + 1_000]
    for form, kept in _FORMS:
        text = form.sub(kept + REDACTED, text)
    return text if cut <= 0 else f"{text[:chars_max]}… ({cut} characters more)"


def redact(value: object, *, depth: int = 0) -> object:
    """`value` as something JSON can hold, without secrets, and bounded in depth and length."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return redact_text(value)
    if depth >= _DEPTH_MAX:
        return f"… (nested deeper than {_DEPTH_MAX})"
    if isinstance(value, Mapping):
        pairs = list(value.items())[:_ITEMS_MAX]
        return {redact_text(str(name)): redact_member(name, item, depth) for name, item in pairs}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item, depth=depth + 1) for item in list(value)[:_ITEMS_MAX]]
    return redact_text(str(value))


def redact_member(name: object, value: object, depth: int = 0) -> object:
    """`value` as it may be shown under `name`; nothing and switches are no secrets."""
    if value is None or isinstance(value, bool):
        return value
    if _SECRET_NAME.search(str(name)) is not None:
        return REDACTED
    return redact(value, depth=depth + 1)
