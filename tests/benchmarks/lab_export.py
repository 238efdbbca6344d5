"""A central laboratory's cumulative result file of any length, as `config/labs/central.yaml` declares it.

Seeded, written in blocks of visits, so that the rows of a participant lie all over the file. Of every hundred results
a few are dirty: censored, not done, corrected later, without a unit, of a patient nobody knows.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

HEADS = (
    "STUDY", "SITE", "SUBJECT", "VISIT", "ACCESSION", "COLLECTED", "RECEIVED", "REPORTED", "LOINC", "TEST", "RESULT",
    "UNITS", "LOW", "HIGH", "FLAG", "STATUS", "COMMENT",
)  # fmt: skip
TESTS = ("WBC", "ALC", "CD3", "CD3 %", "CD4", "CD4 %", "CD8", "CD19", "NK", "CD4/CD8", "HGB")
LOINC = (
    "6690-2", "731-0", "8122-4", "8124-0", "24467-3", "8123-2", "14135-8", "8116-6", "20402-4", "54218-3", "718-7",
)  # fmt: skip
UNITS = ("10*3/uL", "10*3/uL", *["cells/uL", "%"] * 2, *["cells/uL"] * 3, "ratio", "g/dL")
LIMITS = (("4", "11"), ("1", "4.8"), ("690", "2540"), ("55", "84"), ("410", "1590"), ("31", "60"), ("190", "1140"),
          ("90", "660"), ("90", "590"), ("0.9", "3.6"), ("12", "17.5"))  # fmt: skip
DECIMALS = (2, 2, 0, 1, 0, 1, 0, 0, 0, 2, 1)
PER_SITE = 999
LAST_DAY = date(2026, 3, 31)


def participants(n_rows: int) -> pl.DataFrame:
    """The columns of DM that a lab export is read with: about 500 results for each participant."""
    n = max(n_rows // 500, 1)
    if n > PER_SITE * 99:
        raise ValueError(f"{n_rows:,} rows need more participants than two digits of a site can number")
    index = pl.int_range(n, eager=True)
    site, number = index // PER_SITE + 1, index % PER_SITE + 1
    return pl.DataFrame(
        {
            "USUBJID": pl.select(
                pl.format("S101-{}-{}", site.cast(pl.String).str.zfill(2), number.cast(pl.String).str.zfill(3))
            ).to_series()
        }
    ).with_columns(BRTHLO=pl.lit(date(1980, 5, 1)), HSCTDT=pl.lit(date(2015, 1, 10)) + pl.duration(days=index % 3650))


def blocks(n_rows: int, seed: int = 1) -> Iterator[pl.DataFrame]:
    """Blocks of rows in the order of the visits, each with one sample of many participants."""
    people = participants(n_rows)
    per_block = 40_000 // len(TESTS)
    rng = np.random.default_rng(seed)
    left, visit, sample = n_rows, 0, 0
    while left > 0:
        for start in range(0, people.height, per_block):
            some = people.slice(start, per_block)
            block = _block(some, visit, sample, rng).head(left)
            yield block
            left, sample = left - block.height, sample + some.height
            if left <= 0:
                return
        visit += 1


def write_export(path: Path, n_rows: int, seed: int = 1) -> None:
    """Write the export block by block: memory does not grow with its length."""
    with path.open("wb") as file:
        for position, block in enumerate(blocks(n_rows, seed)):
            block.write_csv(file, include_header=position == 0)


def _block(people: pl.DataFrame, visit: int, first: int, rng: np.random.Generator) -> pl.DataFrame:
    n, k = people.height, len(TESTS)
    numbers = _numbers(n, visit, rng)
    texts = np.stack([np.char.mod(f"%.{places}f", numbers[:, j]) for j, places in enumerate(DECIMALS)], axis=1)
    minutes = rng.integers(7 * 60, 17 * 60, n)
    drawn = people["HSCTDT"] + pl.Series(rng.integers(0, 5, n) + 14 * (visit + 1)).cast(pl.Duration("ms")) * 86_400_000
    way, report = rng.integers(4 * 60, 30 * 60, n), rng.integers(2, 6, n)
    start = drawn.cast(pl.Datetime("ms"))
    collected = start + pl.Series(minutes * 60_000).cast(pl.Duration("ms"))
    received = collected + pl.Series(way * 60_000).cast(pl.Duration("ms"))
    reported = received + pl.Series(report * 86_400_000).cast(pl.Duration("ms"))
    sample = pl.DataFrame(
        {
            "STUDY": ["S101"] * n,
            "SITE": people["USUBJID"].str.slice(5, 2),
            "SUBJECT": people["USUBJID"],
            "VISIT": [f"DAY {14 * (visit + 1)}"] * n,
            "ACCESSION": pl.int_range(first, first + n, eager=True).cast(pl.String).str.zfill(8),
            "COLLECTED": collected.dt.strftime("%m/%d/%Y %H:%M"),
            "RECEIVED": received.dt.strftime("%m/%d/%Y %H:%M"),
            "REPORTED": reported.dt.strftime("%m/%d/%Y %H:%M"),
        }
    ).with_columns(pl.format("C{}", "ACCESSION").alias("ACCESSION"))
    rows = sample.select(pl.all().gather(np.repeat(np.arange(n), k)))
    rows = rows.with_columns(
        LOINC=pl.Series(np.tile(LOINC, n)),
        TEST=pl.Series(np.tile(TESTS, n)),
        RESULT=pl.Series(texts.ravel()),
        UNITS=pl.Series(np.tile(UNITS, n)),
        LOW=pl.Series(np.tile([low for low, _ in LIMITS], n)),
        HIGH=pl.Series(np.tile([high for _, high in LIMITS], n)),
        FLAG=pl.lit(""),
        STATUS=pl.lit("F"),
        COMMENT=pl.lit(""),
    )
    return _dirty(rows, rng).select(HEADS)


def _numbers(n: int, visit: int, rng: np.random.Generator) -> np.ndarray:
    """Counts that fit together, rising with the visits: n samples by the tests."""
    alc = np.round(0.3 + 1.7 * (1 - np.exp(-visit / 8)) * rng.lognormal(0, 0.25, n), 2)
    cd3 = np.round(1000 * alc * rng.uniform(0.5, 0.7, n))
    cd4 = np.round(cd3 * rng.uniform(0.3, 0.55, n))
    cd8 = np.round((cd3 - cd4) * rng.uniform(0.7, 0.95, n))
    cd19, nk = (np.round(1000 * alc * rng.uniform(0.05, 0.14, n)) for _ in range(2))
    percent = 100 / (1000 * alc)
    wbc, hgb = alc + rng.uniform(1.5, 6, n), rng.uniform(8, 16, n)
    return np.stack([wbc, alc, cd3, cd3 * percent, cd4, cd4 * percent, cd8, cd19, nk, cd4 / cd8, hgb], axis=1)


def _dirty(rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Faults of single results, and results that come again corrected."""
    lot = pl.Series(rng.integers(0, 2000, rows.height))
    rows = rows.with_columns(lot.alias("LOT")).with_columns(
        RESULT=pl.when(pl.col("LOT") < 10)
        .then(pl.lit("<2"))
        .when(pl.col("LOT") < 16)
        .then(pl.lit("QNS"))
        .when(pl.col("LOT") < 18)
        .then(pl.lit("see below"))
        .when(pl.col("LOT") < 20)
        .then(pl.lit(">2000"))
        .when(pl.col("LOT") < 30)
        .then(pl.lit(""))
        .otherwise(pl.col("RESULT") + pl.when(pl.col("LOT") < 130).then(pl.lit(" H")).otherwise(pl.lit(""))),
        UNITS=pl.when(pl.col("LOT").is_between(130, 133)).then(pl.lit("")).otherwise("UNITS"),
        LOINC=pl.when(pl.col("LOT").is_between(134, 138)).then(pl.lit("")).otherwise("LOINC"),
        SUBJECT=pl.when(pl.col("LOT") == 139).then(pl.lit("S101-98-998")).otherwise("SUBJECT"),
        COLLECTED=pl.when(pl.col("LOT") == 140).then(pl.col("COLLECTED").str.slice(0, 7)).otherwise("COLLECTED"),
        COMMENT=pl.when(pl.col("LOT") == 141)
        .then(pl.lit("DONOR SAMPLE, NOT THE PATIENT"))
        .when(pl.col("LOT").is_between(142, 180))
        .then(pl.lit("CHECKED, FEW EVENTS"))
        .otherwise("COMMENT"),
        FLAG=pl.when(pl.col("LOT") < 130).then(pl.lit("H")).otherwise("FLAG"),
        STATUS=pl.when(pl.col("LOT").is_between(200, 210)).then(pl.lit("P")).otherwise("STATUS"),
    )
    again = rows.filter(pl.col("LOT").is_between(200, 210)).with_columns(STATUS=pl.lit("C"))
    blank = pl.col(pl.String)
    return pl.concat([rows, again]).drop("LOT").with_columns(pl.when(blank != "").then(blank))
