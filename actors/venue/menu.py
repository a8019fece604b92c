"""The menu: adding and changing what is sold (Rules 7 and 15).

Standard drinks are worked out here from volume and strength, so what a patron may have is never
what somebody typed. What a price was, and since when, stands in the audit trail.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actors.rules import venue_phases
from actors.rules.drinks import standard_drinks_milli
from actors.rules.opening_hours import ALWAYS_OPEN, is_open, opens_at
from actors.rules.permissions import not_found
from actors.rules.settings import VenueSettings
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Event, Outcome
from actors.runtime.telling import tell
from actors.venue.managing import noted, refuse_lesser, refuse_stale, role_here
from actors.venue.room_choice import unfit
from actors.venue.state import VenueState
from actors.venue.stock import can_make
from protocol.addresses import Role
from protocol.errors import Code, FieldError, Refusal
from protocol.events.inventory import InventoryItemUpdated
from protocol.operations.menu import CreateMenuItem, RecipeLine, UpdateMenuItem
from protocol.records.inventory import MenuItem
from protocol.replies.inventory import MenuItemView


@decides(CreateMenuItem)
def decide_create_menu_item(
    state: VenueState, command: CreateMenuItem, context: Context
) -> Decision:
    """Add food or drink; a SKU is never given twice, not even after an item has gone."""
    refusal = (
        refuse_lesser(state, context, Role.MANAGEMENT)
        or _refuse_sku(state, command.sku)
        or _refuse_alcohol(command)
        or _refuse_hours(command.hours)
        or _refuse_recipe(state, command.recipe)
    )
    if refusal is not None:
        return refusal
    item = MenuItem(
        id=context.fresh_id(),
        venue_id=state.venue_id,
        sku=command.sku,
        name=command.name,
        category=command.category,
        price_minor=command.price_minor,
        tax_code=command.tax_code,
        tax_rate_bp=command.tax_rate_bp,
        alcoholic=command.alcohol,
        abv_bp=command.abv_bp,
        volume_ml=command.volume_ml,
        allergens=command.allergens,
        hours=_hours(command.hours),
        available=command.available,
        recipe=tuple(line.part for line in command.recipe),
    )
    item = item.evolve(standard_drinks_milli=drinks_milli(state, item))
    return Outcome(
        reply=item_view(state, item, context),
        changes=(item,),
        appends=(noted(context, "menu_item.created", "menu_item", None, item),),
        events=(item_updated(state, item),),
    )


@decides(UpdateMenuItem)
def decide_update_menu_item(
    state: VenueState, command: UpdateMenuItem, context: Context
) -> Decision:
    """Change an item; what was ordered before keeps its price."""
    whose = f"item {command.item_id}"
    item = state.get(MenuItem, command.item_id)
    if item is None or item.retired_at is not None or role_here(state, context) < Role.STAFF:
        return not_found(whose)
    refusal = (
        refuse_lesser(state, context, Role.MANAGEMENT)
        or refuse_stale(context, item.version, whose)
        or _refuse_hours(command.hours)
        or _refuse_recipe(state, command.recipe or (), of=item)
    )
    if refusal is not None:
        return refusal
    changes: dict[str, Any] = {
        name: value
        for name in ("price_minor", "tax_code", "tax_rate_bp", "available")
        if (value := getattr(command, name)) is not None
    }
    if command.hours is not None:
        changes["hours"] = _hours(command.hours)
    if command.recipe is not None:
        changes["recipe"] = tuple(line.part for line in command.recipe)
    if command.retire:
        changes |= {"retired_at": context.now, "available": False}
    if all(getattr(item, name) == value for name, value in changes.items()):
        return Outcome(reply=item_view(state, item, context))
    after = item.revised(**changes, standard_drinks_milli=drinks_milli(state, item))
    return Outcome(
        reply=item_view(state, after, context),
        changes=(after,),
        appends=(noted(context, "menu_item.updated", "menu_item", item, after),),
        events=(item_updated(state, after),),
    )


def item_updated(state: VenueState, item: MenuItem) -> Event:
    """What people are told of an item; its hours they know from the list."""
    updated = InventoryItemUpdated(
        item_id=item.id,
        available=item.available and can_make(state, item),
        price_minor=item.price_minor,
        version=item.version,
    )
    return tell(updated, venue_id=state.venue_id, version=item.version)


def item_view(state: VenueState, item: MenuItem, context: Context) -> MenuItemView:
    """An item as lists show it."""
    in_hours = item.hours is None or is_open(item.hours, context.now, state.profile.tz)
    return MenuItemView(
        item_id=item.id,
        venue_id=item.venue_id,
        sku=item.sku,
        name=item.name,
        category=item.category,
        price_minor=item.price_minor,
        tax_code=item.tax_code,
        tax_rate_bp=item.tax_rate_bp,
        alcohol=item.alcoholic,
        standard_drinks_milli=drinks_milli(state, item),
        allergens=item.allergens,
        available=item.available and in_hours and can_make(state, item),
        available_from=None
        if in_hours or item.hours is None
        else opens_at(item.hours, context.now, state.profile.tz),
        version=item.version,
    )


def _refuse_sku(state: VenueState, sku: str) -> Refusal | None:
    if all(item.sku != sku for item in state.all(MenuItem)):
        return None
    detail = f"an item has the SKU {sku}, or had it; choose another"
    return Refusal(Code.SKU_TAKEN, detail, errors=(FieldError("/sku", "taken", detail),))


def _refuse_alcohol(command: CreateMenuItem) -> Refusal | None:
    """Alcohol whose drinks can't be counted would pass every limit on them."""
    strong = (command.abv_bp or 0) > 0
    if command.alcohol and strong and command.volume_ml is not None:
        return None
    if not command.alcohol and not strong:
        return None
    missing = [
        FieldError(f"/{name}", "required", "alcohol needs its strength and its volume")
        for name, there in (
            ("alcohol", command.alcohol),
            ("abv_bp", strong),
            ("volume_ml", command.volume_ml is not None),
        )
        if not there
    ]
    return Refusal(
        Code.ALCOHOL_DATA_MISSING,
        "what has alcohol says so, with abv_bp and volume_ml, so that its drinks can be counted",
        errors=tuple(missing),
    )


