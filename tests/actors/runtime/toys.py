"""Two small kinds of actor that do nothing but what the runtime must get right.

An `identity` is a purse that counts; an `account` is a vault that takes what purses send. Their
records are borrowed: the purse's count is the version of its row.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from actors.runtime.behaviour import Behaviour, decides, decisions_of
from actors.runtime.outcome import (
    LATER,
    CancelTimer,
    Context,
    Decision,
    Event,
    Outcome,
    Send,
    SetTimer,
)
from actors.runtime.state import State
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, Refusal
from protocol.internal.faults import ActorRestarted
from protocol.reads import Read
from protocol.records.runtime import Identity, OpenVisit
from tests.actors.runtime.toy_commands import (
    Add,
    Break,
    Count,
    FindOut,
    GiveBack,
    GoOut,
    Look,
    Loop,
    Paid,
    Pay,
    Peek,
    Refuse,
    Shout,
    StopWaiting,
    Swell,
    TakeIn,
    TakeOut,
    Wait,
)
from tests.twins.outside import OPENING


def purse_of(n: int) -> Address:
    """The purse number n."""
    return Address(ActorKind.IDENTITY, UUID(int=n))


def vault_of(n: int) -> Address:
    """The vault number n."""
    return Address(ActorKind.ACCOUNT, UUID(int=n))


def _count(state: State) -> int:
    purse = state.first(Identity)
    return 0 if purse is None else purse.version


def _more(state: State, context: Context) -> Identity:
    purse = state.first(Identity)
    if purse is not None:
        return purse.revised()
    id_ = context.address.id
    return Identity(id=id_, email=f"{id_}@example.org", user_id=id_, version=1)


@decides(Add)
def decide_add(state: State, command: Add, context: Context) -> Decision:
    purse = _more(state, context)
    event = Event(type="purse.counted", rooms=(command.room,), data={"count": purse.version})
    loud = Event(type="purse.loud", rooms=(command.room,), data={}, durable=False)
    return Outcome(
        reply=Count(count=purse.version, version=purse.version),
        changes=(purse,),
        events=(event, loud) if command.loud else (event,),
    )


@decides(Swell)
def decide_swell(state: State, command: Swell, context: Context) -> Decision:
    text = "x" * command.chars
    event = Event(type="purse.swelled", rooms=("purse",), data={"text": text})
    return Outcome(
        reply=Count(count=0, version=0), changes=(_more(state, context),), events=(event,)
    )


@decides(Shout)
def decide_shout(state: State, command: Shout, context: Context) -> Decision:
    purse = _more(state, context)
    event = Event(type="purse.shouted", rooms=("purse",), data={}, urgent=True)
    return Outcome(
        reply=Count(count=purse.version, version=purse.version), changes=(purse,), events=(event,)
    )


@decides(Look)
def decide_look(state: State, command: Look, context: Context) -> Decision:
    count = _count(state)
    return Outcome(reply=Count(count=count, version=count))


@decides(Peek)
def decide_peek(state: State, command: Peek, context: Context) -> Decision:
    count = context.shared(Address(ActorKind.IDENTITY, command.purse)) or 0
    return Outcome(reply=Count(count=count, version=count))


@decides(Refuse)
def decide_refuse(state: State, command: Refuse, context: Context) -> Decision:
    return Refusal(command.code, "no")


@decides(Break)
def decide_break(state: State, command: Break, context: Context) -> Decision:
    raise RuntimeError("a bug")


@decides(Wait)
def decide_wait(state: State, command: Wait, context: Context) -> Decision:
    due_at = context.now + timedelta(seconds=command.seconds)
    then = Shout() if command.shouting else Add()
    return Outcome(
        reply=Count(count=_count(state), version=0),
        timers=(SetTimer(command.name, due_at, then),),
    )


@decides(StopWaiting)
def decide_stop_waiting(state: State, command: StopWaiting, context: Context) -> Decision:
    return Outcome(reply=Count(count=_count(state), version=0), timers=(CancelTimer(command.name),))


@decides(Pay)
def decide_pay(state: State, command: Pay, context: Context) -> Decision:
    vault = Address(ActorKind.ACCOUNT, command.vault)
    take = TakeIn(ends=command.ends, purse=context.address.id)
    return Outcome(
        reply=LATER, changes=(_more(state, context),), sends=(Send(vault, take, undo=GiveBack()),)
    )


@decides(TakeIn)
def decide_take_in(state: State, command: TakeIn, context: Context) -> Decision:
    if command.ends == "refused":
        return Refusal(Code.INSUFFICIENT_CREDITS, "the vault says no")
    if command.ends == "broken":
        raise RuntimeError("a bug in the vault")
    visit = OpenVisit(
        user_id=command.purse,
        session_id=context.address.id,
        venue_id=UUID(int=0),
        hold_id=UUID(int=0),
        opened_at=OPENING,
    )
    back = Send(
        Address(ActorKind.IDENTITY, command.purse),
        Paid(ends=command.ends),
        undo=TakeOut(purse=command.purse),
    )
    return Outcome(changes=(visit,), sends=(back,))


@decides(Paid)
def decide_paid(state: State, command: Paid, context: Context) -> Decision:
    if command.ends == "refused late":
        return Refusal(Code.CAPACITY_FULL, "the purse says no after all")
    return Outcome(reply=Count(count=_count(state), version=_count(state)))


@decides(GiveBack)
def decide_give_back(state: State, command: GiveBack, context: Context) -> Decision:
    purse = state.first(Identity)
    assert purse is not None
    return Outcome(changes=(purse.revised(email=f"given back {purse.version}"),))


@decides(TakeOut)
def decide_take_out(state: State, command: TakeOut, context: Context) -> Decision:
    visit = state.get(OpenVisit, command.purse)
    return Outcome() if visit is None else Outcome(removes=(visit,))


@decides(ActorRestarted)
def decide_actor_restarted(state: State, command: ActorRestarted, context: Context) -> Decision:
    told = {"who": command.actor_id, "why": command.reason, "times": command.restarts}
    return Outcome(events=(Event(type="restarted", rooms=("owner",), data=told),))


@decides(Loop)
def decide_loop(state: State, command: Loop, context: Context) -> Decision:
    return Outcome(
        reply=None if context.in_saga is False else Count(count=0, version=0),
        sends=(Send(context.address, Loop()),),
    )


@decides(GoOut)
def decide_go_out(state: State, command: GoOut, context: Context) -> Decision:
    outside = Address(ActorKind.OUTSIDE, UUID(int=0))
    return Outcome(reply=Count(count=0, version=0), sends=(Send(outside, Look()),))


@decides(FindOut)
def decide_find_out(state: State, command: FindOut, context: Context) -> Decision:
    outside = Address(ActorKind.OUTSIDE, UUID(int=0))
    return Outcome(reply=LATER, sends=(Send(outside, FindOut()),))


class _AlwaysThere(State):
    @property
    def exists(self) -> bool:
        return True


_DECISIONS: Final = decisions_of((sys.modules[__name__],))


def toys(*, resident: bool = False) -> dict[ActorKind, Behaviour]:
    """Behaviours of purses and vaults, and of the kinds that a node starts with."""

    def kind_of(kind: ActorKind, *reads: Read) -> Behaviour:
        return Behaviour(
            kind=kind,
            state=_AlwaysThere,
            decisions=_DECISIONS,
            reads=reads,
            resident=resident,
            share=_count,
            masked=_masked,
        )

    return {
        ActorKind.IDENTITY: kind_of(ActorKind.IDENTITY, Read(Identity, by="id")),
        ActorKind.ACCOUNT: kind_of(ActorKind.ACCOUNT, Read(OpenVisit, by="session_id")),
        ActorKind.PLATFORM: kind_of(ActorKind.PLATFORM),
    }


def _masked(state: Any) -> dict[str, object]:
    return {"count": _count(state)}
