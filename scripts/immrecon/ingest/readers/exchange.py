"""What the readers of exchange formats share."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from immrecon.config.source_format import Limits
from immrecon.ingest.readers.bounds import check_file
from immrecon.ingest.readers.text import decode
from immrecon.ingest.units import parse_unit

BETWEEN = "~"
"""Between several values of one field, as HL7 v2 separates repetitions."""


def read_bounded(path: Path, file: str, encoding: str, limits: Limits) -> str:
    """The text of a file that is not too large. Raises SourceError as `decode`, and for a larger file."""
    check_file(path, file, limits)
    return decode(path, file, encoding)


def agreed_unit(code: str, text: str) -> str:
    """The coded unit; the text where there is no code. Where both are known units and differ, both: that is no unit."""
    meant, said = parse_unit(code), parse_unit(text)
    if meant is not None and said is not None and meant != said:
        return f"{code} or {text}"
    return code or text


def joined(texts: Iterable[str]) -> str:
    """The different texts that are not blank."""
    return BETWEEN.join(dict.fromkeys(text for text in texts if text))


def rows_of(heads: Sequence[str], records: Iterable[dict[str, str]]) -> list[list[str]]:
    """Records as rows of a grid."""
    return [[record.get(head, "") for head in heads] for record in records]


def listed(numbers: dict[str, int]) -> str:
    """Names with their numbers, in a sentence."""
    return ", ".join(f"{n} {name}" for name, n in sorted(numbers.items()))
