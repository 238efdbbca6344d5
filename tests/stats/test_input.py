"""What the statistics refuse, in which words; and that importing them stays cheap."""

import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_array_equal

from immrecon.errors import InputError
from immrecon.stats.competing_risks import aalen_johansen
from immrecon.stats.survival import kaplan_meier

REFUSED = [
    (
        ([1, np.nan, 3, np.nan], [0, 1, 1, 0]),
        {},
        r"^time: 2 of 4 values are missing or infinite \(positions 1, 3,",
    ),
    (([1, np.inf], [0, 1]), {}, r"^time: 1 of 2 values are missing or infinite \(positions 1,"),
    (([1, None], [0, 1]), {}, r"^time: 1 of 2 values are missing"),
    (([-1, 2, -3], [0, 1, 1]), {}, r"^time: 2 of 3 values are negative \(positions 0, 2,.*prevalent"),
    (([1, 2, 3], [0, 1]), {}, r"^event: 2 values where time has 3"),
    (([1, 2, 3], [0, 2, 1]), {}, r"^event: 1 of 3 values are neither 0 nor 1 \(positions 1"),
    (([1, 2, 3], [0, np.nan, 1]), {}, r"^event: 1 of 3 values are missing \(positions 1"),
    (([[1, 2]], [0, 1]), {}, r"^time: expected one dimension, got shape \(1, 2\)"),
    ((3, 1), {}, r"^time: expected one dimension, got shape \(\)"),
    ((["a", "b"], [0, 1]), {}, r"^time: expected numbers, got <U1"),
    ((np.array([1, 2], dtype="timedelta64[D]"), [0, 1]), {}, r"^time: expected numbers, got timedelta64"),
    ((np.array([1, "x"], dtype=object), [0, 1]), {}, r"^time: not numeric"),
    ((np.ma.masked_array([1, 2], [False, True]), [0, 1]), {}, r"^time: some values are masked"),
    (
        ([1, 2, 3], [0, 1, 1]),
        {"entry": [0, 2, 4]},
        r"^entry: 2 of 3 values are not before time \(positions 1, 2,",
    ),
    (([1, 2], [0, 1]), {"entry": [0, -1]}, r"^entry: 1 of 2 values are negative"),
    (([1, 2], [0, 1]), {"entry": [0, np.nan]}, r"^entry: 1 of 2 values are missing"),
    (([0, 2], [1, 1]), {"entry": [0, 0]}, r"^entry: 1 of 2 values are not before time \(positions 0"),
    (
        ([1, 2], [0, 1]),
        {"weights": [0, 1]},
        r"^weights: 1 of 2 values are not finite and positive \(positions 0",
    ),
    (([1, 2], [0, 1]), {"weights": [np.nan, np.inf]}, r"^weights: 2 of 2 values are not finite and positive"),
    (([1, 2], [0, 1]), {"weights": [1]}, r"^weights: 1 values where time has 2"),
]


@pytest.mark.parametrize(("arrays", "options", "message"), REFUSED)
def test_refusals_name_argument_number_and_positions(arrays, options, message):
    with pytest.raises(InputError, match=message):
        kaplan_meier(*arrays, **options)


def test_every_refusal_is_a_value_error_with_a_hint():
    with pytest.raises(ValueError, match="Hint: "):
        kaplan_meier([-1], [1])


def test_only_the_first_positions_are_listed():
    with pytest.raises(
        InputError, match=r"time: 36 of 36 values .*\(positions 0, 1, 2, 3, 4, \.\.\., counted from 0\)"
    ):
        kaplan_meier([-1] * 36, [1] * 36)


def test_cause_codes_are_checked_like_the_rest():
    with pytest.raises(InputError, match=r"^cause: 1 of 2 values are missing \(positions 1"):
        aalen_johansen([1, 2], [1, np.nan], causes=[1])
    with pytest.raises(InputError, match=r"^cause: 1 of 2 values are not 0 or in causes=\[1\] \(0\.5\)"):
        aalen_johansen([1, 2], [1, 0.5], causes=[1])
    with pytest.raises(InputError, match=r"^entry: 1 of 2 values are not before time"):
        aalen_johansen([1, 2], [1, 0], causes=[1], entry=[1, 0])


@pytest.mark.parametrize("kind", [list, tuple, np.array, pl.Series, lambda v: np.array(v, dtype=np.float32)])
def test_anything_array_like_is_taken(kind):
    expected = kaplan_meier(np.array([4.0, 2.0, 9.0]), np.array([1, 0, 1])).survival
    assert_array_equal(kaplan_meier(kind([4, 2, 9]), kind([True, False, True])).survival, expected)


def test_arguments_are_left_as_they_were():
    time, cause, entry, weights = (np.array(v, dtype=float) for v in ([4, 2, 2], [1, 0, 2], [1, 0, 1], [1, 2, 0.5]))
    before = [v.copy() for v in (time, cause, entry, weights)]
    aalen_johansen(time, cause, causes=[1, 2], entry=entry, weights=weights)
    for now, then in zip((time, cause, entry, weights), before, strict=True):
        assert_array_equal(now, then)


def test_import_needs_neither_frames_nor_heavy_statistics():
    code = (
        "import sys, immrecon.stats.survival, immrecon.stats.competing_risks, immrecon.stats.proportion\n"
        "import immrecon.stats.comparison, immrecon.stats.longitudinal\n"
        "heavy = ('scipy.stats', 'lifelines', 'pandas', 'polars', 'matplotlib')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
