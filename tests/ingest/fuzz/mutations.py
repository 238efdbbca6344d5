"""What happens to exports on their way: damage of bytes, rows, columns, units, dates, encodings, participants.

A mutation takes the seeded generator, the export and its sheet, and gives the bytes of a changed file, or None where it
has no meaning for that format.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from ..exports.common import Export
from .archives import ARCHIVES
from .sheets import Sheet, kind, text, write
from .strict import POWER, day_of, number_of

Mutation = Callable[[Random, Export, Sheet], bytes | None]
_TEXTUAL = {"csv", "hl7v2", "fhir", "dataset_json"}

HOSTILE = [
    "=cmd|' /C calc'!A0", "=1+1", "@SUM(1,2)", "+1+1", "-1+1", "<script>alert(1)</script>", "'; DROP TABLE LB; --", "\x00", "12\x0034",
    "\u202e12", "12\u200f", "\u200b12", "\ufeff12", "1\u00a02", "1\u202f234", "\x1b[31m12", "\x1c", "\x85", "\u2028", "\x0b12", "x" * 100_000, "9" * 100_000,
    "{", "}", "{0}", "{participant}", "%s", "${HOME}", '"', '""', '"12', "'", "12\n34", "12\r\n", "\n", "\t", "12;34", "12,5", "1,234", "1.234,5",
    "12|34", "٣٤", "१२", "１２", "²", "½", "Ⅻ", "1e308", "1e309", "1E+05", "1e-5", "12e", "e5", "NaN", "nan", "inf", "-inf", "Infinity", "0x10", "0b1",
    "1_000", "--5", "-5", "+5", "5-", "5-7", "<", ">", "<>5", "< 5", "<= 5", "=<5", "≤5", "⩽5", ">>5", "=5", "==5", "=^440", "^440", "<^5", "~12", "12~13", "12 H",
    "12*", "12 G/L", "12 %", "1/2", "1:2", ".5", "5.", ".", "-", "0", "00", "-0", "0.0", "007", "1000000000000000", "12345678901234567890", "null",
    "None", "TRUE", "#REF!", "#N/A", "ND", "QNS", "clotted", "CLOTTED", "coagulé", "hémolysé", "pending", "\\", "\\N", "\\E\\", "a\\F\\b", "C:\\temp", "../../etc/passwd",
    "<!ENTITY x>", "&lt;12", "&amp;", "]]>", "\ud7ff", "\U0001f9ea", "Café", "Ω", " 12 ", "\u00a012\u00a0", "O", "l2", "1O", "12 13", "12..5", "1,2,3",
]  # fmt: skip
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


def head_index(export: Export, sheet: Sheet) -> int:
    """Of the last header row."""
    in_file = kind(export) in {"xpt", "dataset_json", "hl7v2", "fhir"}
    rows = export.dialect["layout"].get("header_rows", [1])
    return 0 if in_file else sheet.numbers.index(rows[-1])


def _data(rng: Random, export: Export, sheet: Sheet) -> int:
    return rng.randrange(head_index(export, sheet) + 1, len(sheet.rows))


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


def by_cells(
    choose: Callable[[Export, Sheet, int, int], bool], change: Callable[[Random, str, Export], str | None]
) -> Mutation:
    """Some cells of one kind, or all of them."""

    def mutation(rng: Random, export: Export, sheet: Sheet) -> bytes | None:
        rows = [list(row) for row in sheet.rows]
        first = head_index(export, sheet) + 1
        places = [(r, c) for r in range(first, len(rows)) for c in range(len(rows[r])) if choose(export, sheet, r, c)]
        if not places:
            return None
        for r, c in rng.sample(places, min(len(places), rng.choice([1, 1, 3, 10]))):
            new = change(rng, text(rows[r][c]), export)
            if new is None:
                return None
            rows[r][c] = new
        return write(export, sheet.with_rows(rows))

    return mutation


def _is_unit(_: Export, sheet: Sheet, row: int, column: int) -> bool:
    return text(sheet.rows[row][column]).replace("µ", "u").replace("μ", "u").split("^^")[0] in POWER


def _is_date(export: Export, sheet: Sheet, row: int, column: int) -> bool:
    return day_of(text(sheet.rows[row][column]).strip(), export.dialect["columns"]["collected"]["dates"]) is not None


def _is_person(_: Export, sheet: Sheet, row: int, column: int) -> bool:
    return "S101-" in text(sheet.rows[row][column])


def is_result(export: Export, sheet: Sheet, row: int, column: int) -> bool:
    columns = {"hl7v2": (6,), "fhir": (5,)}.get(kind(export), export.results)
    cell = text(sheet.rows[row][column])
    return column in columns and (number_of(cell.replace("^", ""), export.dialect["numbers"]) is not None)


def _any(_: Export, sheet: Sheet, row: int, column: int) -> bool:
    return True


def _spelling(rng: Random, unit: str, _: Export) -> str:
    same = POWER.get(unit.replace("µ", "u").replace("μ", "u").split("^^")[0], 0)
    return rng.choice([name for name, power in POWER.items() if power == same])


def _other_unit(rng: Random, unit: str, _: Export) -> str:
    return rng.choice(
        [
            *POWER,
            "%",
            "g/L",
            "G/l",
            "109/L",
            "c/s",
            "/hpf",
            "10^99/L",
            "10^-3/L",
            "/u L",
            "uL",
            "1",
            "/μl",
            "x10^6",
            "mg/dL",
            "ratio",
        ]
    )


def _garbled(rng: Random, written: str, _: Export) -> str:
    at = rng.randrange(len(written) + 1)
    return rng.choice([written[:at], written[:at] + rng.choice("0x?/-. ") + written[at:], written[::-1], f"~{written}", written + " ?", "?" * 8,
                       f"{written} - {written}", "unknown", written.replace("20", "٢٠"), "1" * 400])  # fmt: skip


def _other_order(rng: Random, written: str, export: Export) -> str | None:
    style = export.dialect["columns"]["collected"]["dates"]
    day = day_of(written.strip(), style)
    forms = [
        "%m/%d/%Y",
        "%d/%m/%Y",
        "%Y-%m-%d",
        "%d.%m.%y",
        "%Y%m%d",
        "%d-%b-%Y",
        "%y-%m-%d",
        "%b %d, %Y",
        "%m/%d/%Y %H:%M",
        "%Y-%m-%dT%H:%M",
    ]
    return None if day is None else day.strftime(rng.choice(forms))


def _impossible(rng: Random, written: str, export: Export) -> str:
    return rng.choice(["31/02/2026", "2026-02-30", "00/00/0000", "02/30/2026 10:00", "30.02.2026", "31-Feb-26", "20260230", "20261301",
                       "2026-02-30T10:00", "202602301000", "2026-02-30T10:00:00+01:00", "9999-12-31", "0", "60", "9999999", "24:61", "2026-01-01T25:00",
                       "01/01/1800", "29/02/2025", "2025-02-29", "0001-01-01", "0000-01-01"])  # fmt: skip


def _near_miss(rng: Random, who: str, _: Export) -> str:
    at = rng.randrange(len(who))
    return rng.choice([who[:at] + who[at + 1 :], who[:at] + who[at] + who[at:], who[:at] + rng.choice("0123456789") + who[at + 1 :],
                       who.replace("-", ""), who.replace("-0", "-"), who.lower(), who + " ", f"{who}/{who}", who.replace("-", "–"), "", who + "\n"])  # fmt: skip


def _lookalike(rng: Random, who: str, _: Export) -> str:
    return who.replace("0", "O") if rng.random() < 0.5 else who.replace("1", rng.choice("lI"))


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
    "units: another spelling": by_cells(_is_unit, _spelling),
    "units: another unit": by_cells(_is_unit, _other_unit),
    "units: missing": by_cells(_is_unit, lambda rng, unit, export: rng.choice(["", " "])),
    "dates: garbled": by_cells(_is_date, _garbled),
    "dates: another order": by_cells(_is_date, _other_order),
    "dates: impossible": by_cells(_is_date, _impossible),
    "dates: missing": by_cells(_is_date, lambda rng, written, export: ""),
    "encoding: another": recoded,
    "hostile: results": by_cells(is_result, lambda rng, cell, export: rng.choice(HOSTILE)),
    "hostile: any cell": by_cells(_any, lambda rng, cell, export: rng.choice(HOSTILE)),
    "hostile: beside a number": by_cells(
        is_result, lambda rng, cell, export: "".join(rng.sample([cell, rng.choice(HOSTILE)[:50]], 2))
    ),
    "participants: near miss": by_cells(_is_person, _near_miss),
    "participants: O for 0": by_cells(_is_person, _lookalike),
    **ARCHIVES,
}
