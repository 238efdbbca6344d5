"""Participants whose identifier a mistyped one may stand for. It is a hint for a person; nothing is corrected by it."""

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

import polars as pl

MOST = 3
"""Identifiers that are named for one text."""

_LOOKALIKE = str.maketrans("OILSBZ", "011582")
"""Letters that are typed or scanned for digits."""

_DECIMALS = re.compile(r"^\s*([0-9]+)[.,]0+\s*$")
"""A number that a spreadsheet gave decimals."""

_CLOSE = 0.8
"""Of two texts with one or two wrong characters: the share that they have in common."""

_BETWEEN = "-"
"""Parts of a text, where they are written as one."""


class Names:
    """Identifiers, prepared to be looked for."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self._prepared = _prepared(names)

    def resembling(self, written: str) -> list[str]:
        """At most three of the identifiers, the closest kind of slip first, in their order.

        The slips: letter for digit, zeros eaten or added, parts swapped, left out or added, one or two characters
        wrong. A later kind is looked at only where the earlier found nothing.
        """
        (text,) = _prepared([_DECIMALS.sub(r"\1", written)]).to_dicts()
        for slip in self._slips(text["letters"], text["parts"], text["in_order"]):
            if places := self._prepared.select(pl.arg_where(slip)).to_series().head(MOST).to_list():
                return [self._names[place] for place in places]
        return self._close(text["plain"])

    def _slips(self, letters: str, parts: str, in_order: str) -> Iterator[pl.Expr]:
        own = parts.split(_BETWEEN) if parts else []
        yield pl.col("letters") == letters
        yield pl.col("parts") == parts
        yield pl.col("in_order") == in_order
        if own:  # study or site are left out, or run together with the rest
            yield pl.col("parts").str.ends_with(_BETWEEN + parts)
        most = self._prepared.select(pl.col("parts").str.count_matches(_BETWEEN, literal=True).max()).item() or 0
        runs = [_BETWEEN.join(own[i : i + n]) for n in range(1, most + 2) for i in range(len(own) - n + 1)]
        yield pl.col("parts").is_in(runs)

    def _close(self, plain: str) -> list[str]:
        # Only where enough characters are in common, in whatever order, is it worth while to look at the order.
        n_common = pl.sum_horizontal(
            pl.lit(0),
            *(
                pl.min_horizontal(pl.lit(n), pl.col("plain").str.count_matches(character, literal=True))
                for character, n in Counter(plain).items()
            ),
        )
        most = 2 * n_common / (pl.col("plain").str.len_chars() + len(plain))
        some = self._prepared.with_row_index("place").filter(most >= _CLOSE - 1e-9)
        found = difflib.get_close_matches(plain, some["plain"].to_list(), n=MOST, cutoff=_CLOSE)
        places = some.filter(pl.col("plain").is_in(found))["place"]
        return [self._names[place] for place in places.head(MOST)]


@lru_cache(maxsize=2)
def names_of(names: tuple[str, ...]) -> Names:
    """The same `Names` for the same identifiers, as the next part of a source asks for them."""
    return Names(names)


def _prepared(texts: Sequence[str]) -> pl.DataFrame:
    """Texts without what letters and digits are mistaken for: `plain`; `letters` (and digits) alone; `parts`, runs of
    them without leading zeros; the parts `in_order`.
    """
    plain = [unicodedata.normalize("NFKC", text).upper().translate(_LOOKALIKE) for text in texts]
    parts = pl.col("plain").str.extract_all("[0-9A-Z]+").list.eval(pl.element().str.replace("^0+(.)", "$1"))
    return pl.DataFrame({"plain": plain}, schema={"plain": pl.String}).select(
        "plain",
        letters=pl.col("plain").str.replace_all("[^0-9A-Z]", ""),
        parts=parts.list.join(_BETWEEN),
        in_order=parts.list.sort().list.join(_BETWEEN),
    )
