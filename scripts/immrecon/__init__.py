"""Immune reconstitution after T-cell-depleted allogeneic HSCT: from lab export to DSMB report."""
