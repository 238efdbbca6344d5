"""What a careful person reads in each result cell of a sheet, from the dialect alone. Nothing of the ingest.

A cell that leaves any doubt has no reading: the ingest may not use it. Units, numbers and dates are read with tables
and Decimal, not with the expressions of the package.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from ..exports.common import Export
from .messages import HL7_HEADS
from .plain_values import day_of, number_of, power_of, without_unit
from .sheet import Sheet, UnreadableError, clean, kind, text

Reading = tuple[str, str, date, str, float]
"""Participant, analyte, day, comparator, number per uL."""


@dataclass(frozen=True)
class Cell:
    """`fields` is all that stands for the result; `reading` what it says, where that is certain."""

    row: int
    column: str
    fields: tuple[str, ...]
    reading: Reading | None


def cells(export: Export, sheet: Sheet) -> list[Cell]:
    """All result cells that are not blank. Raises UnreadableError: a declared column is missing or comes twice."""
    shapes = {"long": _long, "wide_by_analyte": _wide, "wide_visit_over_analyte": _over, "wide_by_visit": _by_visit}
    if export.dialect["layout"].get("blocks"):
        found = _blocks(export, sheet)
    else:
        found = shapes[export.dialect["shape"]](export, sheet)
    return [
        Cell(number, column, tuple(f.values()), _reading(export, f))
        for number, column, f in found
        if _filled(f["result"])
    ]


_Found = Iterator[tuple[int, str, dict[str, str]]]


_BLANK = re.compile("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*")
"""What Unicode calls white space; Python also strips the separators U+001C to U+001F."""


def _filled(cell: str) -> bool:
    return _BLANK.fullmatch(cell) is None


def _names(heads: list[str]) -> list[str]:
    names: list[str] = []
    for place, head in enumerate(heads, 1):
        name = head or f"(column {place})"
        names.append(f"{name} (column {place})" if name in names else name)
    return names


def _table(export: Export, sheet: Sheet) -> tuple[list[str], list[tuple[int, list[str], bool]]]:
    """Heads, and the rows of data: number, texts, and whether the row has as many cells as there are heads."""
    layout = export.dialect["layout"]
    in_file = kind(export) in {"xpt", "dataset_json", "hl7v2", "fhir"}
    header_rows = [0] if in_file else layout.get("header_rows", [1])
    by_number = dict(zip(sheet.numbers, sheet.rows, strict=True))
    if any(number not in by_number for number in header_rows[-1:]):
        raise UnreadableError("no header row")
    levels = [[clean(cell) for cell in by_number.get(number, [])] for number in header_rows]
    width = max((i + 1 for level in levels for i, head in enumerate(level) if head), default=0)
    levels = [(level + [""] * width)[:width] for level in levels]
    for number, level in zip(header_rows[:-1], levels, strict=False):
        if layout.get("header_fill") == "forward":
            for i in range(1, width):
                level[i] = level[i] or level[i - 1]
        for top, bottom, left, right in sheet.merged:
            if top <= number <= bottom:
                level[left : right + 1] = [level[left]] * (min(right, width - 1) - left + 1)
    heads = _names([" | ".join(dict.fromkeys(p for p in parts if p)) for parts in zip(*levels, strict=True)])
    rows = []
    for number, row in zip(sheet.numbers, sheet.rows, strict=True):
        if number <= header_rows[-1] or not any(_filled(text(cell)) for cell in row):
            continue
        first = next(text(cell).strip() for cell in row if text(cell).strip())
        if any(re.fullmatch(pattern, first) for pattern in layout.get("ignore_rows", [])):
            continue
        if layout.get("repeated_header") and [clean(c) for c in row[:width]] == levels[-1]:
            continue
        whole = all(not text(cell).strip() for cell in row[width:])
        if not layout.get("sheets"):
            whole = whole and len(row) >= width
        rows.append((number, ([text(cell) for cell in row] + [""] * width)[:width], whole))
    return heads, rows


def _place(heads: list[str], head: str) -> int:
    if heads.count(head) != 1 or any(h.startswith(f"{head} (column ") for h in heads):
        raise UnreadableError(f"{head}: {heads.count(head)} times")
    return heads.index(head)


def _fields(
    who: str, name: str, day: str, result: str, unit: str | None = None, *, whole: bool, **more: str
) -> dict[str, str]:
    return {"who": who.strip(), "name": clean(name), "date": day.strip(), "result": result,
            "unit": "(declared)" if unit is None else unit.strip(), "whole": "yes" if whole else "", **more}  # fmt: skip


def _long(export: Export, sheet: Sheet) -> _Found:
    heads, rows = _table(export, sheet)
    columns = export.dialect["columns"]
    roles = {
        role: columns[role]
        for role in ("participant", "test", "result", "unit", "loinc", "status", "accession")
        if role in columns
    }
    roles |= {"date": columns["collected"]["column"]}
    at = {role: _place(heads, head) for role, head in roles.items()}
    if "visit" in columns:
        _place(heads, columns["visit"])
    for number, row, whole in rows:
        more = {role: row[at[role]].strip() for role in ("loinc", "status", "accession") if role in at}
        result, unit = row[at["result"]], row[at["unit"]] if "unit" in at else None
        if kind(export) == "hl7v2":
            result, unit = _hl7_result(row[HL7_HEADS.index("OBX-2")], result), _hl7_unit(row[at["unit"]])
        yield number, columns["result"], _fields(row[at["participant"]], row[at["test"]], row[at["date"]], result, unit,
                                                 whole=whole, **more)  # fmt: skip


def _hl7_result(form: str, value: str) -> str:
    if not _filled(value):
        return ""
    if form == "SN":
        parts = value.split("^")
        if len(parts) == 1:  # all in one component, as "<5"
            return value
        return "".join(parts) if len(parts) == 2 and parts[0] in {"<", ">", "<=", ">=", "=", ""} else f"{value} (?)"
    return value if form in {"NM", "ST", "TX", "FT", ""} else f"{value} (?)"


def _hl7_unit(value: str) -> str:
    parts = [*value.partition("~")[0].split("^"), ""]
    if parts[0].strip() in {"10", "x10", "X10"} and parts[1].strip()[:1] in set("0123456789"):
        return f"{parts[0].strip()}^{parts[1].strip()}"  # the sign of a power, not a separator
    return parts[0] or parts[1]


def _wide(export: Export, sheet: Sheet) -> _Found:
    heads, rows = _table(export, sheet)
    yield from _wide_rows(export, heads, rows, None)


def _wide_rows(export: Export, heads: list[str], rows: list[tuple[int, list[str], bool]], whose: str | None) -> _Found:
    columns = export.dialect["columns"]
    who = None if whose is not None else _place(heads, columns["participant"])
    day, sample = _place(heads, columns["collected"]["column"]), _place(heads, columns["accession"])
    at = {name: _place(heads, name) for name in export.dialect["analytes"]}
    for number, row, whole in rows:
        for name, column in at.items():
            subject = row[who] if who is not None else whose or ""
            yield (
                number,
                name,
                _fields(subject, name, row[day], row[column], whole=whole, accession=row[sample].strip()),
            )


def _blocks(export: Export, sheet: Sheet) -> _Found:
    """Heads follow the line of a block; where they come without one, nobody knows whose the rows are."""
    begins = export.dialect["layout"]["blocks"]["begins"]
    columns = export.dialect["columns"]
    wanted = {columns["accession"], columns["collected"]["column"], *export.dialect["analytes"]}
    whose, line_at, heads = "", -1, None
    block: list[tuple[int, list[str], bool]] = []
    found: list[tuple[list[str], list[tuple[int, list[str], bool]], str]] = []
    for number, row in zip(sheet.numbers, sheet.rows, strict=True):
        line = " ".join(" ".join(text(c).split()) for c in row if text(c).strip())
        match = re.fullmatch(begins, line)
        is_heads = wanted <= {clean(c) for c in row}
        if match:
            whose, line_at, heads = match["participant"], number, None
        elif line_at == number - 1 or is_heads:
            whose = whose if line_at == number - 1 else ""
            width = max((i + 1 for i, c in enumerate(row) if clean(c)), default=0)
            heads = _names([clean(c) for c in row[:width]])
            block = []
            found.append((heads, block, whose))
        elif heads is not None and line:
            block.append(
                (number, (row + [""] * len(heads))[: len(heads)], len(row) >= len(heads) and not any(row[len(heads) :]))
            )
    if not any(rows for _, rows, _ in found):
        raise UnreadableError("no block")
    for heads, rows, whose in found:
        if rows:
            yield from _wide_rows(export, heads, rows, whose)


def _over(export: Export, sheet: Sheet) -> _Found:
    heads, rows = _table(export, sheet)
    columns = export.dialect["columns"]
    who = _place(heads, columns["participant"])
    by_visit: dict[str, dict[str, int]] = {}
    for place, head in enumerate(heads):
        visit, joined, below = head.rpartition(" | ")
        if joined:
            by_visit.setdefault(visit, {})[below] = place
    names = export.dialect["analytes"]
    if set(names) - {below for block in by_visit.values() for below in block}:
        raise UnreadableError("no visit has a column of an analyte")
    for visit, block in by_visit.items():
        below = {name: place for name, place in block.items() if name in names}
        day = block.get(columns["collected"]["column"])
        if below and day is None:
            raise UnreadableError(f"{visit}: no date")
        for number, row, whole in rows:
            for name, place in below.items():
                yield number, heads[place], _fields(row[who], name, row[day or 0], row[place], whole=whole, visit=visit)


def _by_visit(export: Export, sheet: Sheet) -> _Found:
    heads, rows = _table(export, sheet)
    columns, visits = export.dialect["columns"], export.dialect["visits"]
    who, test = _place(heads, columns["participant"]), _place(heads, columns["test"])
    day = columns["collected"]["column"]
    if visits["dates"] == "row":
        at = [place for place, head in enumerate(heads) if re.fullmatch(visits["heads"], head)]
        days: dict[tuple[str, int], set[str]] = {}
        for _, row, _ in rows:
            for place in at:
                if clean(row[test]) == day and row[place].strip():
                    days.setdefault((row[who].strip(), place), set()).add(row[place].strip())
        if not at:
            raise UnreadableError("no visit")
        for number, row, whole in rows:
            for place in at if clean(row[test]) != day else []:
                written = " / ".join(sorted(days.get((row[who].strip(), place), set())))
                yield (
                    number,
                    heads[place],
                    _fields(row[who], row[test], written, row[place], whole=whole, visit=heads[place]),
                )
        return
    beside: dict[str, dict[str, int]] = {}
    for place, head in enumerate(heads):
        visit, joined, below = head.rpartition(" | ")
        if joined and re.fullmatch(visits["heads"], visit):
            beside.setdefault(visit, {})[below] = place
    if not any(columns["result"] in block for block in beside.values()):
        raise UnreadableError("no visit has results")
    for visit, block in beside.items():
        if columns["result"] in block and day not in block:
            raise UnreadableError(f"{visit}: no date")
        for number, row, whole in rows if columns["result"] in block else []:
            place = block[columns["result"]]
            yield (
                number,
                heads[place],
                _fields(row[who], row[test], row[block[day]], row[place], whole=whole, visit=visit),
            )


def _reading(export: Export, f: dict[str, str]) -> Reading | None:
    rule = export.dialect["analytes"].get(f["name"])
    if rule is None or not f["whole"] or not re.fullmatch(r"S101-[0-9]{2}-[0-9]{3}", f["who"]):
        return None
    if f.get("loinc") and f["loinc"] != rule.get("loinc"):
        return None
    if export.dialect["columns"].get("status") and f.get("status") not in export.dialect["statuses"]:
        return None
    unit = f["unit"] if f["unit"] != "(declared)" else rule["unit"]
    power = power_of(unit)
    day = day_of(f["date"], export.dialect["columns"]["collected"]["dates"])
    number = number_of(f["result"], export.dialect["numbers"]) or number_of(
        without_unit(f["result"], unit), export.dialect["numbers"]
    )
    if power is None or day is None or number is None:
        return None
    comparator, value = number
    if value == 0:  # a count of nothing is a count below the limit
        return (f["who"], rule["code"], day, "<", rule["lloq"]) if comparator == "=" else None
    return f["who"], rule["code"], day, comparator, float(value.scaleb(power))
