"""Where delimiters, quotes, line ends and blanks stand in a block of delimited text, without splitting it."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

_AT_A_TIME = 131_072
"""Bytes that stay in the cache of a core."""

_BLANKS = "\t\x0b\x0c\x85\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
"""What may stand around a cell and is no part of it, but for the common blank and the ends of lines."""

_FEED, _RETURN, _SPACE = ord("\n"), ord("\r"), ord(" ")

Bytes = npt.NDArray[np.uint8]


class Signs:
    """The signs of whole lines. Delimiter and quote are of ASCII; `quote` is None where none is in the text."""

    def __init__(self, text: str, delimiter: str, quote: str | None) -> None:
        self.content, self.quote = text.encode(), quote
        self._text, self._delimiter = text, delimiter
        self._bytes = np.frombuffer(self.content, dtype=np.uint8)
        self._ends = self._places(lambda piece: piece == _FEED)
        self.n_lines = self._ends.size
        self._quoted = np.empty(0, dtype=np.int64)
        if quote is not None:
            signs = self._places(lambda piece: piece == ord(quote))
            self._quoted = np.unique(np.searchsorted(self._ends, signs))
            begins = np.concatenate([[0], self._ends[:-1] + 1])[self._quoted]
            ends = self._ends[self._quoted]
            lines = [self.content[begin:end].decode() for begin, end in zip(begins, ends, strict=True)]
            self._lines = pl.Series(lines, dtype=pl.String).str.strip_suffix("\r").to_frame("line")

    def widths_agree(self, width: int) -> bool:
        """Whether the lines have so many cells: on average, and each line with a quote, of which every cell has no
        quote, or begins and ends with one and is closed in its line.
        """
        n_delimiters = self._count(ord(self._delimiter))
        if self.quote is None:
            return n_delimiters == (width - 1) * self.n_lines
        q, d = (f"\\x{ord(sign):02x}" for sign in (self.quote, self._delimiter))
        cell = f"(?:{q}(?:[^{q}]|{q}{q})*{q}|[^{q}{d}]*)"
        line = pl.col("line")
        plain = line.str.contains(f"^{cell}(?:{d}{cell})*$")
        outside = line.str.replace_all(f"{q}[^{q}]*{q}", "").str.count_matches(d)
        sound = (plain & (outside == width - 1)).all()
        in_them, are_sound = self._lines.select(N=line.str.count_matches(d).sum(), SOUND=sound).row(0)
        return bool(are_sound) and n_delimiters - in_them == (width - 1) * (self.n_lines - self._quoted.size)

    def are_trimmed(self) -> bool:
        """Whether it is certain that no cell begins or ends with a blank. Of lines whose widths agree."""
        others = _BLANKS.replace(self._delimiter, "")
        if self._delimiter == " " or any(blank in self._text for blank in others):
            return False
        blanks = self._places(lambda piece: piece == _SPACE)
        edge = np.zeros(256, dtype=np.bool_)
        edge[[ord(self._delimiter), _FEED, _RETURN]] = True
        # Lines end with a line feed, so that a blank at the very beginning has an edge before it, too.
        beside = edge[self._bytes[blanks - 1]] | edge[self._bytes[blanks + 1]]
        if not np.isin(np.searchsorted(self._ends, blanks[beside]), self._quoted).all():
            return False
        if self.quote is None:
            return True
        # Blanks beside a delimiter within quotes are no matter.
        q, d = (f"\\x{ord(sign):02x}" for sign in (self.quote, self._delimiter))
        bare = pl.col("line").str.replace_all(f"{q}[^{q}]*{q}", "x")
        padding = bare.str.contains(f"^ | $|{d} | {d}") | pl.col("line").str.contains(f"{q} | {q}")
        return not self._lines.select(padding.any()).item()

    def _places(self, at: Callable[[Bytes], npt.NDArray[np.bool_]]) -> npt.NDArray[np.int64]:
        found = [np.flatnonzero(at(piece)) + begin for begin, piece in self._pieces()]
        return np.concatenate(found) if found else np.empty(0, dtype=np.int64)

    def _count(self, sign: int) -> int:
        return sum(int(np.count_nonzero(piece == sign)) for _, piece in self._pieces())

    def _pieces(self) -> Iterator[tuple[int, Bytes]]:
        for begin in range(0, self._bytes.size, _AT_A_TIME):
            yield begin, self._bytes[begin : begin + _AT_A_TIME]
