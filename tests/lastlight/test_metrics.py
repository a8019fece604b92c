"""Metrics: what the operator's alarms are built on has to be there, named, and the node's own."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from lastlight.metrics import CONTENT_TYPE, Metrics
from lastlight.realtime.backlog import Backlog
from lastlight.realtime.hub import Hub
from lastlight.realtime.publisher import RoomPublisher
from protocol.entries import RoomEvent


def sample(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_a_request_is_counted_under_its_operation_and_status() -> None:
    """Error rate and latency by endpoint are read from this one histogram."""
    metrics = Metrics()
    metrics.observe_request(operation="CheckIn", status=201, elapsed_s=0.004)
    metrics.observe_request(operation="CheckIn", status=409, elapsed_s=0.001)
    name = "lastlight_request_seconds"
    assert sample(metrics, f"{name}_count", operation="CheckIn", status="201") == 1
    within = {"operation": "CheckIn", "status": "201"}
    assert sample(metrics, f"{name}_bucket", **within, le="0.005") == 1
    assert sample(metrics, f"{name}_bucket", **within, le="0.003") == 0


def test_a_watched_gauge_is_read_when_somebody_looks() -> None:
    """A depth copied now and then would show the calm between two storms."""
    metrics, waiting = Metrics(), [1]
    metrics.watch(metrics.gate_outputs, lambda: waiting[0])
    waiting[0] = 7
    assert sample(metrics, "lastlight_gate_outputs") == 7


def test_a_watched_total_is_a_counter_that_somebody_else_keeps() -> None:
    """Counting twice would let the two counts differ; alarms need what the parts know."""
    metrics, refused = Metrics(), [0]
    metrics.watch(metrics.refused_rows, lambda: refused[0])
    refused[0] = 2
    assert sample(metrics, "lastlight_refused_rows_total") == 2
    assert "# TYPE lastlight_refused_rows_total counter" in metrics.exposition().decode()


def test_how_long_an_sos_waited_for_somebody_is_measured_once() -> None:
    """The promise of a venue to its people, watched; being on the scene is no second answer."""
    metrics = Metrics()
    publisher = RoomPublisher(Hub(), Backlog(), metrics)
    for status in ("acknowledged", "on_scene"):
        publisher.publish(
            RoomEvent(
                id=UUID(int=1),
                type="emergency.sos_acknowledged",
                venue_id=None,
                occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
                data={
                    "incident_id": str(UUID(int=2)),
                    "owner_id": str(UUID(int=3)),
                    "display_name": "Moth",
                    "status": status,
                    "after_ms": 12_000,
                    "at": "2026-01-01T00:00:00.000Z",
                },
                rooms=(),
            )
        )
    assert sample(metrics, "lastlight_sos_acknowledge_seconds_sum") == 12
    assert sample(metrics, "lastlight_sos_acknowledge_seconds_count") == 1


def test_two_nodes_share_nothing() -> None:
    """Tests run several nodes in one process, and so may an operator."""
    first, second = Metrics(), Metrics()
    first.watch(first.dead_letters, lambda: 1)
    assert sample(first, "lastlight_dead_letters_total") == 1
    assert sample(second, "lastlight_dead_letters_total") == 0
    assert not [m for m in REGISTRY.collect() if m.name.startswith("lastlight")]


def test_what_is_exposed_can_be_read_back() -> None:
    """The text is a format with a grammar; a help text may break it."""
    families = list(text_string_to_metric_families(Metrics().exposition().decode()))
    assert len(families) > 20
    assert all(family.documentation for family in families)
    assert CONTENT_TYPE.startswith("text/plain")


def test_what_the_operators_page_tells_to_watch_exists() -> None:
    """An alarm on a name that nobody exports never rings."""
    text = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`(lastlight_\w+)`", text.partition("## What to watch")[2]))
    exposed = Metrics().exposition().decode()
    assert told
    assert not [name for name in told if f"# TYPE {name} " not in exposed]
