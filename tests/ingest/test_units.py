"""Units: 1/uL = 1/mm3 = 10^6/L = 0.001 x 10^9/L (UCUM; domain practice of the laboratories)."""

import pytest

from immrecon.ingest.units import PERCENT, RATIO, SPELLINGS, Unit, likely_units, parse_unit, shift

PER_UL = Unit("count", 6)
GIGA_PER_L = Unit("count", 9)


@pytest.mark.parametrize(
    "text",
    [
        "/uL", "/\u00b5L", "/\u03bcL", "/mm3", "/mm³", "/mm^3", "cells/uL", "cells/\u00b5L", "cells/\u03bcL",
        "cells/mcL", "cells/mm3", "10^6/L", "10*6/L", "10E6/L", "10⁶/L", "x10^6/L", "× 10⁶/L", "x10^6 cells/L",
        "x10(6)/L", "1000000/L", "10^6 cells/L", "cellules/mm3", "10^3/mL", " /uL ",
        "1/uL", "1/\u00b5L", "1/mm3", "/UL", "CELLS/UL", "cells/MM3", "/MCL", "#/uL", "nb/mm3", "{cells}/uL", "{Cell}/uL",
        "{#}/uL", "{cells}/mm3", "/uL{cells}", "cells per uL", "cells per microlitre", "Cells/Microliter", "per mm3",
        "uL-1", "\u00b5L\u207b\u00b9", "cells mm-3", "10*6.L-1", "10^6 cells L-1", "Mio/L", "Mpt/L", "million/L", "/cu mm",
    ],
)  # fmt: skip
def test_spellings_of_per_microlitre(text: str) -> None:
    assert parse_unit(text) == PER_UL


@pytest.mark.parametrize(
    "text",
    [
        "G/L", "Giga/L", "10^9/L", "10*9/L", "10**9/L", "10E9/L", "10e9/L", "10⁹/L", "x10(9)/L", "10(9)/L", "10^(9)/L", "x10^9/L", "10^9 cells/L",
        "10^3/uL", "10*3/uL", "x10E3/\u00b5L", "K/uL", "k/mm3", "THOU/uL", "1000/uL", "Thousand/mcL",
        "giga/L", "GIGA/l", "Giga/litre", "K/UL", "10*3/ul", "10*3{cells}/uL", "10*3.{cells}/uL", "10*9/L{cells}",
        "10*9.L-1", "10\u2079 L\u207b\u00b9", "10^9 cells per litre", "1E3/uL", "1e9/L", "Gpt/l", "Tsd./\u00b5l", "Thousands/uL",
    ],
)  # fmt: skip
def test_spellings_of_giga_per_litre(text: str) -> None:
    assert parse_unit(text) == GIGA_PER_L


@pytest.mark.parametrize(
    "text",
    [
        "109/L",
        "106/L",
        "g/L",
        "G/l",
        "cells",
        "",
        "10 9/L",
        "x10(9 /L",
        "x10(9/L",
        "10^9)/L",
        "/",
        "m/L",
        "/min",
        "c/s",
        "10^99/L",
        "10^13/L",
        "10^3/L",
        "10^5/L",
        "10^8/L",
        "10^9/uL",
        "10^6/dL",
        "1000/L",
        "10^12/mL",
        "10^1/L",
        "x10^12/uL",
        "10^1/uL",
        "mm3",
        "uL",
        "{cells}",
        "{copies}/mL",
        "/{cells}",
        "{cells/uL",
        "%{CD3}",
        "G/uL",
        "K/L",
        "M/uL",
        "T/L",
        "mil/mm3",
        "billion/L",
        "10E+3/uL",
        "10x3/uL",
        "109 L-1",
        "1",
    ],
)
def test_what_is_not_certain_is_not_a_unit(text: str) -> None:
    assert parse_unit(text) is None


def test_percent_and_fraction() -> None:
    assert {parse_unit(text) for text in ("%", "percent", "Per cent", "pourcent", "Prozent")} == {PERCENT}
    assert parse_unit("{ratio}") == parse_unit("Ratio") == RATIO
    assert shift(Unit("fraction", 0), PERCENT) == 2


def test_shift_is_the_power_of_ten_between_units() -> None:
    assert shift(GIGA_PER_L, PER_UL) == 3
    assert shift(PER_UL, GIGA_PER_L) == -3
    assert shift(PERCENT, PER_UL) is None


def test_every_offered_spelling_is_known() -> None:
    assert [text for text in SPELLINGS if parse_unit(text) is None] == []


@pytest.mark.parametrize(
    ("text", "likely"),
    [
        ("G/l", '"G/L"'), ("g/l", '"G/L"'), ("cels/uL", '"cells/uL"'), ("10^9/Ll", '"10^9/L"'), ("mmol", None),
        ("mm3", '"/mm3"'), ("{cels}/uL", '"cells/uL"'), ("10*3{Zell/uL", '"10*3/uL"'), ("x10_9/L", '"x10(9)/L"'),
        ("M/uL", None), ("m/mm3", None), ("10^8/L", None), ("10^9/dL", None), ("10^-3/L", None), ("10^9/l.", '"10^9/L"'),
    ],
)  # fmt: skip
def test_the_likely_spelling(text: str, likely: str | None) -> None:
    assert likely_units(text, {}) == likely


def test_the_laboratorys_own_words_are_offered_first() -> None:
    assert likely_units("C/MCL", {"c/mcl": "/uL"}) == '"c/mcl"'


def test_every_meaning_of_a_likely_spelling_is_offered() -> None:
    assert likely_units("cels", {"cel": "/uL", "cels.": "K/uL"}) == '"cels." or "cel"'
