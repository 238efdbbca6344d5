"""Faults planted in the central laboratory export: single results."""

from collections.abc import Callable
from datetime import timedelta

from immrecon.simulate.dirt import plant
from immrecon.simulate.dirt_central_samples import soil_central_samples
from immrecon.simulate.lab_central import SUBSETS
from immrecon.simulate.parameters import StudyParameters
from immrecon.simulate.rows import Row, Table
from immrecon.simulate.timeline import Course

NO_RESULT = "no result: reason recorded, no value"
VALUE_BY_DECLARED_UNIT = "value, unit spelling declared by the configuration"

# (test, text, catalogue item, expectation, kind of cell, share of the way through the file)
TEXTS: tuple[tuple[str, str, str, str, str, float], ...] = (
    ("CD19", "ND", "7.3 not determined (ND, NR, QNS, dash)", NO_RESULT, "no_result", 0.08),
    ("NK", "QNS", "7.3 not determined (ND, NR, QNS, dash)", NO_RESULT, "no_result", 0.22),
    ("NK", "HEMOLYZED", "7.3 specimen condition", NO_RESULT, "no_result", 0.47),
    ("CD3", "", "7.3 blank", "missing, counted", "blank", 0.53),
)
# (test, spelling, factor on the number, decimals, item, share)
SPELLINGS: tuple[tuple[str, str, float, int, str, float], ...] = (
    ("CD3", "/uL", 1.0, 0, "7.2 unit spelling", 0.11),
    ("CD4", "cells/mcL", 1.0, 0, "7.2 unit spelling", 0.31),
    ("CD8", "x10^6 cells/L", 1.0, 0, "7.2 unit spelling", 0.44),
    ("CD19", "cells/\u00b5L", 1.0, 0, "7.2 micro sign, two code points", 0.61),
    ("NK", "cells/\u03bcL", 1.0, 0, "7.2 micro sign, two code points", 0.76),
    ("CD8", "10^9/L", 0.001, 3, "7.2 several units of one analyte", 0.83),
    ("ALC", "10E9/L", 1.0, 2, "7.2 unit spelling", 0.19),
    ("WBC", "x10(9)/L", 1.0, 2, "7.2 unit spelling", 0.67),
)


def soil_central(parameters: StudyParameters, table: Table, courses: dict[str, Course]) -> None:
    """Plants all central faults; whole samples first, so that single faults find clean rows."""
    before = (parameters.cuts[0].cut_off - timedelta(days=60)).isoformat()

    def early(row: Row) -> bool:
        return row.order[0] < before and row.cells["STATUS"] == "F" and int(row.tags["day"]) > 0

    soil_central_samples(parameters, table, courses)

    def of(test: str, least: float = 0.0) -> Callable[[Row], bool]:
        return lambda r: early(r) and r.cells["TEST"] == test and _number(r.cells["RESULT"]) >= max(least, 1e-9)

    for test, text, item, expected, kind, share in TEXTS:
        plant(table.pick(of(test), share), "RESULT", text, item, expected, kind)
    for test, units, factor, decimals, item, share in SPELLINGS:
        row = table.pick(of(test, 0.1), share)
        row.cells["RESULT"] = f"{float(row.cells['RESULT']) * factor:.{decimals}f}"
        plant(row, "UNITS", units, item, VALUE_BY_DECLARED_UNIT)
    _numbers(table, early, of)
    _codes(table, of)
    _consistency(table, of)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return -1.0


