"""The US central laboratory export: UTF-8, comma, one row per result."""

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from immrecon.simulate.parameters import LABORATORIES, StudyParameters
from immrecon.simulate.rows import PlacedMark, Rendered, Row, Table, count_kinds, place
from immrecon.simulate.streams import stream

FILE = "labs/central_results.csv"
COLUMNS = (
    *("STUDY", "SITE", "SUBJECT", "VISIT", "ACCESSION", "COLLECTED", "RECEIVED", "REPORTED", "LOINC", "TEST"),
    *("RESULT", "UNITS", "LOW", "HIGH", "FLAG", "STATUS", "COMMENT"),
)
TIME = "%m/%d/%Y %H:%M"


@dataclass(frozen=True)
class Assay:
    """One test of the central laboratory's menu, in the order of its reports."""

    test: str
    loinc: str
    units: str
    low: float
    high: float
    requested: bool
    decimals: int


ASSAYS = (
    Assay("WBC", "6690-2", "10*3/uL", 4.0, 11.0, True, 2),
    Assay("ALC", "731-0", "10*3/uL", 1.0, 4.8, True, 2),
    Assay("CD3", "8122-4", "cells/uL", 690, 2540, True, 0),
    Assay("CD3 %", "8124-0", "%", 57, 85, True, 1),
    Assay("CD4", "24467-3", "cells/uL", 410, 1590, True, 0),
    Assay("CD4 %", "8123-2", "%", 30, 61, True, 1),
    Assay("CD8", "14135-8", "cells/uL", 190, 1140, True, 0),
    Assay("CD19", "8116-6", "cells/uL", 90, 660, True, 0),
    Assay("NK", "20402-4", "cells/uL", 90, 590, True, 0),
    Assay("CD4/CD8", "54218-3", "ratio", 0.9, 3.7, True, 2),
    Assay("HGB", "718-7", "g/dL", 12.0, 16.0, False, 1),
    Assay("PLT", "777-3", "10*3/uL", 150, 400, False, 0),
)
SUBSETS = ("CD3", "CD4", "CD8", "CD19", "NK")


def central_table(parameters: StudyParameters, samples: pl.DataFrame, engraftment_day: dict[str, int | None]) -> Table:
    """Final results of all samples of site 01; every 25th sample also has a preliminary report."""
    table = Table(FILE, COLUMNS, ("ACCESSION", "TEST", "STATUS"), [])
    rng = stream(parameters.seed, "central")
    own = samples.filter(pl.col("laboratory") == "central").sort("collected", "subject")
    number = 1000
    for index, sample in enumerate(own.iter_rows(named=True)):
        number += int(rng.integers(5, 160))
        accession = f"C{sample['collected']:%y}{number:06d}"
        results = sample_results(sample, engraftment_day[sample["subject"]], rng)
        if index % 25 == 12:
            early = sample["received"] + timedelta(hours=8)
            preliminary = {a: r * 1.02 if a in SUBSETS else r for a, r in results.items()}
            table.rows += result_rows(sample, accession, preliminary, "P", early)
        table.rows += result_rows(sample, accession, results, "F", sample["reported"])
    return table


def sample_results(
    sample: dict[str, object], engraftment_day: int | None, rng: np.random.Generator
) -> dict[str, float]:
    """Results by test in the units of the report, before rounding."""
    read = {k.removeprefix("read_"): float(str(v)) for k, v in sample.items() if k.startswith("read_")}
    day = int(str(sample["day"]))
    engrafted = day < 0 or (engraftment_day is not None and day >= engraftment_day)
    neutrophils = float(np.exp(rng.normal(np.log(2900 if engrafted else 90), 0.4)))
    recovered = 0.0 if day < 0 else 1 - float(np.exp(-day / 90))
    lymphocytes = max(read["ALC"], 1.0)
    return {
        "WBC": (lymphocytes + neutrophils) * 1.08 / 1000,
        "ALC": lymphocytes / 1000,
        **{a: read[a] for a in SUBSETS},
        "CD3 %": min(99.0, 100 * read["CD3"] / lymphocytes),
        "CD4 %": min(99.0, 100 * read["CD4"] / lymphocytes),
        "CD4/CD8": round(read["CD4"]) / max(round(read["CD8"]), 1),
        "HGB": float(rng.normal(9.1 + 3.2 * recovered, 0.8)),
        "PLT": float(np.exp(rng.normal(np.log(95 if day < 0 else 35 + 130 * recovered), 0.3))),
    }


def result_rows(
    sample: dict[str, object], accession: str, results: dict[str, float], status: str, reported: datetime
) -> list[Row]:
    """One row per test of the menu."""
    collected, received = sample["collected"], sample["received"]
    assert isinstance(collected, datetime)
    assert isinstance(received, datetime)
    subject = str(sample["subject"])
    visit = "UNSCHEDULED" if sample["visit"] == "Unscheduled" else str(sample["visit"]).upper()
    rows = []
    for order, assay in enumerate(ASSAYS):
        text, kind, flag = _result(results[assay.test], assay)
        cells = dict.fromkeys(COLUMNS, "") | {
            "STUDY": "S101",
            "SITE": subject.split("-")[1],
            "SUBJECT": subject,
            "VISIT": visit,
            "ACCESSION": accession,
            "COLLECTED": f"{collected:{TIME}}",
            "RECEIVED": f"{received:{TIME}}",
            "REPORTED": f"{reported:{TIME}}",
            "LOINC": assay.loinc,
            "TEST": assay.test,
            "RESULT": text,
            "UNITS": assay.units,
            "LOW": f"{assay.low:g}",
            "HIGH": f"{assay.high:g}",
            "FLAG": flag,
            "STATUS": status,
        }
        tags = {"subject": subject, "visit": str(sample["visit"]), "day": str(sample["day"])}
        key = (f"{reported:%Y-%m-%d %H:%M}", accession, f"{order:02d}")
        rows.append(Row(cells, reported.date(), None, {"RESULT": kind}, [], tags, key))
    return rows


def _result(value: float, assay: Assay) -> tuple[str, str, str]:
    """Printed result, kind of cell, flag."""
    laboratory = LABORATORIES["01"]
    flag = "L" if value < assay.low else "H" if value > assay.high else ""
    if not assay.requested:
        return f"{value:.{assay.decimals}f}", "not_requested", flag
    if assay.test in SUBSETS and round(value) < laboratory.limit_of_quantification_per_ul:
        return f"<{laboratory.limit_of_quantification_per_ul}", "below_limit", "L"
    if assay.test in SUBSETS and laboratory.upper_limit_per_ul and value > laboratory.upper_limit_per_ul:
        return f">{laboratory.upper_limit_per_ul}", "above_limit", "H"
    return f"{value:.{assay.decimals}f}", "value", flag


def render_central(table: Table, extract: date) -> Rendered:
    """Header and one line per result, LF."""
    rows = table.visible(extract)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([row.cells[c] for c in COLUMNS] for row in rows)
    order = PlacedMark(FILE, "", 1, "COLLECTED", "month first", "7.4 US and EU date order in one study", "as declared")
    marks = [order, *place(FILE, "", enumerate(rows, start=2))]
    return Rendered(buffer.getvalue().encode("utf-8"), marks, count_kinds(rows))
