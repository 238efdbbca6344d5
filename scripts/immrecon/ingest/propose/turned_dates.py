"""Dates of which a spreadsheet may have made others: "05/03/2025" read as 3 May, and "13/03/2025" left a text."""

import re

from immrecon.ingest.propose.columns import Column, many


def turned_round(made: Column, left: Column) -> str | None:
    """What to ask where a program that takes the month first may have turned round all dates that it could.

    `made`: texts that begin with the year, as dates of a workbook do; `left`: those that end with it.
    """
    if made.n < 2 or left.n < 2:
        return None
    if any(_numbers(text)[2] > 12 for text in made.texts) or any(max(_numbers(text)[:2]) <= 12 for text in left.texts):
        return None
    return (
        f'in column "{made.name}" {many(made.n, "date")} that begin with the year all have a day of 12 or less '
        f"({made.examples()}), and {left.n} others all have one above ({left.examples()}): day and month of the first "
        "may have been turned round. Choose %Y-%m-%d if they are right; leave it out, and they are queried."
    )


def _numbers(text: str) -> list[int]:
    return [int(part) for part in re.findall("[0-9]+", text)[:3]]
