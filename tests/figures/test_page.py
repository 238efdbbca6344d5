"""The page: labels set apart, lines wrapped, keys in rows."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from immrecon.figures.page import KeyEntry, every_nth, in_words, key_rows, spread, text_width_mm, wrap

places = st.lists(st.floats(0, 100), min_size=1, max_size=12)


@given(places, st.floats(0.1, 8))
def test_spread_labels_do_not_touch_and_keep_their_order(given_places: list[float], size: float) -> None:
    moved = spread(given_places, [size] * len(given_places), 0, 100)
    assert min(moved) > -1e-9
    assert max(moved) < 100 + 1e-9
    in_order = [moved[i] for i in np.argsort(given_places, kind="stable")]
    assert all(b - a > size - 1e-9 for a, b in itertools.pairwise(in_order))


def test_spread_leaves_alone_what_does_not_touch() -> None:
    assert_allclose(spread([50, 10, 30], [4, 4, 4], 0, 100), [50, 10, 30])


def test_spread_moves_two_that_touch_by_the_same_amount() -> None:
    assert_allclose(spread([10, 12], [6, 6], 0, 100), [8, 14])
    assert_allclose(spread([10, 12], [6, 2], 0, 100), [9, 13])


def test_spread_stays_within_the_range() -> None:
    assert_allclose(spread([0, 0, 0], [4, 4, 4], 0, 100), [0, 4, 8])
    assert_allclose(spread([99, 100], [10, 10], 0, 100), [90, 100])
    assert_allclose(spread([1, 2, 3], [40, 40, 40], 0, 20), [0, 10, 20])
    assert spread([], [], 0, 1) == []


def test_widths_scale_with_size_and_weight() -> None:
    assert_allclose(text_width_mm("Adults", 20), 2 * text_width_mm("Adults", 10))
    assert text_width_mm("Adults", 10, bold=True) > text_width_mm("Adults", 10)
    # An em of DejaVu Sans is 2048 units and its digits are 1303 wide: 10 pt of "0" are 6.36 pt.
    assert_allclose(text_width_mm("0" * 50, 10), 50 * 10 * 1303 / 2048 * 25.4 / 72, rtol=0.02)


def test_wrapped_lines_fit_and_lose_no_word() -> None:
    words = "CD4 > 50/uL on two consecutive samples, the confirming one at least 14 days after the first"
    lines = wrap(words, 60, 10)
    assert len(lines) > 1
    assert " ".join(lines) == words
    assert max(text_width_mm(line, 10) for line in lines) <= 60


def test_wrap_keeps_new_lines_and_a_word_that_is_too_long() -> None:
    assert wrap("first\nsecond", 100, 10) == ["first", "second"]
    assert wrap("a Donaudampfschifffahrtsgesellschaft b", 10, 10) == ["a", "Donaudampfschifffahrtsgesellschaft", "b"]


def test_key_takes_as_many_rows_as_it_needs() -> None:
    entries = [KeyEntry(f"Entry number {i}", {}, span=True) for i in range(7)]
    rows = key_rows(entries, 100)
    assert [entry for row in rows for _, entry in row] == entries
    assert len(rows) > 1
    assert all(x + text_width_mm(entry.label, 10) <= 100 for row in rows for x, entry in row)
    assert len(key_rows(entries, 1000)) == 1


@pytest.mark.parametrize(("needed", "spacing", "nth"), [(4, 5, 1), (5, 5, 1), (5.1, 5, 2), (11, 5, 3)])
def test_every_nth(needed: float, spacing: float, nth: int) -> None:
    assert every_nth(needed, spacing) == nth


def test_in_words() -> None:
    assert in_words("CD4 >= 50/uL") == "CD4 ≥ 50/µL"
