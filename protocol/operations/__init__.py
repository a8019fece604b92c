"""Everything that can be asked for: one module per page of the table, `table` for all of it."""
