"""Reference limits in an export: in the unit of the result, converted with it, asked about where they cannot be read."""

from pathlib import Path

import pytest
import yaml

from immrecon.errors import ConfigError
from immrecon.ingest.lab import LabTables

from .exchange_cases import hl7_dialect, hl7_file, message, obx
from .lab_cases import HEAD, LONG, PLAIN, account, dialect, harmonise, kinds, long, only_query

LIMITED = LONG.replace("  loinc: code\n", "  loinc: code\n  reference_low: low\n  reference_high: high\n")
COLUMNS = ["LBORNRLO", "LBORNRHI", "LBSTNRLO", "LBSTNRHI"]


def limited(folder: Path, *rows: dict[str, str]) -> LabTables:
    """Rows of the long export with two more columns; the limits are 410 and 1450 unless a row says otherwise."""
    heads = [*HEAD, "low", "high"]
    plain = PLAIN | {"result": "300", "low": "410", "high": "1450"}
    lines = [";".join(heads), *(";".join((plain | row).get(head, "") for head in heads) for row in rows)]
    return harmonise(folder, "\n".join(lines) + "\n", dialect(LIMITED))


def limits(tables: LabTables) -> list[tuple[str | None, str | None, float | None, float | None]]:
    return tables.lb.sort("SRCROW").select(COLUMNS).rows()


@pytest.mark.parametrize(
    ("unit", "low", "high", "expected"),
    [
        ("/uL", "410", "1450", (410.0, 1450.0)),
        ("G/L", "0,41", "1,45", (410.0, 1450.0)),
        ("10^9/L", "0,41", "", (410.0, None)),
        ("c/mcl", "410", "1\u00a0450", (410.0, 1450.0)),
        ("/uL", "0", "1450", (None, 1450.0)),  # a lower limit of nothing is none
        ("/uL", "", "", (None, None)),
        ("/uL", "", "1450", (None, 1450.0)),
    ],
)
def test_limits_in_the_standard_unit(tmp_path, unit: str, low: str, high: str, expected: tuple) -> None:
    tables = limited(
        tmp_path, {"unit": unit, "low": low, "high": high, "result": "0,3" if unit.endswith("/L") else "300"}
    )
    assert limits(tables) == [(low, high, *expected)]
    assert tables.queries.is_empty()


@pytest.mark.parametrize(
    ("low", "high", "why"),
    [
        ("410-1450", "", "not two plain numbers"),
        ("410", "n/a", "not two plain numbers"),
        ("<410", "1450", "not two plain numbers"),
        ("-1", "1450", "not two plain numbers"),
        ("1450", "410", "the lower one is not below the upper one"),
        ("410", "410", "the lower one is not below the upper one"),
    ],
)
def test_limits_that_cannot_be_used_are_asked_about_and_the_result_is_used(
    tmp_path, low: str, high: str, why: str
) -> None:
    tables = limited(tmp_path, {"low": low, "high": high})
    query = only_query(tables)
    assert (query["QUKIND"], query["QUSEV"], query["QUNCELL"]) == ("reference_unreadable", "warning", 0)
    assert (query["SRCROW"], query["SRCCOL"], query["QUVAL"]) == (2, "low", f"{low} to {high}")
    assert why in query["QUMSG"]
    assert limits(tables) == [(low, high, None, None)]
    assert tables.lb.select("LBFATE", "LBSTRESN").row(0) == ("value", 300.0)


RANGE = LONG.replace(
    "  loinc: code\n",
    "  loinc: code\n  reference_range: {column: norm, pattern: '(?P<low>[0-9,]+) ?- ?(?P<high>[0-9,]+)|< ?[0-9]+'}\n",
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("410-1450", ("410", "1450", 410.0, 1450.0)),
        ("410,5 - 1450", ("410,5", "1450", 410.5, 1450.0)),
        ("< 1450", ("", "", None, None)),
        ("", ("", "", None, None)),
    ],
)
def test_a_range_in_one_column(tmp_path, text: str, expected: tuple) -> None:
    tables = ranged(tmp_path, text)
    assert limits(tables) == [expected]
    assert tables.queries.is_empty()