def _numbers(table: Table, early: Callable[[Row], bool], of: Callable[..., Callable[[Row], bool]]) -> None:
    row = table.pick(lambda r: early(r) and r.cells["RESULT"] == "<2", 0.5)
    row.mark("RESULT", "<2", "7.3 below limit", "below the limit of quantification (2 per uL)")
    row = table.pick(of("CD3", 1500), 0.9)
    plant(
        row,
        "RESULT",
        ">2000",
        "7.3 above limit",
        "above the upper limit (2000 per uL): censored",
        "above_limit",
    )
    row = table.pick(of("CD8", 20), 0.24)
    plant(row, "RESULT", f"{row.cells['RESULT']} H", "7.3 flag after the number", "value, flag kept", "value")
    row = table.pick(of("CD3", 1000), 0.4)
    plant(row, "RESULT", f"{int(row.cells['RESULT']):,}", "7.3 thousands with comma", "value", "value")
    row = table.pick(of("CD4", 100), 0.35)
    text = f"{float(row.cells['RESULT']):.1E}"
    plant(row, "RESULT", text, "7.3 scientific notation", "value, precision lost is flagged", "value")
    row = table.pick(lambda r: of("CD4", 30)(r) and float(r.cells["RESULT"]) < 100, 0.6)
    text = f"{float(row.cells['RESULT']) / 1000:.3f}"
    expected = "query: 1000 times below its neighbours; never rescaled silently"
    plant(row, "RESULT", text, "7.6 thousandfold jump (unit slip)", expected, "value")
    row = table.pick(of("CD4", 30), 0.72)
    plant(row, "UNITS", "", "7.2 unit missing", "query: no unit, no value")


def _codes(table: Table, of: Callable[..., Callable[[Row], bool]]) -> None:
    row = table.pick(of("CD4"), 0.17)
    plant(
        row,
        "LOINC",
        "14135-8",
        "7.1 LOINC disagrees with test name",
        "query: code says CD8, name says CD4; no value",
    )
    row = table.pick(of("CD8"), 0.57)
    plant(row, "LOINC", "", "7.1 LOINC missing", "value by test name and unit, flagged")
    row = table.pick(of("CD4 %", 5), 0.40)
    cd3 = _neighbour(table, row, "CD3 %")
    text = f"{100 * float(row.cells['RESULT']) / max(float(cd3.cells['RESULT']), 1.0):.1f}"
    row.cells["COMMENT"] = "PERCENT OF CD3"
    plant(
        row,
        "RESULT",
        text,
        "7.1 percent denominator",
        "percent of CD3, not of lymphocytes: flagged, not compared",
        "value",
    )


def _neighbour(table: Table, row: Row, test: str) -> Row:
    """The result of another test in the same report."""
    same = ("ACCESSION", "REPORTED")
    return next(r for r in table.rows if r.cells["TEST"] == test and all(r.cells[c] == row.cells[c] for c in same))


def _consistency(table: Table, of: Callable[..., Callable[[Row], bool]]) -> None:
    kept = "values kept, flagged as inconsistent"

    def clean_report(test: str, least: float) -> Callable[[Row], bool]:
        return lambda r: of(test, least)(r) and not any(_neighbour(table, r, t).marks for t in (*SUBSETS, "ALC", "WBC"))

    row = table.pick(clean_report("CD8", 100), 0.5)
    text = str(round(float(_neighbour(table, row, "CD3").cells["RESULT"]) * 1.15))
    plant(row, "RESULT", text, "7.6 CD4 + CD8 exceeds CD3", kept, "value")
    row = table.pick(clean_report("NK", 50), 0.62)
    text = str(round(float(_neighbour(table, row, "ALC").cells["RESULT"]) * 1000 * 1.4))
    plant(row, "RESULT", text, "7.6 lymphocyte sum", kept, "value")
    row = table.pick(clean_report("CD3 %", 20), 0.7)
    text = f"{float(row.cells['RESULT']) * 0.6:.1f}"
    plant(row, "RESULT", text, "7.6 percent times lymphocytes disagrees", kept, "value")
    row = table.pick(clean_report("ALC", 0.3), 0.28)
    text = f"{float(_neighbour(table, row, 'WBC').cells['RESULT']) * 1.5:.2f}"
    plant(row, "RESULT", text, "7.6 lymphocytes above leukocytes", kept, "value")
    row = table.pick(of("CD4/CD8", 0.05), 0.5)
    text = f"{float(row.cells['RESULT']) * 10:.2f}"
    plant(row, "RESULT", text, "7.6 ratio does not recompute", kept, "value")
