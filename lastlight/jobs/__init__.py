"""What the node does by itself from time to time, beside the actors' own timers."""