def ranged(folder: Path, text: str) -> LabTables:
    plain = PLAIN | {"result": "300"}
    lines = [";".join([*HEAD, "norm"]), ";".join([*(plain.get(head, "") for head in HEAD), text])]
    return harmonise(folder, "\n".join(lines) + "\n", dialect(RANGE))


@pytest.mark.parametrize("text", ["see letter", "1450-410", "410-1450-2000"])
def test_a_range_that_is_not_as_declared_is_asked_about(tmp_path, text: str) -> None:
    tables = ranged(tmp_path, text)
    query = only_query(tables)
    assert (query["QUKIND"], query["SRCCOL"]) == ("reference_unreadable", "norm")
    assert tables.lb.select("LBSTRESN", "LBSTNRLO", "LBSTNRHI").row(0) == (300.0, None, None)


def test_a_range_needs_its_groups_and_no_other_columns() -> None:
    with pytest.raises(ConfigError, match=r"needs the groups"):
        dialect(RANGE.replace("?P<high>", ""))
    with pytest.raises(ConfigError, match=r"in columns of their own or in reference_range, not in both"):
        dialect(RANGE.replace("  reference_range:", "  reference_low: low\n  reference_range:"))


def test_the_range_of_a_message(tmp_path) -> None:
    """OBX-7 of HL7 v2 holds both limits, here of a count in 10^9/L."""
    plain = hl7_dialect()
    columns = plain.columns.model_dump(mode="json", by_alias=True, exclude_none=True)
    columns["reference_range"] = {"column": "OBX-7", "pattern": "(?P<low>[0-9.]+)-(?P<high>[0-9.]+)"}
    line = obx(result="0.3", unit="10*9/L").replace("^^UCUM||", "^^UCUM|0.41-1.45|")
    tables = harmonise(tmp_path, hl7_file(message(line)), hl7_dialect(columns=columns))
    assert limits(tables) == [("0.41", "1.45", 410.0, 1450.0)]


def test_limits_are_no_result_cells(tmp_path) -> None:
    """The account has the two results, whatever stands in the columns of limits."""
    tables = limited(tmp_path, {"low": "?"}, {"test": "CD8", "code": "", "result": "90"})
    assert account(tables) == {"rows": 2, "read": 2, "value": 2}
    without = long(tmp_path, {"result": "300"}, {"test": "CD8", "code": "", "result": "90"})
    assert account(without) == account(tables)


def test_a_withheld_result_is_not_asked_about_twice(tmp_path) -> None:
    assert kinds(limited(tmp_path, {"result": "?", "low": "?"})) == [("value_unreadable", 2, 1)]


def test_censored_results_keep_their_limits(tmp_path) -> None:
    tables = limited(tmp_path, {"result": "<5"})
    assert tables.lb.select("LBFATE", "LBSTNRLO").row(0) == ("censored", 410.0)


def test_without_the_columns_there_are_no_limits(tmp_path) -> None:
    assert limits(long(tmp_path, {"result": "300"})) == [(None, None, None, None)]


def test_the_upper_limit_goes_with_the_lower() -> None:
    with pytest.raises(ConfigError, match=r"reference_high goes with columns\.reference_low"):
        dialect(LIMITED.replace("  reference_low: low\n", ""))


def test_limits_need_a_row_per_result() -> None:
    text = yaml.safe_load(LIMITED)
    columns = {k: v for k, v in text["columns"].items() if k not in ("test", "result", "unit", "loinc")}
    with pytest.raises(ConfigError, match="reference limits are columns of the long shape only"):
        dialect(LIMITED, shape="wide_by_analyte", columns=columns)
