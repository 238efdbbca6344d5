"""Received files as text: nothing is parsed here, and every cell knows its row as a person counts it."""

from immrecon.ingest.readers.grid import Grid, Table, to_table
from immrecon.ingest.readers.source import find_files, read_grids, read_tables

__all__ = ["Grid", "Table", "find_files", "read_grids", "read_tables", "to_table"]
