"""Expected samples that are missing, by visit, and why."""

import polars as pl

from immrecon.config.display import DisplaySpec
from immrecon.errors import ContractError
from immrecon.tables.exhibit import BLANK, exhibit
from immrecon.tables.format import clean, count, sentence, words
from immrecon.tables.frames import distinct, group_strata, index, population_of
from immrecon.tables.model import Cell, Head, Row, Table
from immrecon.tables.results import Results
from immrecon.vocabulary import MissedKind

_ORDER = {kind: place for place, kind in enumerate(MissedKind)}


def missed_samples(results: Results, spec: DisplaySpec) -> Table:
    """Per analyte and group: expected, sampled, and each reason, a column per visit.

    Raises ContractError when the reasons of a visit do not add up to those expected less those sampled.
    """
    visits = list(spec.visits.windows)
    lines = []
    for analyte in (item for item in spec.analytes if item.drawn):
        summary = results.visit_summary.filter(pl.col("parameter") == analyte.code)
        missed = results.missed_samples.filter(pl.col("parameter") == analyte.code)
        sizes = index(summary, "group", "dose_level", "visit")
        counts = index(missed, "group", "dose_level", "visit", "kind", "reason")
        for stratum in group_strata(summary, spec):
            found = [sizes.get((*stratum.key, visit.code)) for visit in visits]
            own = missed.filter(pl.col("group") == stratum.group, pl.col("dose_level") == stratum.dose_level)
            kinds = own.select("kind", "reason").unique()
            ordered = sorted(kinds.iter_rows(), key=lambda item: (_ORDER[item[0]], item[1]))
            heading = clean(analyte.label)
            for position, (name, column) in enumerate((("Expected", "n_expected"), ("Sampled", "n"))):
                cells = [BLANK if row is None else Cell(count(row[column])) for row in found]
                label = Cell(stratum.label, repeated=position > 0)
                lines.append(Row((label, Cell(name), *cells), section=heading))
            for kind, reason in ordered:
                rows = [counts.get((*stratum.key, visit.code, kind, reason)) for visit in visits]
                cells = [Cell("0", emphasis="muted") if row is None else Cell(count(row["n"])) for row in rows]
                label = Cell(stratum.label, repeated=True)
                lines.append(Row((label, Cell(_words(kind, reason), indent=1), *cells), section=heading))
            for visit, row in zip(visits, found, strict=True):
                missing = own.filter(pl.col("visit") == visit.code)["n"].sum()
                if row is not None and row["n_expected"] - row["n"] != missing:
                    raise ContractError(
                        f"{analyte.code} at {visit.code}, {stratum.label}: {row['n_expected']} expected and {row['n']} "
                        f"sampled, but {missing} missing by reason"
                    )
    return exhibit(
        spec,
        stem="missed_samples",
        title="Expected samples that are missing",
        population=population_of(results.visit_summary, f"{spec.recovery_population.capitalize()} participants"),
        header=[[Head("Group"), Head("Participants"), *(Head(clean(visit.label)) for visit in visits)]],
        rows=lines if distinct(results.visit_summary, "parameter") else [],
        footnotes=[
            "Method: counts. Expected: with a sample in the window, or alive, not withdrawn, and followed to the end "
            "of the window by the cut-off: the dead and those who left are not expected. The reasons add up to "
            "expected less sampled.",
            "One reason each, the first that applies: the laboratory's reason for a sample in the window (of several "
            "the one nearest to the target day); excluded, with the reason; sampled between the neighbouring windows "
            "only; no usable result received, which includes results that a query withholds. No sample is left out "
            "because of a relapse.",
        ],
        empty="No analyte is summarised by visit, or there is no visit.",
        n_labels=2,
    )


def _words(kind: str, reason: str) -> str:
    text = words(clean(reason))
    return sentence(text) if kind in (MissedKind.OUTSIDE, MissedKind.NOTHING) else sentence(f"{kind}: {text}")
