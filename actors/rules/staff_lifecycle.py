"""The life of a task, as a table like those in `lifecycle`."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Final

from protocol.records.states import TaskStatus


class TaskTrigger(enum.StrEnum):
    """What happens to a task."""

    ACCEPT = "accept"
    START = "start"
    BLOCK = "block"
    FINISH = "finish"
    REASSIGN = "reassign"
    """By management, or because its assignee left: somebody else has to accept it."""
    CANCEL = "cancel"
    SETTLE = "settle"
    """By the system: what it was for is over."""


_TA, _TT = TaskStatus, TaskTrigger
UNFINISHED: Final = (_TA.OPEN, _TA.ACCEPTED, _TA.IN_PROGRESS, _TA.BLOCKED)
FINISHED: Final = (_TA.DONE, _TA.CANCELLED)

TASK: Final[Mapping[tuple[TaskStatus, TaskTrigger], TaskStatus]] = {
    (_TA.OPEN, _TT.ACCEPT): _TA.ACCEPTED,
    (_TA.ACCEPTED, _TT.START): _TA.IN_PROGRESS,
    (_TA.IN_PROGRESS, _TT.BLOCK): _TA.BLOCKED,
    (_TA.BLOCKED, _TT.START): _TA.IN_PROGRESS,
    (_TA.IN_PROGRESS, _TT.FINISH): _TA.DONE,
    (_TA.BLOCKED, _TT.FINISH): _TA.DONE,
    **{(state, _TT.REASSIGN): _TA.OPEN for state in UNFINISHED},
    **{(state, _TT.CANCEL): _TA.CANCELLED for state in UNFINISHED},
    **{(state, _TT.SETTLE): _TA.DONE for state in UNFINISHED},
}
"""Rule 13: `open → accepted → in_progress ⇄ blocked → done`; any unfinished may be cancelled."""

MOVES: Final[Mapping[TaskStatus, TaskTrigger]] = {
    _TA.ACCEPTED: _TT.ACCEPT,
    _TA.IN_PROGRESS: _TT.START,
    _TA.BLOCKED: _TT.BLOCK,
    _TA.DONE: _TT.FINISH,
}
"""What an assignee does who says that the task now has this status."""
