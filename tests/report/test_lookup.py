"""One number by its key, or an error that names the key."""

import polars as pl
import pytest

from immrecon.errors import ContractError
from immrecon.report.lookup import find, record, value

FRAME = pl.DataFrame({"group": ["A", "A", "B"], "day": [100.0, 180.0, 100.0], "n": [3, 4, None]})


def test_one_row_is_one_number() -> None:
    assert value(FRAME, "n", group="A", day=180.0) == 4
    assert value(FRAME, "n", group="B", day=100.0) is None
    assert record(FRAME, group="B") == {"group": "B", "day": 100.0, "n": None}
    assert find(FRAME, group="C") is None


@pytest.mark.parametrize("read", [record, find])
def test_several_rows_are_refused(read: object) -> None:
    with pytest.raises(ContractError, match=r"2 result rows for group 'A'"):
        read(FRAME, group="A")  # type: ignore[operator]


def test_no_row_is_refused() -> None:
    with pytest.raises(ContractError, match=r"no result row for group 'C', day '100.0'"):
        value(FRAME, "n", group="C", day=100.0)


def test_unknown_columns_are_refused() -> None:
    with pytest.raises(ContractError, match="no column arm"):
        value(FRAME, "n", arm="A")
    with pytest.raises(ContractError, match="no column estimate"):
        value(FRAME, "estimate", group="B")
