"""What a result with a comparator says about a threshold: yes, no, or nothing."""

import polars as pl
import pytest

from immrecon.comparators import above_threshold

GRID = [value / 4 for value in range(0, 401)]
"""Counts that a participant may truly have: 0, 0.25, ..., 100 per uL."""

READS = {
    "=": lambda value, limit: value == limit,
    "<": lambda value, limit: value < limit,
    "<=": lambda value, limit: value <= limit,
    ">": lambda value, limit: value > limit,
    ">=": lambda value, limit: value >= limit,
}


def verdict(comparator: str, limit: float, operator: str, threshold: float) -> bool | None:
    result = pl.DataFrame({"ACMP": [comparator], "AVAL": [limit]}, schema={"ACMP": pl.String, "AVAL": pl.Float64})
    return result.select(above_threshold(operator, threshold)).item()


@pytest.mark.parametrize("operator", [">", ">="])
@pytest.mark.parametrize("limit", [5.0, 49.5, 50.0, 50.5, 75.0])
@pytest.mark.parametrize("comparator", ["=", "<", "<=", ">", ">="])
def test_decided_only_if_every_value_the_result_allows_agrees(comparator: str, limit: float, operator: str) -> None:
    possible = [value for value in GRID if READS[comparator](value, limit)]
    answers = {READS[operator](value, 50.0) for value in possible}
    expected = answers.pop() if len(answers) == 1 else None
    assert verdict(comparator, limit, operator, 50.0) is expected


@pytest.mark.parametrize(
    ("text", "strictly", "at_or_above"),
    [
        ("50", False, True),
        ("51", True, True),
        ("<5", False, False),
        ("<50", False, False),
        ("<=50", False, None),  # at most 50: never above 50, perhaps 50
        ("<100", None, None),  # the limit of the assay lies above the threshold: status unknown, not "no"
        (">30", None, None),
        (">50", True, True),
        (">=50", None, True),
        (">2000", True, True),
    ],
)
def test_results_as_they_are_printed(text: str, strictly: bool | None, at_or_above: bool | None) -> None:
    comparator = text.rstrip("0123456789") or "="
    limit = float(text.lstrip("<>="))
    assert verdict(comparator, limit, ">", 50.0) is strictly
    assert verdict(comparator, limit, ">=", 50.0) is at_or_above