def recounted(state: VenueState, settings: VenueSettings) -> tuple[MenuItem, ...]:
    """The items that are another number of drinks under these settings."""
    on_sale = (item for item in state.all(MenuItem) if item.alcoholic and item.retired_at is None)
    counted = ((item, _drinks_milli(item, settings)) for item in on_sale)
    return tuple(
        item.revised(standard_drinks_milli=milli)
        for item, milli in counted
        if milli != item.standard_drinks_milli
    )


def drinks_milli(state: VenueState, item: MenuItem) -> int:
    """How much a portion is by the measure of now; what is kept is for lists, and may be older."""
    return _drinks_milli(item, state.profile.settings)


def _drinks_milli(item: MenuItem, settings: VenueSettings) -> int:
    if item.volume_ml is None or item.abv_bp is None:
        # Nobody can tell any more, and no drinks at all would pass every limit.
        return item.standard_drinks_milli
    return standard_drinks_milli(item.volume_ml, item.abv_bp, settings=settings)


def _refuse_hours(hours: Mapping[str, Any] | None) -> Refusal | None:
    error = None if hours is None else venue_phases.refuse_hours(hours)
    if error is None:
        return None
    return Refusal(Code.VALIDATION_FAILED, error.detail, errors=(error,))


def _hours(hours: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Always is no hours at all."""
    return None if hours is None or hours == ALWAYS_OPEN else dict(hours)


def _refuse_recipe(
    state: VenueState, recipe: tuple[RecipeLine, ...], of: MenuItem | None = None
) -> Refusal | None:
    """A recipe takes what is known here, each part once."""
    seen = set()
    for n, line in enumerate(recipe):
        pointer = f"/recipe/{n}/item_id"
        if line.item_id in seen:
            return unfit(pointer, "repeated", f"{line.item_id} stands in the recipe twice")
        known = state.stock(line.item_id) is not None or line.item_id == getattr(of, "id", None)
        if not known and state.get(MenuItem, line.item_id) is None:
            return unfit(pointer, "unknown", f"{line.item_id} is not kept here; receive it first")
        seen.add(line.item_id)
    return None
