"""What a site enters into the clinical database: a record, the day it happened, how it is later completed."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Update:
    """New contents of cells of a record, from the day `on` (a stop date, an adjudication)."""

    on: date
    reason: str
    cells: dict[str, str]


@dataclass(frozen=True)
class Entry:
    """A record of `table` about `subject`, knowable from the day `on`."""

    table: str
    subject: str
    on: date
    cells: dict[str, str]
    updates: tuple[Update, ...] = ()
