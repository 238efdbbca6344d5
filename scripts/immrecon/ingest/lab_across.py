"""Checks that compare the samples of all participants of a laboratory: identical panels, panels far from the
laboratory's medians, and one number of a sample in two participants.

Each has two steps, so that the first can be done for some participants at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from immrecon.config.consistency import Checks, SlipRule
from immrecon.config.dialect import Dialect
from immrecon.ingest.findings import Finding, listing, remarks, shown
from immrecon.ingest.lab_checks import with_severities
from immrecon.ingest.lab_neighbours import near
from immrecon.ingest.lab_results import Results
from immrecon.ingest.lab_same_sample import SAMPLE
from immrecon.ingest.lab_specimens import shared, specimens
from immrecon.vocabulary import Severity

_NUMBER_COLUMNS = [
    "SRCFILE", "SRCSHEET", "SRCROW", "SRCCOL", "SAMPLEID", *SAMPLE, "LBDT", "LBDY", "DATETEXT", "LBTESTCD", "RESULT",
    "LBSTRESN", "LBSTRESU", "ORDER",
]  # fmt: skip
"""What is said of a number that is far from the median."""


_OF_PANELS = ["SAMPLEID", *SAMPLE, "SRCFILE", "SRCSHEET", "SRCROW", "ORDER"]


@dataclass(frozen=True)
class Panels:
    """`samples`: a row per sample, with its first place (the cells being in ORDER) and a DIGEST of its numbers;
    `numbers`: SAMPLEID, LBTESTCD and LBSTRESN of every plain number, in ORDER.
    """

    samples: pl.DataFrame
    numbers: pl.DataFrame


@dataclass(frozen=True)
class Across:
    """What the comparison needs of judged cells; None where the rule is not declared."""

    panels: Panels | None
    numbers: pl.DataFrame | None
    specimens: pl.DataFrame | None

    @classmethod
    def of(cls, results: Results, dialect: Dialect, shared: pl.Series | None = None) -> "Across":
        """`shared`: hashes of the numbers of samples that several participants may have; None where any may be so."""
        least, slip = dialect.checks.identical_min_analytes, dialect.checks.slip
        return cls(
            None if least is None else panels(results, least),
            None if slip is None or slip.panel_min_analytes is None else _numbers(results),
            specimens(results, dialect, shared),
        )


def warnings_across(found: Across, checks: Checks, cutoff: date | None) -> pl.DataFrame:
    """The listing of panels that come again, of samples a thousandfold from the medians of the laboratory, and of
    numbers of samples that two participants have.
    """
    listed = [listing([])]
    if found.numbers is not None and checks.slip is not None and checks.slip.panel_min_analytes is not None:
        medians = medians_of([found.numbers], cutoff)
        listed.append(panel_slips(found.numbers, medians, checks.slip, checks.slip.panel_min_analytes))
    if found.panels is not None and checks.identical_min_analytes is not None:
        again = repeated(found.panels.samples["DIGEST"])
        listed.append(repeated_panels(panel_texts(found.panels, again, checks.identical_min_analytes)))
    if found.specimens is not None:
        listed.append(shared([found.specimens]))
    return with_severities(pl.concat(listed), checks)


def panels(results: Results, least: int) -> Panels:
    """Samples with so many plain numbers, or more."""
    plain = results.numbers.filter(pl.col("LBCMP") == "=")
    samples = (
        _by_runs(plain.select("SAMPLEID", "ORDER", "DIGEST"))
        .group_by("SAMPLEID")
        .agg(pl.col("N", "DIGEST").sum(), pl.col("ORDER").min())
        .filter(pl.col("N") >= least)
        .sort("ORDER")
    )
    first = results.whole(samples["ORDER"], _OF_PANELS)
    return Panels(first.with_columns(samples["DIGEST"]), plain.select("SAMPLEID", "LBTESTCD", "LBSTRESN"))


def _by_runs(plain: pl.DataFrame) -> pl.DataFrame:
    """Numbers of one sample that follow each other, in a row: how many, the sum of digests, and the first ORDER."""
    sample = plain["SAMPLEID"].to_numpy()
    first = np.flatnonzero(np.diff(sample, prepend=sample[:1] + 1))
    if not first.size:
        return plain.with_columns(N=pl.lit(0, dtype=pl.Int64))
    return plain.select("SAMPLEID", "ORDER")[pl.Series(first)].with_columns(
        N=pl.Series(np.diff(first, append=sample.size)),
        DIGEST=pl.Series(np.add.reduceat(plain["DIGEST"].to_numpy(), first)),
    )


def panel_texts(found: Panels, digests: pl.Series, least: int) -> pl.DataFrame:
    """The samples with one of the digests: N analytes, PANEL (all numbers as one text) and the place of the first."""
    samples = found.samples.filter(pl.col("DIGEST").is_in(digests.implode()))
    plain = found.numbers.filter(pl.col("SAMPLEID").is_in(samples["SAMPLEID"].implode()))
    plain = plain.cast({"LBTESTCD": pl.String}).sort("LBTESTCD", maintain_order=True)
    made = plain.group_by("SAMPLEID", maintain_order=True).agg(
        pl.col("LBTESTCD").n_unique().alias("N"),
        pl.format("{}={}", "LBTESTCD", shown("LBSTRESN")).str.join(", ").alias("PANEL"),
    )
    return samples.join(made.filter(pl.col("N") >= least), on="SAMPLEID", how="inner", maintain_order="left")


def repeated(digests: pl.Series) -> pl.Series:
    """Those that come more than once."""
    return digests.filter(digests.is_duplicated()).unique()


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


def _numbers(results: Results) -> pl.DataFrame:
    kept = results.numbers.filter((pl.col("LBCMP") == "=") & (pl.col("LBSTRESN") > 0))
    return results.whole(kept["ORDER"], _NUMBER_COLUMNS).sort("ORDER")


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
        self._samples: list[Path] = []
        self._panels: list[Path] = []
        self._numbers: list[Path] = []
        self._digests: list[pl.Series] = []
        self._specimens: list[Path] = []
        self._accessions: list[pl.Series] = []
        folder.mkdir(parents=True, exist_ok=True)

    @classmethod
    def gathered(cls, folders: Sequence[Path], checks: Checks) -> "AcrossBuckets":
        """Of buckets whose texts were put into several folders, in their order."""
        found = cls(folders[0], checks)
        for folder in folders:
            samples = sorted(folder.glob("samples-*.arrow"))
            found._samples += samples
            found._digests += [pl.read_ipc(path, columns=["DIGEST"])["DIGEST"] for path in samples]
            found._panels += sorted(folder.glob("panels-*.arrow"))
            found._numbers += sorted(folder.glob("numbers-*.arrow"))
            own = sorted(folder.glob("specimens-*.arrow"))
            found._specimens += own
            found._accessions += [pl.read_ipc(path, columns=["ACCESSION"])["ACCESSION"].hash() for path in own]
        return found

    def add(self, found: Across) -> None:
        """What one bucket of participants has."""
        if found.panels is not None:
            self._digests.append(found.panels.samples["DIGEST"])
            self._samples.append(self._put(found.panels.samples, f"samples-{len(self._samples):06d}"))
            self._panels.append(self._put(found.panels.numbers, f"panels-{len(self._panels):06d}"))
        if found.numbers is not None and not found.numbers.is_empty():
            self._numbers.append(self._put(found.numbers, f"numbers-{len(self._numbers):06d}"))
        if found.specimens is not None and not found.specimens.is_empty():
            self._accessions.append(found.specimens["ACCESSION"].hash())
            self._specimens.append(self._put(found.specimens, f"specimens-{len(self._specimens):06d}"))

    def _put(self, frame: pl.DataFrame, name: str) -> Path:
        path = self._folder / f"{name}.arrow"
        frame.write_ipc(path, compression="uncompressed")
        return path

    def warnings(self, cutoff: date | None) -> pl.DataFrame:
        """The listing, after the last bucket."""
        listed = [listing([])]
        slip = self._checks.slip
        if self._numbers and slip is not None and slip.panel_min_analytes is not None:
            columns = ["LBTESTCD", "LBSTRESN", "LBDT"]
            medians = medians_of([pl.read_ipc(path, columns=columns) for path in self._numbers], cutoff)
            listed += [panel_slips(pl.read_ipc(path), medians, slip, slip.panel_min_analytes) for path in self._numbers]
        least = self._checks.identical_min_analytes
        if self._panels and least is not None:
            again = repeated(pl.concat(self._digests))
            made = [
                panel_texts(Panels(pl.read_ipc(samples), pl.read_ipc(numbers)), again, least)
                for samples, numbers, own in zip(self._samples, self._panels, self._digests, strict=True)
                if own.is_in(again.implode()).any()
            ]
            listed.append(repeated_panels(pl.concat(made)) if made else listing([]))
        if self._specimens:
            again = repeated(pl.concat(self._accessions))
            parts = zip(self._specimens, self._accessions, strict=True)
            listed.append(shared([pl.read_ipc(path).filter(own.is_in(again.implode())) for path, own in parts]))
        return with_severities(pl.concat(listed), self._checks)
