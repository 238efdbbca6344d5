"""Tables as files."""

from collections.abc import Mapping
from pathlib import Path

from immrecon.contracts.io import write_text
from immrecon.tables.csv import table_csv
from immrecon.tables.html import table_page
from immrecon.tables.model import Table


def save_tables(tables: Mapping[str, Table], folder: str | Path) -> None:
    """Write <stem>.html and <stem>.csv for each table, atomically, the same bytes each time."""
    for stem, table in tables.items():
        write_text(table_page(table), Path(folder) / f"{stem}.html")
        write_text(table_csv(table), Path(folder) / f"{stem}.csv")
