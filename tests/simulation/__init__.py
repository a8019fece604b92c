"""Whole nights of a real node from one seed: anybody does anything, faults come as they like."""
