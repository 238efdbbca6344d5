"""Cells with their repetitions taken out are the same cells, and sorts by digits are sorts."""

import random

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from immrecon.ingest.lab_coded import Kinds, distinct, few_distinct, together
from immrecon.ingest.lab_order import order_of
from immrecon.ingest.lab_runs import AROUND


def table(rng: random.Random, n: int) -> pl.DataFrame:
    """Few and many distinct values, null among them, and columns that are constant."""
    few, many = rng.choice([1, 2, 5]), rng.choice([2, 50, 10_000])
    return pl.DataFrame(
        {
            "text": [rng.choice([None, "", *map(str, range(few))]) for _ in range(n)],
            "number": [rng.choice([None, *range(many)]) for _ in range(n)],
            "flag": [rng.random() < 0.5 for _ in range(n)],
            "constant": ["a"] * n,
            "nothing": pl.Series([None] * n, dtype=pl.String),
        },
        schema_overrides={"text": pl.String, "number": pl.Int64, "flag": pl.Boolean},
    )


@pytest.mark.parametrize("find", [distinct, few_distinct])
@pytest.mark.parametrize("seed", range(20))
def test_the_distinct_rows_make_up_the_table(find, seed: int) -> None:
    rng = random.Random(seed)
    frame = table(rng, rng.choice([1, 2, 30, 400]))
    code, first = find(frame)
    rows = frame.select(pl.all().gather(first))
    assert rows.height == frame.n_unique()
    assert_frame_equal(rows.select(pl.all().gather(code)), frame)


@pytest.mark.parametrize("seed", range(20))
def test_coded_cells_are_the_cells(seed: int) -> None:
    rng = random.Random(seed)
    kinds, blocks, pieces, n = Kinds(), [], [], 0
    for _ in range(3):
        height = rng.randint(1, 40)
        block = table(rng, height).with_columns(
            *(
                pl.Series(name, [rng.choice([None, "x", "y"]) for _ in range(height)], dtype=pl.String)
                for name in AROUND
            ),
            pl.Series("RESULT", [rng.choice(["1", "2", "<5"]) for _ in range(height)]),
            ORDER=pl.int_range(n, n + height, dtype=pl.Int64),
            SRCROW=pl.int_range(n, n + height, dtype=pl.Int64),
        )
        n += height
        blocks.append(block)
        pieces.append(kinds.code(block))
    found = kinds.spelled(together(pieces))
    assert found.readings.n_unique() == found.readings.height
    assert_frame_equal(found.whole(), pl.concat(blocks), check_column_order=False)


@pytest.mark.parametrize("most", [0, 5, 65_535, 65_536, 2**33])
@pytest.mark.parametrize("n", [0, 1, 500])
def test_a_sort_by_digits_keeps_what_is_alike_in_its_place(most: int, n: int) -> None:
    rng = np.random.default_rng(most)
    keys = [rng.integers(0, most, n, endpoint=True), rng.integers(0, 3, n), rng.integers(0, most, n, endpoint=True)]
    assert order_of(keys).tolist() == np.lexsort(list(reversed(keys))).tolist()
    assert order_of(keys[1:2]).tolist() == np.argsort(keys[1], kind="stable").tolist()


@pytest.mark.parametrize("alike", [1, 30, 300])
def test_many_rows_are_put_in_order_by_counting(monkeypatch: pytest.MonkeyPatch, alike: int) -> None:
    """Of 300 alike by the first key the others are sorted otherwise."""
    monkeypatch.setattr("immrecon.ingest.lab_order.MANY", 0)
    rng = np.random.default_rng(alike)
    keys = [rng.integers(0, 3000 // alike, 3000), rng.integers(0, 5, 3000), rng.integers(0, 2**40, 3000)]
    for n in (1, 2, 3):
        assert order_of(keys[:n]).tolist() == np.lexsort(list(reversed(keys[:n]))).tolist()
    assert order_of([np.zeros(0, dtype=np.int64)]).tolist() == []
