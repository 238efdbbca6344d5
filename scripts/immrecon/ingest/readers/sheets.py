"""Which sheets of a workbook are read."""

from collections.abc import Sequence

from immrecon.errors import SourceError


def choose_sheets(file: str, present: Sequence[str], wanted: Sequence[str]) -> None:
    """Raises SourceError: a wanted sheet is missing, or cannot be told from another."""
    if missing := [name for name in wanted if name not in present]:
        listed = ", ".join(f'"{name}"' for name in present)
        raise SourceError(f'{file}: the sheet "{missing[0]}" is missing. Sheets present: {listed}.')
    if twice := [name for name in wanted if present.count(name) > 1]:
        raise SourceError(f'{file}: two sheets are named "{twice[0]}"; which one is meant cannot be known.')
