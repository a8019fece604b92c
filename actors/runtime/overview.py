"""The node in figures, whether it has a live part at this moment or not."""

from __future__ import annotations

from actors.runtime.generation import Counts, Generation
from actors.runtime.inspection import NodeStatistics


def statistics_of(generation: Generation | None, counts: Counts) -> NodeStatistics:
    """The figures of a node; `generation` is None while it starts."""
    depths = [] if generation is None else generation.residents.depths()
    return NodeStatistics(
        actors={} if generation is None else generation.residents.counts(),
        mailbox_depth=sum(depths),
        mailbox_depth_max=max(depths, default=0),
        gate_backlog=0 if generation is None else generation.gate.backlog,
        timers=0 if generation is None else len(generation.timers),
        rooms=0 if generation is None else len(generation.rooms),
        unflushed=0 if generation is None else len(generation.tail),
        dead_letters=counts.dead_letters,
        expired=counts.expired,
        refused_full=counts.refused_full,
        resets=counts.resets,
        outside=counts.outside,
        effects_waiting=0 if generation is None else len(generation.effects),
        effects_given_up=counts.effects_given_up,
    )
