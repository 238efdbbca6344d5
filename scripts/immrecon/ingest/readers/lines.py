"""The lines of a block of delimited text, numbered by what they say before they are split.

Most lines of a long export repeat others: the sample of the line before, and a result that has been met. To see that
takes one look at each byte, which is compiled (`lines_compiled`, imported where it is used: the compiler takes its time
to load); what repeats is then split, named and judged once.
"""

from dataclasses import dataclass
from enum import IntFlag
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

Numbers = npt.NDArray[np.uint32]


class Role(IntFlag):
    """What the cells of a column are compared for."""

    NONE = 0
    AROUND = 1
    """Lines that follow each other and agree in these columns are one run."""
    SAID = 2
    """Lines that agree in these columns are one reading, wherever they stand."""


class Readings:
    """What lines say in the columns compared for it, each once, numbered as it comes. One thread adds to it; what is
    known stays as it is.
    """

    def __init__(self, delimiter: str, quote: str | None, roles: "Sequence[Role]") -> None:
        """The signs are of ASCII."""
        self.n = 0
        self.roles = np.array(roles, dtype=np.uint8)
        self.delimiter = ord(delimiter)
        self.quote = None if quote is None else ord(quote)
        self._said = np.empty(0, dtype=np.uint8)
        self._said_from = np.zeros(1, dtype=np.uint64)
        self._digests = np.empty(0, dtype=np.uint64)
        self._slots = np.zeros(1024, dtype=np.uint64)

    def number(self, content: bytes) -> "tuple[npt.NDArray[np.uint64], Numbers, Numbers, Numbers]":
        """As `lines_compiled.numbered`, of more lines."""
        from immrecon.ingest.readers.lines_compiled import DELIMITER, FEED, QUOTE, RETURN, feeds, numbered

        signs = np.zeros(256, dtype=np.uint8)
        signs[ord("\n")], signs[ord("\r")], signs[self.delimiter] = FEED, RETURN, DELIMITER
        if self.quote is not None:
            signs[self.quote] = QUOTE
        text = np.frombuffer(content, dtype=np.uint8)
        n = feeds(text)
        self._said = _with_room(self._said, int(self._said_from[self.n]), len(content) + n)
        self._said_from = _with_room(self._said_from, self.n + 1, n)
        self._digests = _with_room(self._digests, self.n, n)
        begins, run, reading, first_of_run, self.n, self._slots = numbered(
            text, n, signs, self.roles, self.delimiter, self.n, self._said, self._said_from, self._digests, self._slots
        )
        return begins, run, reading, first_of_run

    def text(self, first: int, end: int) -> bytes:
        """What the readings from the first to before the end say: lines of the columns compared, and an empty cell."""
        return self._said[int(self._said_from[first]) : int(self._said_from[end])].tobytes()


def _with_room(array: npt.NDArray[Any], used: int, n: int) -> npt.NDArray[Any]:
    """The array, or a larger one that begins alike, with room for `n` more."""
    if array.size >= used + n:
        return array
    larger = np.empty(2 * used + n, dtype=array.dtype)
    larger[:used] = array[:used]
    return larger


@dataclass(frozen=True)
class Lines:
    """Whole lines that all have as many cells. Runs are numbered as they come; so are readings, and since others were
    known before.
    """

    content: bytes
    begins: npt.NDArray[np.uint64]
    """Where each line begins, and the end of the last."""
    run: Numbers
    reading: Numbers
    first_of_run: Numbers
    """The first line of each run."""
    readings: Readings
    n_readings: int
    """So many are known with these lines."""

    @property
    def n(self) -> int:
        return self.run.size

    @classmethod
    def of(cls, content: bytes, readings: Readings) -> "Lines | None":
        """Of a text that ends with a line feed. None where a line has more or fewer cells than there are roles; or
        where a quote stands within a cell that does not begin with one, is not closed in its line, or is followed by
        more of the cell; or where a line may end otherwise than with a line feed.
        """
        found = readings.number(content)
        return cls(content, *found, readings, readings.n) if found[0].size else None

    def some(self, places: Numbers) -> bytes:
        """The text of the lines at these places."""
        from immrecon.ingest.readers.lines_compiled import picked

        return picked(np.frombuffer(self.content, dtype=np.uint8), self.begins, places).tobytes()
