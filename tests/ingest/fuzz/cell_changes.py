"""Changes of single cells: hostile texts, units, dates, participants."""

from collections.abc import Callable
from random import Random

from ..exports.common import Export
from .plain_values import POWER, day_of, number_of
from .sheet import Sheet, head_index, kind, text
from .sheets import write

Mutation = Callable[[Random, Export, Sheet], bytes | None]

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


def is_unit(_: Export, sheet: Sheet, row: int, column: int) -> bool:
    return text(sheet.rows[row][column]).replace("µ", "u").replace("μ", "u").split("^^")[0] in POWER


def is_date(export: Export, sheet: Sheet, row: int, column: int) -> bool:
    return day_of(text(sheet.rows[row][column]).strip(), export.dialect["columns"]["collected"]["dates"]) is not None


def is_person(_: Export, sheet: Sheet, row: int, column: int) -> bool:
    return "S101-" in text(sheet.rows[row][column])


def is_result(export: Export, sheet: Sheet, row: int, column: int) -> bool:
    columns = {"hl7v2": (6,), "fhir": (5,)}.get(kind(export), export.results)
    cell = text(sheet.rows[row][column])
    return column in columns and (number_of(cell.replace("^", ""), export.dialect["numbers"]) is not None)


def any(_: Export, sheet: Sheet, row: int, column: int) -> bool:
    return True


def spelling(rng: Random, unit: str, _: Export) -> str:
    same = POWER.get(unit.replace("µ", "u").replace("μ", "u").split("^^")[0], 0)
    return rng.choice([name for name, power in POWER.items() if power == same])


def other_unit(rng: Random, unit: str, _: Export) -> str:
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


def garbled(rng: Random, written: str, _: Export) -> str:
    at = rng.randrange(len(written) + 1)
    return rng.choice([written[:at], written[:at] + rng.choice("0x?/-. ") + written[at:], written[::-1], f"~{written}", written + " ?", "?" * 8,
                       f"{written} - {written}", "unknown", written.replace("20", "٢٠"), "1" * 400])  # fmt: skip


def other_order(rng: Random, written: str, export: Export) -> str | None:
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


def impossible(rng: Random, written: str, export: Export) -> str:
    return rng.choice(["31/02/2026", "2026-02-30", "00/00/0000", "02/30/2026 10:00", "30.02.2026", "31-Feb-26", "20260230", "20261301",
                       "2026-02-30T10:00", "202602301000", "2026-02-30T10:00:00+01:00", "9999-12-31", "0", "60", "9999999", "24:61", "2026-01-01T25:00",
                       "01/01/1800", "29/02/2025", "2025-02-29", "0001-01-01", "0000-01-01"])  # fmt: skip


def near_miss(rng: Random, who: str, _: Export) -> str:
    at = rng.randrange(len(who))
    return rng.choice([who[:at] + who[at + 1 :], who[:at] + who[at] + who[at:], who[:at] + rng.choice("0123456789") + who[at + 1 :],
                       who.replace("-", ""), who.replace("-0", "-"), who.lower(), who + " ", f"{who}/{who}", who.replace("-", "–"), "", who + "\n"])  # fmt: skip


def lookalike(rng: Random, who: str, _: Export) -> str:
    return who.replace("0", "O") if rng.random() < 0.5 else who.replace("1", rng.choice("lI"))
