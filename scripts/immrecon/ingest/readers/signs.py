"""Where delimiters, quotes, line ends and blanks stand in a block of delimited text, without splitting it."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

_BLANKS = (
    "\t\x0b\x0c\x85\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f"
    "\u205f\u3000"
)
"""What may stand around a cell and is no part of it, but for the common blank and the ends of lines."""

_AT_A_TIME = 131_072
"""Bytes that stay in the cache of a core; a multiple of 64."""

_WORD = 64

Words = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]


class Signs:
    """The signs of whole lines. Delimiter and quote are of ASCII; `quote` is None where none is in the text."""

    def __init__(self, text: str, delimiter: str, quote: str | None) -> None:
        self.content, self.delimiter, self.quote = text.encode(), delimiter, quote
        self._text = text
        self._bytes = np.frombuffer(self.content, dtype=np.uint8)
        self._ends = self._places("\n")
        self.n_lines = self._ends.size
        self.longest = int(np.diff(self._ends, prepend=-1).max(initial=0))
        self._delimiters = self._bits(delimiter)
        self._quoted = np.empty(0, dtype=np.int64)
        if quote is not None:
            self._quoted = np.unique(self._line_of(self._places(quote)))
            begins = np.concatenate([[0], self._ends[:-1] + 1])[self._quoted]
            ends = self._ends[self._quoted]
            lines = [self.content[begin:end].decode() for begin, end in zip(begins, ends, strict=True)]
            self._lines = pl.Series(lines, dtype=pl.String).str.strip_suffix("\r").to_frame("line")

    def widths_agree(self, width: int) -> bool:
        """Whether every line has so many cells. Of a line with a quote every cell has no quote, or begins and ends
        with one and is closed in its line.
        """
        n = np.full(self.n_lines, width - 1)
        if self.quote is not None:
            q, d = (f"\\x{ord(sign):02x}" for sign in (self.quote, self.delimiter))
            cell = f"(?:{q}(?:[^{q}]|{q}{q})*{q}|[^{q}{d}]*)"
            line = pl.col("line")
            plain = line.str.contains(f"^{cell}(?:{d}{cell})*$")
            outside = line.str.replace_all(f"{q}[^{q}]*{q}", "").str.count_matches(d)
            found = self._lines.select(SOUND=plain & (outside == width - 1), N=line.str.count_matches(d))
            if not found["SOUND"].all():
                return False
            n[self._quoted] = found["N"].to_numpy()
        return bool((np.diff(self._delimiters_before(self._ends), prepend=0) == n).all())

    def _delimiters_before(self, places: Places) -> Places:
        words = self._delimiters
        n = np.concatenate([[0], np.cumsum(np.bitwise_count(words), dtype=np.int64)])
        word, bit = places // _WORD, (places % _WORD).astype(np.uint64)
        lower = (np.uint64(1) << bit) - np.uint64(1)
        return np.asarray(n[word] + np.bitwise_count(words[word] & lower))

    def are_trimmed(self) -> bool:
        """Whether it is certain that no cell begins or ends with a blank. Of lines whose widths agree."""
        if self.delimiter == " " or any(blank in self._text for blank in _BLANKS.replace(self.delimiter, "")):
            return False
        edges = self._delimiters | self._bits("\n")
        if "\r" in self._text:
            edges |= self._bits("\r")
        one, last = np.uint64(1), np.uint64(_WORD - 1)
        after, before = edges << one, edges >> one
        after[1:] |= edges[:-1] >> last
        before[:-1] |= edges[1:] << last
        after[0] |= one  # the first line begins
        beside = self._bits(" ") & (after | before)
        if not np.isin(self._line_of(_places_of(beside)), self._quoted).all():
            return False
        if self.quote is None:
            return True
        # Blanks beside a delimiter within quotes are no matter.
        q, d = (f"\\x{ord(sign):02x}" for sign in (self.quote, self.delimiter))
        bare = pl.col("line").str.replace_all(f"{q}[^{q}]*{q}", "x")
        padding = bare.str.contains(f"^ | $|{d} | {d}") | pl.col("line").str.contains(f"{q} | {q}")
        return not self._lines.select(padding.any()).item()

    def _line_of(self, places: Places) -> Places:
        return np.asarray(np.searchsorted(self._ends, places), dtype=np.int64)

    def _places(self, sign: str) -> Places:
        found = [np.flatnonzero(piece == ord(sign)) + begin for begin, piece in self._pieces()]
        return np.concatenate(found)

    def _bits(self, sign: str) -> Words:
        """A bit for every byte: whether it is the sign."""
        size = self._bytes.size
        found = np.zeros(-(-size // _WORD) * _WORD // 8, dtype=np.uint8)
        for begin, piece in self._pieces():
            bits = np.packbits(piece == ord(sign), bitorder="little")
            found[begin // 8 : begin // 8 + bits.size] = bits
        return found.view("<u8").astype(np.uint64, copy=False)

    def _pieces(self) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
        for begin in range(0, self._bytes.size, _AT_A_TIME):
            yield begin, self._bytes[begin : begin + _AT_A_TIME]


def _places_of(words: Words) -> Places:
    """The places of the bits that are set, which are few."""
    word = np.flatnonzero(words)
    bits = np.unpackbits(words[word].astype("<u8", copy=False).view(np.uint8).reshape(-1, 8), axis=1, bitorder="little")
    row, bit = np.nonzero(bits)
    return np.asarray(word[row] * _WORD + bit)
