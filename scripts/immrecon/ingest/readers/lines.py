"""The lines of a block of delimited text, numbered by what they say before they are split.

Most lines of a long export repeat others: the sample of the line before, and a result that has been met. To see that
takes one look at each byte, which is compiled (`lines_compiled`, imported where it is used: the compiler takes its time
to load); what repeats is then split, named and judged once.
"""

from dataclasses import dataclass
from enum import IntFlag
from typing import TYPE_CHECKING

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


@dataclass(frozen=True)
class Lines:
    """Whole lines that all have as many cells. Runs and readings are numbered as they come."""

    content: bytes
    begins: npt.NDArray[np.uint64]
    """Where each line begins, and the end of the last."""
    run: Numbers
    reading: Numbers
    first_of_run: Numbers
    first_of_reading: Numbers
    """The first line of each."""

    @property
    def n(self) -> int:
        return self.run.size

    @classmethod
    def of(cls, content: bytes, delimiter: str, quote: str | None, roles: "Sequence[Role]") -> "Lines | None":
        """Of a text that ends with a line feed, whose delimiter and quote are of ASCII. None where a line has more or
        fewer cells than there are roles; or where a quote stands within a cell that does not begin with one, is not
        closed in its line, or is followed by more of the cell; or where a line may end otherwise than with a line feed.
        """
        from immrecon.ingest.readers.lines_compiled import DELIMITER, FEED, QUOTE, RETURN, numbered

        signs = np.zeros(256, dtype=np.uint8)
        signs[ord("\n")], signs[ord("\r")], signs[ord(delimiter)] = FEED, RETURN, DELIMITER
        if quote is not None:
            signs[ord(quote)] = QUOTE
        found = numbered(np.frombuffer(content, dtype=np.uint8), signs, np.array(roles, dtype=np.uint8))
        return cls(content, *found) if found[0].size else None

    def some(self, places: Numbers) -> bytes:
        """The text of the lines at these places."""
        from immrecon.ingest.readers.lines_compiled import picked

        return picked(np.frombuffer(self.content, dtype=np.uint8), self.begins, places).tobytes()
