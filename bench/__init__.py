"""How fast a node is, and what it costs; see README.md. Loopback only, bounded in time."""
