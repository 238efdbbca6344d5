"""The results of the synthetic study as the instruments read them: what every export has to come back to."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

import polars as pl

from immrecon.config.study import Analyte
from immrecon.simulate.study import simulate_study

LLOQ_PER_UL = Decimal(5)
HIGHEST_PER_UL = Decimal(2000)
NAMES = {"ALC": "Lymphocytes", "CD3": "CD3+", "CD4": "CD3+CD4+", "CD8": "CD3+CD8+", "CD19": "CD19+", "NK": "CD16+56+"}
LOINC = {"ALC": "731-0", "CD3": "8122-4", "CD4": "24467-3", "CD8": "14135-8", "CD19": "8116-6", "NK": "20402-4"}
ANALYTES = [Analyte(code=code, label=code, unit="/uL", summarised=False, drawn=False, axis_floor=1.0) for code in NAMES]


@dataclass(frozen=True)
class Result:
    """One result of one sample: a count per uL, below the limit `<5`, above the range `>2000`, or none (clotted)."""

    subject: str
    visit: str
    drawn: datetime
    accession: str
    analyte: str
    comparator: str
    per_ul: Decimal | None

    @property
    def key(self) -> tuple[str, str, date, str, float]:
        assert self.per_ul is not None
        return self.subject, self.analyte, self.drawn.date(), self.comparator, float(self.per_ul)


@cache
def results(n_subjects: int | None = None) -> tuple[Result, ...]:
    """Results of the first subjects (all by default), by sample and analyte. Every 60th sample clotted."""
    samples = simulate_study(faults=False).samples.sort("subject", "collected")
    subjects = samples["subject"].unique(maintain_order=True).to_list()[:n_subjects]
    chosen = samples.filter(pl.col("subject").is_in(subjects))
    found = []
    for number, sample in enumerate(chosen.iter_rows(named=True), start=1):
        label = f"Day {sample['day']}"  # one column a visit in wide exports, so no label comes twice in a subject
        for analyte in NAMES:
            comparator, value = _reading(sample[f"read_{analyte}"], analyte)
            kept = None if number % 60 == 0 else value
            found.append(
                Result(sample["subject"], label, sample["collected"], f"A{number:05d}", analyte, comparator, kept)
            )
    return tuple(found)


def _reading(count: float, analyte: str) -> tuple[str, Decimal]:
    step = Decimal(10) if analyte == "ALC" else Decimal(1)
    value = (Decimal(count) / step).quantize(Decimal(1), ROUND_HALF_UP) * step
    if value < LLOQ_PER_UL:
        return "<", LLOQ_PER_UL
    if value > HIGHEST_PER_UL:
        return ">", HIGHEST_PER_UL
    return "=", value


def participants(given: tuple[Result, ...]) -> pl.DataFrame:
    """DM as the ingest needs it."""
    names = sorted({result.subject for result in given})
    return pl.DataFrame({"USUBJID": names}).with_columns(
        BRTHLO=pl.lit(None, dtype=pl.Date), HSCTDT=pl.lit(None, dtype=pl.Date)
    )
