"""What happens to exports on their way: damage of bytes, rows, columns, units, dates, encodings, participants.

A mutation takes the seeded generator, the export and its sheet, and gives the bytes of a changed file, or None where it
has no meaning for that format.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from ..exports.common import Export
from . import cell_changes
from .archives import ARCHIVES
from .sheet import Sheet, head_index, kind, text
from .sheets import write

Mutation = Callable[[Random, Export, Sheet], bytes | None]
_TEXTUAL = {"csv", "hl7v2", "fhir", "dataset_json"}

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1", "iso8859-15", "cp850", "mac_roman",
             "cp1251", "shift_jis", "utf-7"]  # fmt: skip


def _span(rng: Random, size: int, most: int = 60) -> tuple[int, int]:
    start = rng.randrange(size)
    return start, min(size, start + rng.randint(1, most))


def flip(rng: Random, export: Export, _: Sheet) -> bytes:
    content = bytearray(export.content)
    for _ in range(rng.choice([1, 1, 2, 8, 30])):
        content[rng.randrange(len(content))] = rng.choice([rng.randrange(256), *b'0159.,;<|"\n -E'])
    return bytes(content)


def cut_out(rng: Random, export: Export, _: Sheet) -> bytes:
    start, end = _span(rng, len(export.content), rng.choice([1, 5, 400]))
    return export.content[:start] + export.content[end:]


def insert(rng: Random, export: Export, _: Sheet) -> bytes:
    at = rng.randrange(len(export.content))
    new = bytes(rng.choice([rng.randrange(256), *b'0159.,;<|"\n ']) for _ in range(rng.randint(1, 12)))
    return export.content[:at] + new + export.content[at:]


def truncate(rng: Random, export: Export, _: Sheet) -> bytes:
    return export.content[: rng.randrange(len(export.content))]


def stretch(rng: Random, export: Export, _: Sheet) -> bytes:
    start, end = _span(rng, len(export.content), 600)
    return export.content[:end] + export.content[start:end] + export.content[end:]


def by_rows(change: Callable[[Random, list[list[Any]], int], None]) -> Mutation:
    def mutation(rng: Random, export: Export, sheet: Sheet) -> bytes:
        rows = [list(row) for row in sheet.rows]
        for _ in range(rng.choice([1, 1, 2, 5])):
            at = rng.randrange(head_index(export, sheet) + 1, len(rows))
            change(rng, rows, at)
            if len(rows) < head_index(export, sheet) + 3:
                break
        return write(export, sheet.with_rows(rows))

    return mutation


def _delete(_: Random, rows: list[list[Any]], at: int) -> None:
    del rows[at]


def _duplicate(rng: Random, rows: list[list[Any]], at: int) -> None:
    rows.insert(rng.randrange(at, len(rows)) + 1, list(rows[at]))


def _duplicate_changed(rng: Random, rows: list[list[Any]], at: int) -> None:
    row = list(rows[at])
    if row:
        row[rng.randrange(len(row))] = rng.choice(["17", "<5", "", "x"])
    rows.insert(rng.randrange(at, len(rows)) + 1, row)


def _swap(rng: Random, rows: list[list[Any]], at: int) -> None:
    other = rng.randrange(at, len(rows))
    rows[at], rows[other] = rows[other], rows[at]


def _blank(rng: Random, rows: list[list[Any]], at: int) -> None:
    rows[at] = rng.choice([[], [""] * len(rows[at]), [" "] * len(rows[at])])


def _shift(rng: Random, rows: list[list[Any]], at: int) -> None:
    row = rows[at] or [""]
    place = rng.randrange(len(row))
    if rng.random() < 0.5:
        rows[at] = [*row[:place], "", *row[place:]][: len(row) + rng.randint(0, 1)]
    else:
        rows[at] = [*row[:place], *row[place + 1 :], *[""] * rng.randint(0, 1)]


def by_columns(change: Callable[[Random, Export, list[list[Any]], int, int], bool]) -> Mutation:
    def mutation(rng: Random, export: Export, sheet: Sheet) -> bytes | None:
        rows = [list(row) for row in sheet.rows]
        at = head_index(export, sheet)
        if kind(export) in {"hl7v2", "fhir"} or not rows[at]:
            return None
        return (
            write(export, sheet.with_rows(rows))
            if change(rng, export, rows, at, rng.randrange(len(rows[at])))
            else None
        )

    return mutation


def _rename(rng: Random, export: Export, rows: list[list[Any]], head: int, column: int) -> bool:
    former = text(rows[head][column])
    new = [former.lower(), former + "2", former[::-1], former.replace(" ", "  ") + " ", ""]
    rows[head][column] = f"C{column}" if kind(export) == "xpt" else rng.choice(new)
    return True


def _drop(_: Random, export: Export, rows: list[list[Any]], head: int, column: int) -> bool:
    for row in rows:
        del row[column : column + 1]
    return True


def _double(rng: Random, export: Export, rows: list[list[Any]], head: int, column: int) -> bool:
    place = rng.randrange(len(rows[head]) + 1)
    for row in rows if kind(export) != "xpt" else []:
        if column < len(row):
            row.insert(place, row[column])
    return kind(export) != "xpt"


def _order(rng: Random, export: Export, rows: list[list[Any]], head: int, column: int) -> bool:
    other = rng.randrange(len(rows[head]))
    for row in rows:
        if max(column, other) < len(row):
            row[column], row[other] = row[other], row[column]
    return True


def _add(rng: Random, export: Export, rows: list[list[Any]], head: int, column: int) -> bool:
    for index, row in enumerate(rows):
        if index >= head and len(row) > column:
            row.insert(column, "Comment" if index == head else rng.choice(["", "seen", "12"]))
    return True


def fields_of_messages(rng: Random, export: Export, _: Sheet) -> bytes | None:
    """Renamed, lost and doubled elements of messages and resources."""
    fhir = [
        b'"valueQuantity"',
        b'"status"',
        b'"effectiveDateTime"',
        b'"subject"',
        b'"code"',
        b'"resourceType"',
        b'"value"',
        b'"unit"',
    ]
    hl7 = [b"PID|", b"OBR|", b"MSH|", b"OBX|", b"|NM|", b"^LN|", b"/uL^^UCUM", b"|F\r"]
    wanted = {"fhir": fhir, "hl7v2": hl7}.get(kind(export))
    if wanted is None:
        return None
    name = rng.choice(wanted)
    new = rng.choice([b"X" + name, b"", name + name, name.swapcase(), name[:-1] + b"x" + name[-1:]])
    if rng.random() < 0.5:
        return export.content.replace(name, new)
    parts = export.content.split(name)
    at = rng.randrange(1, len(parts))
    return name.join(parts[:at]) + new + name.join(parts[at:])


def recoded(rng: Random, export: Export, _: Sheet) -> bytes | None:
    if kind(export) not in _TEXTUAL:
        return None
    encoding = export.dialect["layout"].get("encoding") or "utf-8"
    return export.content.decode(encoding).encode(rng.choice(ENCODINGS), errors="replace")


MUTATIONS: dict[str, Mutation] = {
    "bytes: changed": flip,
    "bytes: lost": cut_out,
    "bytes: inserted": insert,
    "bytes: cut short": truncate,
    "bytes: stretch twice": stretch,
    "rows: lost": by_rows(_delete),
    "rows: twice": by_rows(_duplicate),
    "rows: twice, one changed": by_rows(_duplicate_changed),
    "rows: swapped": by_rows(_swap),
    "rows: blanked": by_rows(_blank),
    "rows: cells shifted": by_rows(_shift),
    "columns: head changed": by_columns(_rename),
    "columns: lost": by_columns(_drop),
    "columns: twice": by_columns(_double),
    "columns: order": by_columns(_order),
    "columns: one more": by_columns(_add),
    "columns: elements of messages": fields_of_messages,
    "units: another spelling": cell_changes.by_cells(cell_changes.is_unit, cell_changes.spelling),
    "units: another unit": cell_changes.by_cells(cell_changes.is_unit, cell_changes.other_unit),
    "units: missing": cell_changes.by_cells(cell_changes.is_unit, lambda rng, unit, export: rng.choice(["", " "])),
    "dates: garbled": cell_changes.by_cells(cell_changes.is_date, cell_changes.garbled),
    "dates: another order": cell_changes.by_cells(cell_changes.is_date, cell_changes.other_order),
    "dates: impossible": cell_changes.by_cells(cell_changes.is_date, cell_changes.impossible),
    "dates: missing": cell_changes.by_cells(cell_changes.is_date, lambda rng, written, export: ""),
    "encoding: another": recoded,
    "hostile: results": cell_changes.by_cells(
        cell_changes.is_result, lambda rng, cell, export: rng.choice(cell_changes.HOSTILE)
    ),
    "hostile: any cell": cell_changes.by_cells(
        cell_changes.any, lambda rng, cell, export: rng.choice(cell_changes.HOSTILE)
    ),
    "hostile: beside a number": cell_changes.by_cells(
        cell_changes.is_result,
        lambda rng, cell, export: "".join(rng.sample([cell, rng.choice(cell_changes.HOSTILE)[:50]], 2)),
    ),
    "participants: near miss": cell_changes.by_cells(cell_changes.is_person, cell_changes.near_miss),
    "participants: O for 0": cell_changes.by_cells(cell_changes.is_person, cell_changes.lookalike),
    **ARCHIVES,
}
