"""Tables as files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from immrecon.contracts.io import write_text
from immrecon.tables.csv import table_csv
from immrecon.tables.html import table_page
from immrecon.tables.model import Table


def save_tables(tables: Mapping[str, Table], outputs: Sequence[str | Path]) -> None:
    """Write <stem>.html and <stem>.csv for each table into the one folder of the declared outputs, atomically."""
    folder = Path(outputs[0]).parent
    for stem, table in tables.items():
        write_text(table_page(table), folder / f"{stem}.html")
        write_text(table_csv(table), folder / f"{stem}.csv")
