"""What a table is, before it is HTML or CSV."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from immrecon.tables.format import clean

Emphasis = Literal["none", "strong", "muted", "alert"]


@dataclass(frozen=True)
class Cell:
    """One cell. `marks` are the letters of its footnotes; `repeated` text is shown once but written in every row."""

    text: str
    indent: int = 0
    emphasis: Emphasis = "none"
    marks: tuple[str, ...] = ()
    title: str = ""
    repeated: bool = False


@dataclass(frozen=True)
class Head:
    """A cell of the header, over `columns` columns and `rows` header rows."""

    text: str
    columns: int = 1
    rows: int = 1


@dataclass(frozen=True)
class Row:
    """A body row. Consecutive rows of one `section` stand under a line with its name."""

    cells: tuple[Cell, ...]
    section: str = ""
    emphasis: Emphasis = "none"


@dataclass(frozen=True)
class Table:
    """An exhibit that can stand alone: it carries its population, cut-off, method and whether it is a draft.

    `n_labels` leading columns head the rows; they and the columns in `text_columns` are set left, all others right.
    `marked` are the footnotes that cells refer to by letter, `footnotes` those that concern the whole table.
    A table without rows says in `note` why.
    """

    stem: str
    title: str
    population: str
    cutoff: str
    session: str
    draft: str
    header: tuple[tuple[Head, ...], ...]
    rows: tuple[Row, ...]
    footnotes: tuple[str, ...]
    marked: tuple[tuple[str, str], ...] = ()
    note: str = ""
    n_labels: int = 1
    text_columns: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        width = len(self.column_names())
        uneven = [index for index, row in enumerate(self.rows) if len(row.cells) != width]
        if uneven:
            raise ValueError(f"table {self.stem}: rows {uneven} do not have the {width} cells of the header")
        if not self.rows and not self.note:
            raise ValueError(f"table {self.stem} is empty and does not say why")

    def placed_heads(self) -> list[list[tuple[int, Head]]]:
        """Header rows, each head with its first column. Raises ValueError when the spans leave gaps or overlap."""
        width = sum(head.columns for head in self.header[0])
        taken = [[False] * width for _ in self.header]
        placed: list[list[tuple[int, Head]]] = [[] for _ in self.header]
        for depth, heads in enumerate(self.header):
            for head in heads:
                column = taken[depth].index(False) if False in taken[depth] else width
                covered = [row[column : column + head.columns] for row in taken[depth : depth + head.rows]]
                fits = len(covered) == head.rows and all(len(part) == head.columns for part in covered)
                if not fits or any(any(part) for part in covered):
                    raise ValueError(f"table {self.stem}: {head.text!r} does not fit into the header")
                for row in taken[depth : depth + head.rows]:
                    row[column : column + head.columns] = [True] * head.columns
                placed[depth].append((column, head))
        if not all(all(row) for row in taken):
            raise ValueError(f"table {self.stem}: the header does not fill its {width} columns")
        return placed

    def column_names(self) -> list[str]:
        """One name per column: the heads above it from top to bottom, joined."""
        names: list[list[str]] = [[] for _ in range(sum(head.columns for head in self.header[0]))]
        for heads in self.placed_heads():
            for first, head in heads:
                for name in names[first : first + head.columns]:
                    name.append(head.text)
        return [": ".join(filter(None, name)) for name in names]


class Marks:
    """Footnotes by letter, in the order in which cells first refer to them."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}

    def mark(self, text: str | None) -> tuple[str, ...]:
        """The letter of a footnote; nothing for no text."""
        if not text:
            return ()
        text = clean(text)
        if text not in self._letters:
            self._letters[text] = _letter(len(self._letters))
        return (self._letters[text],)

    def notes(self) -> tuple[tuple[str, str], ...]:
        return tuple((letter, text) for text, letter in self._letters.items())


def _letter(index: int) -> str:
    """a, b, ..., z, aa, ab, ..."""
    text = ""
    index += 1
    while index:
        index, digit = divmod(index - 1, 26)
        text = chr(ord("a") + digit) + text
    return text


def text_cells(texts: Sequence[str], emphasis: Emphasis = "none") -> tuple[Cell, ...]:
    return tuple(Cell(text, emphasis=emphasis) for text in texts)
