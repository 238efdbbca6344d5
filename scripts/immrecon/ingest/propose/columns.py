"""The cells of a column as evidence: each distinct text, how often it comes, and where first."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import polars as pl

from immrecon.ingest.readers.grid import ROW, Table
from immrecon.quoting import quoted

_SEPARATOR = re.compile(r"[^a-z0-9%+/]+")


@dataclass(frozen=True)
class Column:
    """Distinct trimmed texts that are not blank: how many cells, and the row of the first."""

    name: str
    texts: dict[str, tuple[int, int]]

    @property
    def n(self) -> int:
        return sum(n for n, _ in self.texts.values())

    def where(self, test: Callable[[str], object]) -> "Column":
        return Column(self.name, {text: seen for text, seen in self.texts.items() if test(text)})

    def share(self, test: Callable[[str], object]) -> float:
        return self.where(test).n / self.n if self.n else 0.0

    def examples(self, most: int = 2) -> str:
        """E.g. `row 12 "1,5", row 40 "2,25"`."""
        return ", ".join(f"row {row} {quoted(text, 40)}" for text, (_, row) in list(self.texts.items())[:most])

    def counted(self, most: int = 8) -> str:
        """E.g. `"H" (12, e.g. row 3), "L" (1, row 9)`."""
        shown = [
            f"{quoted(text, 40)} ({n}, {'e.g. ' if n > 1 else ''}row {row})"
            for text, (n, row) in list(self.texts.items())[:most]
        ]
        rest = len(self.texts) - most
        return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")


def column(name: str, cells: Iterable[tuple[int, str]]) -> Column:
    texts: dict[str, tuple[int, int]] = {}
    for row, raw in cells:
        if text := raw.strip():
            n, first = texts.get(text, (0, row))
            texts[text] = (n + 1, first)
    return Column(name, texts)


def of_table(table: Table, *heads: str) -> Column:
    """The cells below one head, or below several that are the same thing under several visits."""
    return join(heads[-1], [_of_series(head, table.frame.select(ROW, head)) for head in heads])


def _of_series(head: str, frame: pl.DataFrame) -> Column:
    text = pl.col(head).str.strip_chars().alias("text")
    counted = (
        frame.select(ROW, text)
        .filter(pl.col("text") != "")
        .group_by("text", maintain_order=True)
        .agg(pl.len(), pl.col(ROW).first())
    )
    return Column(head, {text: (n, row) for text, n, row in counted.iter_rows()})


def many(n: int, thing: str) -> str:
    """E.g. "1 row", "1,234 rows"."""
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"


def join(name: str, columns: Iterable[Column]) -> Column:
    texts: dict[str, tuple[int, int]] = {}
    for part in columns:
        for text, (n, row) in part.texts.items():
            before, first = texts.get(text, (0, row))
            texts[text] = (before + n, min(first, row))
    return Column(name, texts)


def folded(text: str) -> str:
    """Lower case without accents, one sign for micro and for the signs of a phenotype."""
    plain = text.replace("\u2212", "-").replace("\u207a", "+").replace("\u207b", "-")
    decomposed = unicodedata.normalize("NFKD", plain.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).replace("\u03bc", "u")


def words(text: str) -> str:
    """The folded words of a head, single spaces between: "N° prélèvement" is "n prelevement"."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", text)  # sampleDate
    return " ".join(_SEPARATOR.sub(" ", folded(spaced).replace("°", " ").replace("º", " ")).split())
