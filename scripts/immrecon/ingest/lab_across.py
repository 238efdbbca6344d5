"""Checks that compare the samples of all participants of a laboratory: identical panels, and panels far from the
laboratory's medians.

Each has two steps, so that the first can be done for some participants at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from immrecon.config.consistency import Checks, SlipRule
from immrecon.ingest.findings import Finding, listing, remarks, shown
from immrecon.ingest.lab_checks import near, with_severities
from immrecon.ingest.lab_same_sample import SAMPLE, USED
from immrecon.vocabulary import Severity

_NUMBER_COLUMNS = [
    "SRCFILE", "SRCSHEET", "SRCROW", "SRCCOL", "SAMPLEID", *SAMPLE, "LBDT", "LBDY", "DATETEXT", "LBTESTCD", "RESULT", "LBSTRESN",
    "LBSTRESU", "ORDER",
]  # fmt: skip
"""What is said of a number that is far from the median."""


@dataclass(frozen=True)
class Across:
    """What the comparison needs of judged cells; None where the rule is not declared."""

    panels: pl.DataFrame | None
    numbers: pl.DataFrame | None

    @classmethod
    def of(cls, results: pl.DataFrame, checks: Checks) -> "Across":
        least, slip = checks.identical_min_analytes, checks.slip
        return cls(
            None if least is None else panels(results, least),
            None if slip is None or slip.panel_min_analytes is None else _numbers(results),
        )


def warnings_across(found: Across, checks: Checks, cutoff: date | None) -> pl.DataFrame:
    """The listing of panels that come again, and of samples a thousandfold from the medians of the laboratory."""
    listed = [listing([])]
    if found.numbers is not None and checks.slip is not None and checks.slip.panel_min_analytes is not None:
        medians = medians_of([found.numbers], cutoff)
        listed.append(panel_slips(found.numbers, medians, checks.slip, checks.slip.panel_min_analytes))
    if found.panels is not None:
        listed.append(repeated_panels(found.panels))
    return with_severities(pl.concat(listed), checks)


def panels(frame: pl.DataFrame, least: int) -> pl.DataFrame:
    """Samples with so many plain numbers: N analytes, PANEL (all numbers as one text) and the place of the first."""
    plain = frame.filter(USED & (pl.col("LBCMP") == "=")).sort("LBTESTCD", "ORDER")
    made = plain.group_by("SAMPLEID", maintain_order=True).agg(
        pl.col(SAMPLE).first(),
        pl.col("LBTESTCD").n_unique().alias("N"),
        pl.format("{}={}", "LBTESTCD", shown("LBSTRESN")).str.join(", ").alias("PANEL"),
        pl.col("SRCFILE", "SRCSHEET", "SRCROW").sort_by("ORDER").first(),
        pl.col("ORDER").min(),
    )
    return made.filter(pl.col("N") >= least)


def repeated_panels(made: pl.DataFrame) -> pl.DataFrame:
    """The listing of panels of plain numbers that come again, on another date or in another participant."""
    again = made.sort("ORDER").filter(pl.len().over("PANEL") > 1)
    again = again.with_columns(
        ROWS=pl.col("SRCROW").cast(pl.String).str.join(", ").over("PANEL"),
        PEOPLE=pl.col("USUBJID").n_unique().over("PANEL"),
    )
    message = pl.format("All {} numbers of the panel come again: rows {}.", "N", "ROWS")
    found = [
        Finding("panel_repeated", pl.col("PEOPLE") == 1, message, pl.lit("A panel copied to a second date?")),
        Finding(
            "panel_shared", pl.col("PEOPLE") > 1, message, pl.lit("Samples of two participants swapped or copied?")
        ),
    ]
    again = again.with_columns(SRCCOL=pl.lit(None, dtype=pl.String), RESULT=pl.col("PANEL"))
    return pl.concat([remarks(again, finding, Severity.WARNING) for finding in found])


def _numbers(frame: pl.DataFrame) -> pl.DataFrame:
    kept = frame.filter(USED & (pl.col("LBCMP") == "=") & (pl.col("LBSTRESN") > 0))
    return kept.select(_NUMBER_COLUMNS).sort("ORDER")


def medians_of(numbers: Sequence[pl.DataFrame], cutoff: date | None) -> pl.DataFrame:
    """The laboratory's median of each analyte up to the cut-off."""
    early = pl.lit(value=True) if cutoff is None else (pl.col("LBDT") <= cutoff).fill_null(value=True)
    narrow = pl.concat([part.filter(early).select("LBTESTCD", "LBSTRESN") for part in numbers])
    return narrow.group_by("LBTESTCD", maintain_order=True).agg(pl.col("LBSTRESN").median().alias("MEDIAN"))


