"""From files as received to the harmonised layer: every cell ends as a value, a censored value, or a query."""
