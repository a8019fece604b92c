"""The refusal a decision returns, and the base of the exceptions raised where none was reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import attrs

from protocol.codes import PROBLEMS, Code

__all__ = ["PROBLEMS", "Code", "FieldError", "LastLightError", "Refusal"]


@attrs.frozen
class FieldError:
    """One thing wrong with a request: where (RFC 6901 JSON pointer), a short code, a sentence."""

    pointer: str
    code: str
    detail: str


@attrs.frozen
class Refusal:
    """An answer of no. Nothing was changed.

    `detail` says whose, the actual value, the limit and the next step. `extra` holds members that
    a code adds to its problem document, such as the owner's name of an acknowledged incident.
    """

    code: Code
    detail: str
    errors: tuple[FieldError, ...] = ()
    current_version: int | None = None
    retry_after_s: int | None = None
    extra: Mapping[str, object] = attrs.field(factory=dict)

    @property
    def status(self) -> int:
        """The HTTP status of the code."""
        return PROBLEMS[self.code].status


class LastLightError(Exception):
    """The base of what Last Light raises. `code` is what a client is told."""

    code: ClassVar[Code] = Code.INTERNAL
    retry_after_s: ClassVar[int | None] = None

    def refusal(self) -> Refusal:
        """This error as the answer to a client."""
        return Refusal(self.code, str(self), retry_after_s=self.retry_after_s)