def panel_slips(numbers: pl.DataFrame, medians: pl.DataFrame, rule: SlipRule, least: int) -> pl.DataFrame:
    """The listing of samples of which many analytes are about a thousandfold from the laboratory's median."""
    far = numbers.join(medians, on="LBTESTCD", how="left", maintain_order="left").with_columns(
        SIDE=pl.when(near(pl.col("LBSTRESN") / pl.col("MEDIAN"), rule))
        .then(pl.lit("above"))
        .when(near(pl.col("MEDIAN") / pl.col("LBSTRESN"), rule))
        .then(pl.lit("below"))
    )
    many = far.drop_nulls("SIDE").with_columns(N=pl.col("LBTESTCD").n_unique().over("SAMPLEID", "SIDE"))
    finding = Finding(
        "unit_slip_suspected",
        pl.col("N") >= least,
        pl.format(
            "{} = {} {} is about a thousandfold {} the laboratory's median {}, like {} analytes of this sample.",
            "LBTESTCD",
            shown("LBSTRESN"),
            "LBSTRESU",
            "SIDE",
            shown("MEDIAN"),
            "N",
        ),
        pl.lit("The unit of the whole sample may have slipped. Used as it stands: ask the laboratory."),
    )
    return remarks(many, finding, Severity.WARNING)


class AcrossBuckets:
    """`warnings_across`, of cells that are judged bucket by bucket. Texts lie in a folder until they are compared."""

    def __init__(self, folder: Path, checks: Checks) -> None:
        self._folder, self._checks = folder, checks
        self._panels: list[Path] = []
        self._numbers: list[Path] = []
        self._hashes: list[pl.Series] = []
        folder.mkdir(parents=True)

    def add(self, found: Across) -> None:
        """What one bucket of participants has."""
        if found.panels is not None and not found.panels.is_empty():
            self._hashes.append(found.panels["PANEL"].hash())
            self._panels.append(self._put(found.panels, f"panels-{len(self._panels)}"))
        if found.numbers is not None and not found.numbers.is_empty():
            self._numbers.append(self._put(found.numbers, f"numbers-{len(self._numbers)}"))

    def _put(self, frame: pl.DataFrame, name: str) -> Path:
        path = self._folder / f"{name}.arrow"
        frame.write_ipc(path, compression="lz4")
        return path

    def warnings(self, cutoff: date | None) -> pl.DataFrame:
        """The listing, after the last bucket."""
        listed = [listing([])]
        slip = self._checks.slip
        if self._numbers and slip is not None and slip.panel_min_analytes is not None:
            columns = ["LBTESTCD", "LBSTRESN", "LBDT"]
            medians = medians_of([pl.read_ipc(path, columns=columns) for path in self._numbers], cutoff)
            listed += [panel_slips(pl.read_ipc(path), medians, slip, slip.panel_min_analytes) for path in self._numbers]
        if self._panels:
            hashes = pl.concat(self._hashes)
            again = hashes.filter(hashes.is_duplicated()).unique()
            candidates = [
                pl.read_ipc(path).filter(own.is_in(again.implode()))
                for path, own in zip(self._panels, self._hashes, strict=True)
            ]
            listed.append(repeated_panels(pl.concat(candidates)))
        return with_severities(pl.concat(listed), self._checks)
