"""A real node with a real database, hurt again and again: `make torture`."""
