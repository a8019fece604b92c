"""All mutations, from all modules that plant some."""

from __future__ import annotations

from tests.simulation import (
    mutations_deeds,
    mutations_refusals,
    mutations_rules,
    mutations_runtime,
    mutations_storage,
    mutations_time,
    mutations_waiting,
)
from tests.simulation.mutations import MUTATIONS

__all__ = ["MUTATIONS", "PLANTED_IN"]

PLANTED_IN = (
    mutations_runtime,
    mutations_time,
    mutations_storage,
    mutations_rules,
    mutations_deeds,
    mutations_refusals,
    mutations_waiting,
)
