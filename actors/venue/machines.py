"""Machines: adding and changing them, and what a fault does (Rules 4 and 15).

Staff say how a machine stands; everything else about it is management's. A price holds for who
comes after: a visit keeps the rate it began with (Rule 3).
"""

from __future__ import annotations

from typing import Any, Final

from actors.rules.permissions import not_found
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from actors.venue.managing import (
    noted,
    refuse_fields,
    refuse_lesser,
    refuse_stale,
    role_here,
    send_away,
)
from actors.venue.plays import given_back
from actors.venue.room_choice import unfit
from actors.venue.state import VenueState
from actors.venue.stations import told
from protocol.addresses import Role
from protocol.errors import Code, FieldError, Refusal
from protocol.operations.stations import CreateGame, UpdateGame
from protocol.records.inventory import Game
from protocol.records.money_states import GameStatus
from protocol.replies.inventory import GameView

BY_STAFF: Final = (GameStatus.AVAILABLE, GameStatus.OUT_OF_ORDER, GameStatus.CLEANING)
_UNPLAYABLE: Final = (GameStatus.OUT_OF_ORDER, GameStatus.CLEANING, GameStatus.RETIRED)


@decides(CreateGame)
def decide_create_game(state: VenueState, command: CreateGame, context: Context) -> Decision:
    """Add a machine; a tag is never given twice, not even after a machine has gone."""
    if (refusal := refuse_lesser(state, context, Role.MANAGEMENT)) is not None:
        return refusal
    if any(game.asset_tag == command.asset_tag for game in state.all(Game)):
        detail = f"a machine has the tag {command.asset_tag}, or had it; choose another"
        return Refusal(
            Code.ASSET_TAG_TAKEN, detail, errors=(FieldError("/asset_tag", "taken", detail),)
        )
    game = Game(
        id=context.fresh_id(),
        venue_id=state.venue_id,
        asset_tag=command.asset_tag,
        name=command.name,
        zone=command.zone,
        pricing=command.pricing,
        price_minor=command.price_minor,
        tax_rate_bp=command.tax_rate_bp,
        status=GameStatus.AVAILABLE,
    )
    return Outcome(
        reply=game_view(game),
        changes=(game,),
        appends=(noted(context, "game.created", "game", None, game),),
        events=(told(game),),
    )


@decides(UpdateGame)
def decide_update_game(state: VenueState, command: UpdateGame, context: Context) -> Decision:
    """Change a machine within what the caller's role may, and see to whom it concerns."""
    game = state.get(Game, command.game_id)
    refusal = _refuse(state, game, command, context)
    if refusal is not None:
        return refusal
    assert game is not None
    changes = _changes(game, command, context)
    if all(getattr(game, name) == value for name, value in changes.items()):
        return Outcome(reply=game_view(game))
    after = game.revised(**changes)
    sends, played = given_back(state, context, game) if _is_new_fault(game, after) else ((), ())
    if after.status in _UNPLAYABLE:
        sends += send_away(game.session_id, game.id, after.fault or after.status.value)
    return Outcome(
        reply=game_view(after),
        changes=(after,),
        removes=played,
        appends=(noted(context, "game.updated", "game", game, after),),
        events=(told(after),),
        sends=sends,
    )


def game_view(game: Game) -> GameView:
    """A machine as who works here sees it."""
    return GameView(
        game_id=game.id,
        venue_id=game.venue_id,
        name=game.name,
        zone=game.zone,
        pricing=game.pricing,
        price_minor=game.price_minor,
        status=game.status,
        queue_length=0,
        asset_tag=game.asset_tag,
        fault=game.fault,
        plays=game.plays,
        version=game.version,
    )


def _refuse(
    state: VenueState, game: Game | None, command: UpdateGame, context: Context
) -> Refusal | None:
    whose = f"game {command.game_id}"
    if game is None or game.retired_at is not None or role_here(state, context) < Role.STAFF:
        return not_found(whose)
    if role_here(state, context) < Role.MANAGEMENT:
        refusal = refuse_fields(_of_management(command))
        if refusal is not None:
            return refusal
    if (refusal := refuse_stale(context, game.version, whose)) is not None:
        return refusal
    if command.status is GameStatus.IN_USE:
        return unfit("/status", "not_allowed", "a machine is in use while a visit has it")
    return None


def _of_management(command: UpdateGame) -> list[str]:
    """The fields of a change that staff may not send."""
    named = [name for name in ("price_minor", "zone", "name") if getattr(command, name) is not None]
    if command.retire:
        named.append("retire")
    if command.status is not None and command.status not in BY_STAFF:
        named.append("status")
    return named


def _changes(game: Game, command: UpdateGame, context: Context) -> dict[str, Any]:
    changes: dict[str, Any] = {
        name: value
        for name in ("price_minor", "zone", "name")
        if (value := getattr(command, name)) is not None
    }
    if command.retire or command.status is GameStatus.RETIRED:
        changes |= {"status": GameStatus.RETIRED, "retired_at": context.now}
    elif command.status is GameStatus.AVAILABLE:
        # Whoever has it has it still: what staff say is that it works.
        used = game.session_id is not None
        changes |= {"status": GameStatus.IN_USE if used else command.status, "fault": None}
    elif command.status is not None:
        changes["status"] = command.status
    if command.fault is not None:
        changes["fault"] = command.fault.strip() or None
    return changes


def _is_new_fault(before: Game, after: Game) -> bool:
    """Whether a fault is reported that was not known."""
    broken = GameStatus.OUT_OF_ORDER
    stopped = after.status is broken and before.status is not broken
    return stopped or (after.fault is not None and before.fault is None)
