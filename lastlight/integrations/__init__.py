"""What the node does outside itself, by way of providers."""
