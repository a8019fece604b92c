"""Brings the journal into the database, behind what was already answered."""
