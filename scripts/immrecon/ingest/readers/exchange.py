"""What the readers of exchange formats share."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from immrecon.config.source_format import Limits
from immrecon.ingest.readers.bounds import check_file
from immrecon.ingest.readers.grid import Remark
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


UNREAD_UNIT = "unit not read"
"""Of a record, and no column: the text of a unit that is read by its code alone."""


def unread_unit(code: str, text: str) -> str:
    """The text beside a coded unit, where it is no unit that is known: the words of a person, or damage. Else blank."""
    return text if text != code and parse_unit(code) is not None and parse_unit(text) is None else ""


def unread_units(records: Iterable[tuple[int, dict[str, str]]]) -> list[Remark]:
    """A remark for each text of a unit that only its code tells, at the row of the first."""
    found: dict[tuple[str, str], list[int]] = {}
    for row, record in records:
        if text := record.get(UNREAD_UNIT):
            found.setdefault((record.get("unit") or record.get("OBX-6", ""), text), []).append(row)
    return [
        Remark(
            rows[0],
            "unit_text_unknown",
            f'The text of the unit is not known. The unit is read by its code, "{code[:20]}", in {len(rows)} results.',
            hint="Words of a person, or damage: where the text says another unit, the code is wrong. Ask the sender.",
            text=text[:60],
        )
        for (code, text), rows in found.items()
    ]


def joined(texts: Iterable[str]) -> str:
    """The different texts that are not blank."""
    return BETWEEN.join(dict.fromkeys(text for text in texts if text))


def rows_of(heads: Sequence[str], records: Iterable[dict[str, str]]) -> list[list[str]]:
    """Records as rows of a grid."""
    return [[record.get(head, "") for head in heads] for record in records]


def listed(numbers: dict[str, int]) -> str:
    """Names with their numbers, in a sentence."""
    return ", ".join(f"{n} {name}" for name, n in sorted(numbers.items()))
