"""A copy of everything that is held about a person: asked for here, made outside (Rule 16)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal

from actors.account.notices import notice, outside
from actors.account.state import AccountState
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send, SetTimer
from protocol.addresses import OUTSIDE
from protocol.chains import rfc3339
from protocol.errors import Code, Refusal
from protocol.internal.accounts import (
    DropExport,
    ExportFile,
    ExportMade,
    ExportOver,
    MakeExport,
    ReadExport,
)
from protocol.operations.users import ExportOwnData, Switch
from protocol.records.money_states import ErasureKind
from protocol.records.platform import ErasureJob
from protocol.replies.users import ExportJob

EVERY: Final = timedelta(days=1)
"""One copy in this time."""
READY_WITHIN: Final = timedelta(hours=24)
GOOD_FOR: Final = timedelta(days=7)
PENDING, READY, FAILED, EXPIRED = "pending", "ready", "failed", "expired"
_STATUSES: Final[dict[str, Literal["pending", "ready", "failed", "expired"]]] = {
    "pending": "pending",
    "ready": "ready",
    "failed": "failed",
    "expired": "expired",
}


@decides(ExportOwnData)
def decide_export_own_data(
    state: AccountState, command: ExportOwnData, context: Context
) -> Decision:
    """Have the copy made, once a day; one that failed does not count."""
    now = context.now
    latest = max(
        (job for job in _exports(state) if job.status != FAILED),
        key=lambda job: job.requested_at,
        default=None,
    )
    if latest is not None and now - latest.requested_at < EVERY:
        waits = latest.requested_at + EVERY - now
        return Refusal(
            Code.RATE_LIMITED,
            f"a copy was asked for at {latest.requested_at.isoformat()}, and one a day is made; "
            f"it is at {_path(latest)}",
            retry_after_s=max(1, -(-waits // timedelta(seconds=1))),
        )
    job = ErasureJob(
        id=context.fresh_id(),
        user_id=state.user_id,
        kind=ErasureKind.EXPORT,
        status=PENDING,
        requested_at=now,
        due_at=now + READY_WITHIN,
    )
    make = MakeExport(job_id=job.id, user_id=state.user_id)
    return Outcome(reply=_shown(job), changes=(job,), sends=(Send(OUTSIDE, make, detached=True),))


@decides(ExportMade)
def decide_export_made(state: AccountState, command: ExportMade, context: Context) -> Decision:
    """The file is there, or could not be made: the person hears of it."""
    job = state.get(ErasureJob, command.job_id)
    if job is None or job.status != PENDING:
        return Outcome()
    if command.file_ref is None:
        failed = job.revised(status=FAILED, done_at=context.now)
        told = notice(state.user_id, "export_failed", context, severity="warning")
        sends = outside(state, "export_failed", Switch.SECURITY)
        return Outcome(changes=(failed,), events=(told,), sends=sends)
    ready = job.revised(status=READY, done_at=context.now, file_ref=command.file_ref)
    expires_at = context.now + GOOD_FOR
    params = {"job_id": str(job.id), "path": _path(job), "expires_at": rfc3339(expires_at)}
    return Outcome(
        changes=(ready,),
        events=(notice(state.user_id, "export_ready", context, params=params),),
        sends=outside(state, "export_ready", Switch.SECURITY, params=params),
        timers=(SetTimer(f"export:{job.id}", expires_at, ExportOver(job_id=job.id)),),
    )


@decides(ExportOver)
def decide_export_over(state: AccountState, command: ExportOver, context: Context) -> Decision:
    """The link is good no more, and the file goes."""
    job = state.get(ErasureJob, command.job_id)
    if job is None or job.status != READY or job.file_ref is None:
        return Outcome()
    drop = DropExport(file_ref=job.file_ref)
    over = job.revised(status=EXPIRED, file_ref=None)
    return Outcome(changes=(over,), sends=(Send(OUTSIDE, drop, detached=True),))


@decides(ReadExport)
def decide_read_export(state: AccountState, command: ReadExport, context: Context) -> Decision:
    """Tell the gateway, and only it, where the file is."""
    job = state.get(ErasureJob, command.job_id)
    if job is None or job.kind is not ErasureKind.EXPORT or job.file_ref is None:
        detail = f"there is no finished copy {command.job_id} of your data; wait for its notice"
        return Refusal(Code.NOT_FOUND, detail)
    return Outcome(reply=ExportFile(file_ref=job.file_ref))


def dropped_exports(state: AccountState) -> tuple[DropExport, ...]:
    """The files that must not outlive the account; their rows follow when their time is over."""
    return tuple(
        DropExport(file_ref=job.file_ref) for job in _exports(state) if job.file_ref is not None
    )


def _exports(state: AccountState) -> list[ErasureJob]:
    return [job for job in state.all(ErasureJob) if job.kind is ErasureKind.EXPORT]


def _path(job: ErasureJob) -> str:
    return f"/api/users/me/exports/{job.id}"


def _shown(job: ErasureJob) -> ExportJob:
    return ExportJob(
        job_id=job.id,
        status=_STATUSES[job.status],
        requested_at=job.requested_at,
        ready_by=job.due_at,
        path=_path(job),
    )
