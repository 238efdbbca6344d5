"""Result cells: the number, the comparator, or the word that each text is."""

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from immrecon.config.dialect import NotDoneWords, Numbers, Words
from immrecon.ingest.values import parse_results, scaled

FRENCH = Numbers(decimal=[","], thousands=[" ", "\u00a0", "\u202f"], flags=["*", "H"])
ENGLISH = Numbers(decimal=["."], thousands=[","], flags=[])
WORDS = Words(below_limit=["<LQ", "ND"], not_done=[NotDoneWords(matches="h[ée]molys[ée]e?", reason="haemolysed")])


def parsed(text: str | None, numbers: Numbers = FRENCH, shift: int = 0) -> dict[str, object]:
    frame = parse_results(pl.Series([text], dtype=pl.String), numbers, WORDS)
    return frame.with_columns(number=scaled(pl.col("mantissa"), pl.col("exponent") + shift)).row(0, named=True)


@pytest.mark.parametrize(
    ("text", "comparator", "number"),
    [
        ("12", "=", 12.0),
        ("12,0", "=", 12.0),
        ("0,05", "=", 0.05),
        (",5", "=", 0.5),
        ("1 234", "=", 1234.0),
        ("1\u00a0234", "=", 1234.0),
        ("1\u202f234\u202f567,5", "=", 1234567.5),
        ("1,2E+02", "=", 120.0),
        ("12e-1", "=", 1.2),
        ("< 5", "<", 5.0),
        ("<5", "<", 5.0),
        ("≤1", "<=", 1.0),
        (">=2000", ">=", 2000.0),
        ("> 2 000", ">", 2000.0),
        ("=^440", "=", 440.0),
        ("<^5", "<", 5.0),
        ("12 *", "=", 12.0),
        ("12H", "=", 12.0),
        ("12 H *", "=", 12.0),
        ("\u00a012\u00a0", "=", 12.0),
        ("0", "=", 0.0),
        ("007", "=", 7.0),
    ],
)
def test_numbers_of_the_declared_locale(text: str, comparator: str, number: float) -> None:
    found = parsed(text)
    assert (found["comparator"], found["number"], found["problem"]) == (comparator, number, None)


@pytest.mark.parametrize(
    "text",
    ["0 050", "1.234", "1.234,5", "1 23", "1 2345", "12 34", "1,2,3", "12,", "12 L", "#####", "#DIV/0!", "1-2", "5 - 10", "12%",
     "TRUE", "< ", "<<5", "1e", "1e400", "١٢", "2026-03-04", "prélèvement insuffisant", "9" * 600],
)  # fmt: skip
def test_everything_else_is_unreadable(text: str) -> None:
    found = parsed(text)
    assert (found["problem"], found["number"], found["word"]) == ("unreadable", None, None)


def test_the_point_and_comma_mean_what_is_declared() -> None:
    assert parsed("1,234", ENGLISH)["number"] == 1234.0
    assert parsed("1,234", FRENCH)["number"] == 1.234
    assert parsed("1.234", ENGLISH)["number"] == 1.234
    both = Numbers(decimal=[".", ","])
    assert (parsed("1,5", both)["number"], parsed("1.5", both)["number"]) == (1.5, 1.5)


def test_negative_numbers_are_a_problem_of_their_own() -> None:
    assert parsed("-5")["problem"] == "negative"


@pytest.mark.parametrize("text", ["<LQ", "<lq", "nd", "< LQ", "<\u00a0lq"])
def test_words_below_the_limit(text: str) -> None:
    assert parsed(text)["word"] == "below limit"


@pytest.mark.parametrize("text", ["hémolysé", "HÉMOLYSÉE", "hemolyse", "he\u0301molyse\u0301"])
def test_words_for_not_done_have_a_reason(text: str) -> None:
    found = parsed(text)
    assert (found["word"], found["reason"], found["problem"]) == ("not done", "haemolysed", None)


def test_a_declared_pattern_never_swallows_a_number() -> None:
    greedy = Words(not_done=[NotDoneWords(matches=".*", reason="anything")])
    found = parse_results(pl.Series(["12", "<5", "x"]), FRENCH, greedy)
    assert found["word"].to_list() == [None, None, "not done"]
    assert found["reason"].to_list() == [None, None, "anything"]


@pytest.mark.parametrize("text", ["", "  ", "\u00a0", None])
def test_blank_is_blank(text: str | None) -> None:
    found = parsed(text)
    assert (found["comparator"], found["number"], found["word"], found["problem"]) == (None, None, None, None)


@pytest.mark.parametrize(("text", "rounded"), [("1,8E+02", True), ("1,80E+02", False), ("18E1", True), ("180", False)])
def test_exponents_that_hide_digits_are_noticed(text: str, rounded: bool) -> None:
    assert parsed(text)["rounded"] is rounded


@pytest.mark.parametrize(
    ("text", "exact"), [("0,05", 50.0), ("0,57", 570.0), ("1,005", 1005.0), ("0,29", 290.0), ("0,003", 3.0)]
)
def test_conversion_loses_nothing(text: str, exact: float) -> None:
    """0.57 * 1000 is 569.9999999999999 in binary; the decimal is shifted before it becomes binary."""
    assert parsed(text, shift=3)["number"] == exact


@given(
    st.decimals(min_value=0, max_value=99999, places=3, allow_nan=False, allow_infinity=False),
    st.sampled_from(["=", "<", ">="]),
    st.integers(-3, 3),
)
def test_every_number_is_read_back(number: Decimal, comparator: str, shift: int) -> None:
    sign = "" if comparator == "=" else comparator
    whole, fraction = f"{number:.3f}".split(".")
    grouped = f"{int(whole):,}".replace(",", "\u202f")
    found = parsed(f"{sign}{grouped},{fraction}", shift=shift)
    assert found["comparator"] == comparator
    assert found["number"] == float(number.scaleb(shift))
