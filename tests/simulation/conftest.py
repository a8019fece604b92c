"""The founded world of nights in memory serves the simulator's tests as well."""

from tests.night.conftest import founded_world

__all__ = ["founded_world"]
