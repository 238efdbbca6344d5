"""Text of which a part stands above or below the line. A footnote is no digit of the number that it stands at, and a
power none of its base: between them comes a sign that no number has within."""

import re
from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter

_SIGN = "^"
_DIGIT = re.compile("[0-9]")
_ENDS_IN_DIGIT = re.compile("[0-9][.,]?$")
_BEGINS_WITH_DIGIT = re.compile("[.,]?[0-9]")


def joined(runs: Iterable[tuple[str, bool]]) -> str:
    """The text of runs that are raised (or lowered) or not: 50 and a raised 1 are 50^1, CD4 and a raised + are CD4+."""
    pieces: list[str] = []
    end = ""
    for is_raised, group in groupby((run for run in runs if run[0]), itemgetter(1)):
        text = "".join(piece for piece, _ in group)
        follows = _DIGIT.search(text) if is_raised else _BEGINS_WITH_DIGIT.match(text)
        if _ENDS_IN_DIGIT.search(end) and follows:
            pieces.append(_SIGN)
        pieces.append(text)
        end = (end + text[-2:])[-2:]
    return "".join(pieces)
