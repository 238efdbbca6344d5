"""Records that reached the database late. They are used like any other; whoever reads an earlier cut should know."""

from collections.abc import Mapping, Sequence

import polars as pl

from immrecon.config.clinical import EarlierCut
from immrecon.config.record_checks import LateEntry
from immrecon.ingest.clinical_checks import START_STEM
from immrecon.ingest.clinical_queries import query
from immrecon.vocabulary import Severity


def late_queries(
    records: Mapping[str, pl.DataFrame], rules: Sequence[LateEntry], earlier: EarlierCut | None
) -> list[pl.DataFrame]:
    """Notes on records of harmonised domains (by name), one per record.

    Entered since the extract of the earlier cut though dated on or before its cut-off: what that cut would have
    counted, had it known. Any other, when entered more than so many days after the latest day its date allows.
    """
    queries = []
    for rule in rules:
        frame, start, entry = records[rule.domain], f"{START_STEM[rule.domain]}HI", f"{rule.domain}ENTDT"
        dated = pl.when(pl.col(f"{START_STEM[rule.domain]}LO").is_not_null()).then(pl.col(start))
        missed = _missed_by(earlier, dated, entry)
        days = (pl.col(entry) - dated).dt.total_days()
        late = (days > rule.after_days).fill_null(value=False) & ~missed
        if earlier is not None and earlier.cutoff_date is not None:
            message = pl.format(
                "Dated {}, on or before the cut-off of the earlier cut ({}), "
                "but entered or corrected after its extract, on {}.",
                dated,
                pl.lit(str(earlier.cutoff_date)),
                entry,
            )
            queries.append(_note(frame.filter(missed), rule.domain, "entered_since_earlier_cut", message))
        message = pl.format("Dated {}, entered on {}: {} days later.", dated, entry, days)
        queries.append(_note(frame.filter(late), rule.domain, "entered_late", message))
    return queries


def _missed_by(earlier: EarlierCut | None, dated: pl.Expr, entry: str) -> pl.Expr:
    if earlier is None or earlier.cutoff_date is None or earlier.extract_date is None:
        return pl.lit(value=False)
    return ((dated <= earlier.cutoff_date) & (pl.col(entry) > earlier.extract_date)).fill_null(value=False)


def _note(rows: pl.DataFrame, domain: str, kind: str, message: pl.Expr) -> pl.DataFrame:
    return query(rows, domain=domain, kind=kind, severity=Severity.NOTE, message=message)
