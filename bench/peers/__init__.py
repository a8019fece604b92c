"""Servers that ours is measured beside, each as its stack's own engineers would write it."""
