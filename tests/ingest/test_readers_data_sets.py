"""Data sets: SAS in both forms, and Dataset-JSON. Row 0 has the names, row n is observation n."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyreadstat
import pytest

from immrecon.config.base import build
from immrecon.config.source_format import Layout
from immrecon.errors import ConfigError, SourceError
from immrecon.ingest.readers import Grid, Table, read_grids, read_tables

from .sas_by_hand import LATIN_1, UNNAMED, UTF_8, WINDOWS_1252, Column, missing, write_sas7bdat


def grid(folder: Path, file: str, **layout: Any) -> Grid:
    form = {"json": "dataset_json", "ndjson": "dataset_json"}.get(file.rpartition(".")[2], file.rpartition(".")[2])
    return read_grids(folder, file, Layout(**{"format": form, **layout}))[0][0]


def days(written: str) -> float:
    return float((date.fromisoformat(written) - date(1960, 1, 1)).days)


def seconds(written: str) -> float:
    return (datetime.fromisoformat(written) - datetime(1960, 1, 1)).total_seconds()


# ---- SAS ------------------------------------------------------------------------------------------------------------

COLUMNS = [
    Column("USUBJID", 12),
    Column("AVAL"),
    Column("ADT", None, "DATE9."),
    Column("ADTM", None, "E8601DT19."),
    Column("ATM", None, "TIME8."),
]
ROWS: list[list[float | bytes]] = [
    [b"S1-001", 0.1 + 0.2, days("2026-03-04"), seconds("2026-03-04T09:30:00"), 34_200.0],
    [b"S1-002", 120.0, days("1959-12-31"), seconds("1959-12-31T23:59:59"), 86_399.0],
    [b"", *(missing(tag) for tag in (".", "_", "A", "Z"))],
]
TEXTS = [
    ["S1-001", "0.3", "2026-03-04", "2026-03-04T09:30:00", "09:30:00"],
    ["S1-002", "120", "1959-12-31", "1959-12-31T23:59:59", "23:59:59"],
    ["", "", "", "", ""],
]


def test_a_sas_data_set_as_text(tmp_path) -> None:
    write_sas7bdat(tmp_path / "lab.sas7bdat", COLUMNS, ROWS, UTF_8)
    read = grid(tmp_path, "lab.sas7bdat")
    assert (read.numbers, read.rows) == ([0, 1, 2, 3], [[column.name for column in COLUMNS], *TEXTS])


def test_observations_are_rows_of_a_table(tmp_path) -> None:
    write_sas7bdat(tmp_path / "lab.sas7bdat", COLUMNS, ROWS, UTF_8)
    table: Table = read_tables(tmp_path, "lab.sas7bdat", Layout(format="sas7bdat"), ["USUBJID", "AVAL"])[0]
    assert table.frame.select("USUBJID", "AVAL", "SRCROW").rows() == [("S1-001", "0.3", 1), ("S1-002", "120", 2)]
    assert table.ragged.is_empty()


@pytest.mark.parametrize("version", [5, 8])
def test_a_transport_file_as_text(tmp_path, version: int) -> None:
    frame = pl.DataFrame(
        {
            "USUBJID": ["S1-001", "S1-002", "é"],
            "AVAL": [0.1 + 0.2, -1.5e-7, None],
            "ADT": [days("2026-03-04"), days("1959-12-31"), None],
            "ADTM": [seconds("2026-03-04T09:30:00"), seconds("1959-12-31T23:59:59"), None],
        }
    )
    forms = {"ADT": "DATE9.", "ADTM": "DATETIME20."}
    pyreadstat.write_xport(frame, tmp_path / "lab.xpt", file_format_version=version, variable_format=forms)
    assert grid(tmp_path, "lab.xpt", encoding="utf-8").rows == [
        ["USUBJID", "AVAL", "ADT", "ADTM"],
        ["S1-001", "0.3", "2026-03-04", "2026-03-04T09:30:00"],
        ["S1-002", "-1.5e-07", "1959-12-31", "1959-12-31T23:59:59"],
        ["é", "", "", ""],
    ]
    assert grid(tmp_path, "lab.xpt", encoding="cp1252").rows[3][0] == "Ã©"
    with pytest.raises(SourceError, match="USUBJID: observation 3 is not ascii text"):
        grid(tmp_path, "lab.xpt", encoding="ascii")


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        ("YYMMDDN8.", days("2026-03-04"), "2026-03-04"),
        ("ddmmyyp10.", days("2026-03-04"), "2026-03-04"),
        ("WORDDATE18.", days("2026-03-04"), "2026-03-04"),
        ("MONYY7.", days("2026-03-01"), "2026-03"),
        ("YEAR4.", days("2026-03-01"), "2026"),
        ("DTDATE9.", seconds("2026-03-04T09:30:00"), "2026-03-04"),
        ("DATETIME22.3", seconds("2026-03-04T09:30:00") + 0.25, "2026-03-04T09:30:00.250000"),
        ("DATETIME20.", seconds("2026-03-04T00:00:00"), "2026-03-04T00:00:00"),
        ("HHMM5.", 26.25 * 3600, "26:15:00"),
        ("TIME8.", -60.0, "-00:01:00"),
        ("TOD8.", seconds("2026-03-04T09:30:00"), "09:30:00"),
        ("DATE9.", days("2026-03-04") + 0.5, "24169.5"),
        ("DATE9.", 1e9, "1000000000"),
        ("QTR1.", days("2026-03-04"), "24169"),
        ("BEST12.", 24169.0, "24169"),
        ("8.2", 1 / 3, "0.333333333333333"),
        ("", 1e15, "1e+15"),
    ],
)
def test_formats_say_what_is_a_date(tmp_path, form: str, value: float, text: str) -> None:
    """A partial display stays partial; a number that is no day, or of a format without a date, stays a number."""
    write_sas7bdat(tmp_path / "lab.sas7bdat", [Column("X", None, form)], [[value]], UTF_8)
    assert grid(tmp_path, "lab.sas7bdat").rows == [["X"], [text]]


@pytest.mark.parametrize(("code", "name"), [(UTF_8, "utf-8"), (LATIN_1, "latin-1"), (WINDOWS_1252, "cp1252")])
def test_a_sas7bdat_names_its_encoding(tmp_path, code: int, name: str) -> None:
    write_sas7bdat(tmp_path / "lab.sas7bdat", [Column("X", 8)], [["µé".encode(name)]], code)
    assert grid(tmp_path, "lab.sas7bdat").rows[1] == ["µé"]


def test_without_a_named_encoding_it_must_be_declared(tmp_path) -> None:
    write_sas7bdat(tmp_path / "lab.sas7bdat", [Column("X", 8)], [["µ€".encode("cp1252")]], UNNAMED)
    with pytest.raises(SourceError, match="does not name its encoding"):
        grid(tmp_path, "lab.sas7bdat")
    assert grid(tmp_path, "lab.sas7bdat", encoding="cp1252").rows[1] == ["µ€"]
    assert grid(tmp_path, "lab.sas7bdat", encoding="iso-8859-15").rows[1] == ["µ\x80"]
    with pytest.raises(SourceError, match="column X: observation 1 is not utf-8 text"):
        grid(tmp_path, "lab.sas7bdat", encoding="utf-8")
    with pytest.raises(SourceError, match='"utf-9" is not an encoding'):
        grid(tmp_path, "lab.sas7bdat", encoding="utf-9")


def test_several_data_sets_in_a_transport_file_stop(tmp_path) -> None:
    """pyreadstat alone would read the first and be silent about the second."""
    pyreadstat.write_xport(pl.DataFrame({"X": [1.0]}), tmp_path / "one.xpt", file_format_version=5)
    one = (tmp_path / "one.xpt").read_bytes()
    (tmp_path / "lab.xpt").write_bytes(one + one[240:])
    with pytest.raises(SourceError, match="holds 2 data sets"):
        grid(tmp_path, "lab.xpt", encoding="ascii")


@pytest.mark.parametrize("file", ["lab.sas7bdat", "lab.xpt"])
@pytest.mark.parametrize("content", [b"", b"x" * 5000])
def test_what_is_no_data_set_stops(tmp_path, file: str, content: bytes) -> None:
    (tmp_path / file).write_bytes(content)
    with pytest.raises(SourceError, match=f"{file}: not a readable"):
        grid(tmp_path, file, encoding="utf-8")


def test_a_data_set_that_was_cut_short_stops(tmp_path) -> None:
    write_sas7bdat(tmp_path / "whole.sas7bdat", COLUMNS, ROWS, UTF_8)
    (tmp_path / "lab.sas7bdat").write_bytes((tmp_path / "whole.sas7bdat").read_bytes()[: 1024 + 4096])
    with pytest.raises(SourceError, match=r"lab\.sas7bdat"):
        grid(tmp_path, "lab.sas7bdat")


def test_a_data_set_beyond_the_limits_stops(tmp_path) -> None:
    write_sas7bdat(tmp_path / "lab.sas7bdat", COLUMNS, ROWS, UTF_8)
    for limits in ({"rows": 2}, {"columns": 4}, {"cells": 14}, {"file_bytes": 9000}):
        with pytest.raises(SourceError, match=rf"layout\.limits\.{next(iter(limits))}"):
            grid(tmp_path, "lab.sas7bdat", limits=limits)


# ---- Dataset-JSON ---------------------------------------------------------------------------------------------------

ABOUT: dict[str, Any] = {
    "datasetJSONCreationDateTime": "2026-04-12T10:00:00",
    "datasetJSONVersion": "1.1.0",
    "itemGroupOID": "IG.LB",
    "records": 3,
    "name": "LB",
    "label": "Laboratory Test Results",
    "columns": [
        {"itemOID": "IT.LB.USUBJID", "name": "USUBJID", "label": "Unique Subject Identifier", "dataType": "string"},
        {"itemOID": "IT.LB.LBSTRESN", "name": "LBSTRESN", "label": "Numeric Result", "dataType": "double"},
        {"itemOID": "IT.LB.LBBLFL", "name": "LBBLFL", "label": "Baseline", "dataType": "boolean"},
    ],
}
LINES = ['["S1-001", 0.10, true]', '["é", 1E+2, null]', '["", null, false]']
RECORDS = [["S1-001", "0.10", "TRUE"], ["é", "1E+2", ""], ["", "", "FALSE"]]


def document(about: dict[str, Any] = ABOUT, lines: list[str] = LINES) -> str:
    return json.dumps(about)[:-1] + f', "rows": [{", ".join(lines)}]}}'


@pytest.mark.parametrize("text", [document(), "\n".join([json.dumps(ABOUT), *LINES, ""]), "\ufeff" + document()])
def test_dataset_json_as_text(tmp_path, text: str) -> None:
    (tmp_path / "lab.json").write_text(text, encoding="utf-8")
    read = grid(tmp_path, "lab.json")
    assert (read.numbers, read.rows) == ([0, 1, 2, 3], [["USUBJID", "LBSTRESN", "LBBLFL"], *RECORDS])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Expecting value"),
        ("[1]", "does not begin with an object"),
        (document({**ABOUT, "records": 4}), "says 4 records and has 3"),
        ("\n".join([json.dumps(ABOUT), *LINES[:2]]), "says 3 records and has 2"),
        (document()[:-3], "Expecting"),
        (document() + "[]", "something follows"),
        (document({**ABOUT, "datasetJSONVersion": "1.0.0"}), "datasetJSONVersion"),
        (document({**ABOUT, "columns": []}), "columns is missing"),
        (document({**ABOUT, "columns": [{"itemOID": "X"}]}), "has no name"),
        (document(lines=['["a", NaN, null]']), "NaN is no JSON number"),
        (document(lines=['["a", {"b": 1}, null]']), "record 1 holds"),
        (document(lines=['{"USUBJID": "a"}']), "record 1 is not a list"),
        (document().replace('"rows"', '"name": "X", "rows"'), "a key is given twice"),
        (document(lines=["[" * 100_000]), "without end"),
    ],
)
def test_what_is_no_dataset_json_stops(tmp_path, text: str, said: str) -> None:
    (tmp_path / "lab.json").write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=said):
        grid(tmp_path, "lab.json")


def test_a_record_with_a_cell_too_few_is_ragged(tmp_path) -> None:
    (tmp_path / "lab.json").write_text(document({**ABOUT, "records": 2}, [LINES[0], '["S1-002", 5]']))
    table = read_tables(tmp_path, "lab.json", Layout(format="dataset_json"))[0]
    assert table.ragged.rows() == [(2, 2)]


def test_dataset_json_is_utf_8(tmp_path) -> None:
    (tmp_path / "lab.json").write_bytes(document(lines=['["é", 1, null]']).encode("latin-1"))
    with pytest.raises(SourceError, match="not UTF-8"):
        grid(tmp_path, "lab.json")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"format": "xpt"}, "does not say its encoding"),
        ({"format": "dataset_json", "encoding": "utf-8"}, "always UTF-8"),
        ({"format": "sas7bdat", "delimiter": ";"}, "has no delimiter"),
        ({"format": "sas7bdat", "sheets": ["a"]}, "a data set has no sheets"),
        ({"format": "sas7bdat", "header_rows": [1]}, "declare no header rows"),
        ({"format": "sas7bdat", "limits": {"rows": 0}}, "greater than 0"),
        ({"format": "sas7bdat", "limits": {"row": 5}}, 'Did you mean "rows"'),
        ({"format": "ods", "sheets": ["a"], "header_rows": [0]}, "ascend from 1"),
        ({"format": "xls"}, "needs the sheets"),
    ],
)
def test_layouts_that_cannot_be_declared(tmp_path, content: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        build(Layout, content, tmp_path / "lab.yaml")


def test_a_layout_survives_its_own_dump() -> None:
    layout = Layout(format="sas7bdat")
    assert Layout.model_validate(layout.model_dump(mode="json")) == layout
