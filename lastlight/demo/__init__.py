"""The demo venue and its people, and a night played against it."""
