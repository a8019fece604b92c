"""A person's affairs between actors: addresses, status, exclusions, export and erasure.

Chains: new address = account → identity → account; status = venue → account → venue.
"""

from __future__ import annotations

from uuid import UUID

from protocol.commands import Command, command
from protocol.operations.people import SetUserStatus
from protocol.operations.users import UpdateOwnProfile
from protocol.records.runtime import KeptExclusion
from protocol.records.states import RoleName
from protocol.replies.base import reply
from protocol.replies.people import UserStatusSet


@command
class TakeAddress(Command):
    """Account → identity: this address is to be somebody's from now on; refused if it is taken."""

    user_id: UUID
    request: UpdateOwnProfile
    version: int
    """Of the account when it asked: a change that came meanwhile wins."""


@command
class AddressTaken(Command):
    """Identity → account: the address is yours."""

    request: UpdateOwnProfile
    version: int


@command
class RolesTaken(Command):
    """Account → venue or platform: the roles are in the tokens; `version` is the account's."""

    user_id: UUID
    version: int
    works_at: tuple[UUID, ...] | None = None
    """Where they may work by now; None is everywhere."""


@command
class PutRolesBack(Command):
    """Undo of a change of roles at venue or platform: these are the roles again."""

    user_id: UUID
    roles: tuple[RoleName, ...]


@command
class ApplyStatus(Command):
    """Venue → account: suspend, ban or let back."""

    request: SetUserStatus
    expected_version: int | None


@command
class StatusApplied(Command):
    """Account → venue: answer the change of status."""

    answer: UserStatusSet


@command
class KeepExclusions(Command):
    """Account → platform, detached: whoever registers with these addresses meets them again."""

    exclusions: tuple[KeptExclusion, ...]


@command
class ExclusionOver(Command):
    """Account → itself: the time of an exclusion has come to its end."""

    exclusion_id: UUID


@command
class LimitRaiseReady(Command):
    """Account → itself: a raise has waited for its 24 h and may be confirmed."""

    limit_id: UUID


@command
class LimitRaiseLapsed(Command):
    """Account → itself: a raise was not confirmed in time."""

    limit_id: UUID


@command
class EraseAccount(Command):
    """Account → itself: the days of grace are over."""

    job_id: UUID


@command
class GiveUpLeft(Command):
    """Account → itself: credit reached the wallet after its person was erased; it is given up."""


@command
class ScrubTables(Command):
    """Account → outside: take out of the tables what no actor holds of a person."""

    job_id: UUID
    user_id: UUID
    pseudonym: UUID


@command
class TablesScrubbed(Command):
    """Outside → account: nothing personal is left in the tables, or it could not be done now."""

    job_id: UUID
    done: bool


@command
class ScrubAgain(Command):
    """Account → itself: the tables could not be scrubbed; have it done again."""

    job_id: UUID


@command
class MakeExport(Command):
    """Account → outside: put everything that is held about a person into a file."""

    job_id: UUID
    user_id: UUID


@command
class ExportMade(Command):
    """Outside → account: the file is there; without one it could not be made."""

    job_id: UUID
    file_ref: str | None


@command
class ExportOver(Command):
    """Account → itself: the link of an export has been good for its seven days."""

    job_id: UUID


@command
class DropExport(Command):
    """Account → outside: delete the file of an export."""

    file_ref: str


@command
class ReadExport(Command):
    """Gateway → account: which file is this export? Answers ExportFile or 404."""

    job_id: UUID


@reply
class ExportFile:
    """Answer of ReadExport."""

    file_ref: str
