"""Figures: result tables in, matplotlib figures out. They select, scale and label; no statistics happen here."""
