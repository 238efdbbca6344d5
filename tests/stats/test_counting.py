"""The tabulation kernel: every way of counting gives what counting one by one gives."""

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from immrecon.errors import InputError
from immrecon.stats import _validate
from immrecon.stats._counting import _packed, count_codes, tabulate

Times = NDArray[np.float64]


def one_by_one(time: Times, code: NDArray[np.int64], n_codes: int) -> tuple[list[float], list[list[int]], list[int]]:
    seen = Counter(zip(time.tolist(), code.tolist(), strict=True))
    grid = sorted(set(time.tolist()))
    counts = [[seen[at, k] for at in grid] for k in range(n_codes)]
    return grid, counts, [sum(t >= at for t in time.tolist()) for at in grid]


def times_of(kind: str, n: int, rng: np.random.Generator) -> Times:
    days = rng.integers(0, 30, n).astype(np.float64)
    return {
        "days": days,
        "days far apart": days * 1e7,
        "weeks in years": days * 7 / 365.25,
        "distinct": rng.exponential(200.0, n),
        "below 1": rng.exponential(1e-3, n),
        "powers of 2": 2.0 ** rng.integers(-40, 40, n),
        "all orders of magnitude": 10.0 ** rng.uniform(-300, 300, n),
        "the smallest doubles": days * 5e-324,
        "the largest doubles": np.nextafter(np.inf, 0) * rng.choice([1.0, 0.5, 0.0], n),
        "zero in both signs": np.where(days < 10, -0.0, np.where(days < 20, 0.0, days / 3)),
        "neighbours": 100.0 * (1 + days * 2.0**-52),
    }[kind]


KINDS = (
    "days",
    "days far apart",
    "weeks in years",
    "distinct",
    "below 1",
    "powers of 2",
    "all orders of magnitude",
    "the smallest doubles",
    "the largest doubles",
    "zero in both signs",
    "neighbours",
)


@pytest.mark.parametrize("n_codes", [2, 3, 6, 100, 300])
@pytest.mark.parametrize("kind", KINDS)
def test_counts_at_distinct_times(kind: str, n_codes: int) -> None:
    rng = np.random.default_rng(n_codes)
    time, code = times_of(kind, 60, rng), rng.integers(0, n_codes, 60)
    before = time.copy(), code.copy()
    found = count_codes(time, code, n_codes)
    grid, counts, at_risk = one_by_one(time, code, n_codes)
    assert_array_equal(found.time, grid)
    assert_array_equal(found.n, counts)
    assert_array_equal(found.n_risk, at_risk)
    assert not np.signbit(found.time).any()
    assert_array_equal(time, before[0])
    assert_array_equal(code, before[1])


def test_times_and_codes_in_one_integer_only_where_that_is_exact() -> None:
    code = np.array([1, 0, 1])
    assert _packed(np.array([0.1, 0.0, 1e3]), 1e3, code, 3) is not None
    assert _packed(np.array([5e-324, 0.0, 1e3]), 1e3, code, 3) is None
    assert _packed(np.array([0.1, 0.0, 1e3]), 1e3, code, 12) is None


def test_weights_of_one_count_like_none() -> None:
    rng = np.random.default_rng(5)
    for time in (times_of("days", 80, rng), times_of("weeks in years", 80, rng), times_of("distinct", 80, rng)):
        code, entry = rng.integers(0, 3, 80), time * rng.uniform(0, 0.9, 80) - 1e-9
        entry[entry < 0] = 0.0
        late = np.where(entry < time, entry, 0.0)
        kept = time > 0
        for starts in (None, late[kept]):
            plain = tabulate(time[kept], code[kept], 2, entry=starts)
            weighted = tabulate(time[kept], code[kept], 2, entry=starts, weights=np.ones(int(kept.sum())))
            for name in ("time", "n_risk", "n_event", "n_event_any", "n_censor", "risk_set_restart"):
                assert_array_equal(getattr(plain, name), getattr(weighted, name), err_msg=name)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64, np.int64, ">i4", ">i8", bool, float])
def test_codes_of_every_type(dtype: type) -> None:
    values = np.array([0, 1, 1, 0]).astype(dtype)
    assert_array_equal(_validate.events(values, 4), [0, 1, 1, 0])
    assert_array_equal(_validate.cause_positions(values, (1, 2), 4), [0, 1, 1, 0])
    assert_array_equal(_validate.cause_positions(values, (7, 1), 4), [0, 2, 2, 0])
    assert _validate.events(values, 4).dtype == np.int64


@pytest.mark.parametrize("bad", [-1, 2, 127])
@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64, float])
def test_codes_that_are_none(bad: int, dtype: type) -> None:
    values = np.array([0, 1, bad]).astype(dtype)
    with pytest.raises(InputError, match="event: 1 of 3"):
        _validate.events(values, 3)
    with pytest.raises(InputError, match="cause: 1 of 3"):
        _validate.cause_positions(values, (1, 3), 3)


@pytest.mark.parametrize("bad", [np.nan, -np.nan, np.inf, -np.inf, -1e-300])
def test_times_that_are_none(bad: float) -> None:
    with pytest.raises(InputError, match="time: 1 of 3"):
        _validate.times(np.array([0.0, bad, 1e300]))


def test_zero_is_a_time_in_both_signs() -> None:
    assert_array_equal(_validate.times(np.array([0.0, -0.0, 3.0])), [0.0, 0.0, 3.0])


def test_curves_and_tests_are_imported_with_numpy_alone() -> None:
    code = (
        "import sys, immrecon.stats.survival, immrecon.stats.competing_risks, immrecon.stats.comparison\n"
        "print([m for m in ('scipy', 'polars', 'pandas', 'lifelines', 'matplotlib') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
