"""Rounding and the words for what is not a number."""

from fractions import Fraction

import pytest

from immrecon.errors import ContractError
from immrecon.tables import format as fmt


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (2.5, 0, "3"),
        (3.5, 0, "4"),
        (-2.5, 0, "-3"),
        (0.25, 1, "0.3"),
        (1.005, 2, "1.01"),  # 1.00499999999999989 in binary: the decimal that was written decides
        (0.145, 2, "0.15"),
        (1 - 0.855, 2, "0.15"),  # 0.14500000000000002: the noise of a subtraction must not decide
        (0.1449999, 2, "0.14"),
        (-0.04, 1, "0.0"),
        (1e15, 0, "1000000000000000"),
        (7, 2, "7.00"),
        (Fraction(1, 8), 2, "0.13"),
    ],
)
def test_rounding_is_half_away_from_zero(value: float, decimals: int, text: str) -> None:
    assert fmt.rounded(value, decimals) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ContractError, match="finite number"):
        fmt.rounded(value, 1)


@pytest.mark.parametrize(
    ("number", "total", "text"),
    [
        (5, 18, "5 (28%)"),
        (1, 8, "1 (13%)"),
        (0, 18, "0 (0%)"),
        (18, 18, "18 (100%)"),
        (1, 300, "1 (0.3%)"),
        (1, 5000, "1 (<0.1%)"),
        (4999, 5000, "4999 (>99.9%)"),
        (0, 0, fmt.NOT_APPLICABLE),
    ],
)
def test_counts_with_percentages(number: int, total: int, text: str) -> None:
    assert fmt.count_percent(number, total) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (6.0, "6"),
        (6.25, "6.3"),
        (9.99, "10"),
        (12.5, "13"),
        (0.054, "0.05"),
        (0.5, "0.5"),
        (1234.4, "1234"),
    ],
)
def test_measured_values(value: float, text: str) -> None:
    assert fmt.measured(value) == text


def test_estimates_limits_and_levels() -> None:
    assert fmt.percent(0.5468) == "54.7"
    assert fmt.percent(0.0) == "0.0"
    assert fmt.percent(1.0) == "100.0"
    assert fmt.below(5.0) == "<5"
    assert fmt.below(0.5) == "<0.5"
    assert fmt.below(None) == "<LLOQ"
    assert fmt.level(0.95) == "95%"
    assert fmt.level(0.975) == "97.5%"
    assert fmt.plain(100.0) == "100"
    assert fmt.days(301.5) == "302"


@pytest.mark.parametrize(
    ("value", "text"), [(2.2204e-16, "2.2e-16"), (1e-9, "1.0e-09"), (0.0, "0"), (9.96e-4, "1.0e-03"), (12.0, "1.2e+01")]
)
def test_differences_show_their_order_of_magnitude(value: float, text: str) -> None:
    assert fmt.scientific(value) == text


def test_text_from_data_stays_on_one_line_without_control_characters() -> None:
    assert fmt.clean("a\x00b\r\nc\u2028d\x85e ") == "a b c d e"
    assert fmt.words("grade >= 3, 50/uL") == "grade ≥ 3, 50/µL"
    assert fmt.estimator("reverse kaplan-meier, variance aalen") == "reverse Kaplan-Meier, variance Aalen"


def test_ranges_use_words_so_that_the_dash_has_one_meaning() -> None:
    assert fmt.NOT_APPLICABLE not in fmt.with_interval("12.0", fmt.span("-1", "3"))
    assert len(set(fmt.LEGEND)) == len(set(fmt.LEGEND.values())) == 3
