"""Clinical rules: populations, clocks, windows, confirmation, censoring. No statistics."""
