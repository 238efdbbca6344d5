"""Records of adverse events, clinical events and medications that are ongoing at the cut-off. A list, no estimate."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from immrecon.config.record_checks import LastingRecords
from immrecon.contracts.results import ONGOING_RECORDS

_CODE = {"AE": "AEDECOD", "CE": "CEDECOD", "CM": "CMCAT"}
"""The column that `codes` of the configuration names."""
_NOTHING = pl.lit(None, dtype=pl.String)


@dataclass(frozen=True)
class LastingDomains:
    """Harmonised AE, CE and CM."""

    ae: pl.DataFrame
    ce: pl.DataFrame
    cm: pl.DataFrame


def ongoing_records(
    adsl: pl.DataFrame, records: LastingDomains, declared: Sequence[LastingRecords], cutoff: date | None
) -> pl.DataFrame:
    """Records of enrolled participants that may have started on or before the cut-off and have no end surely on or
    before it, as ADAE has it: an end after the cut-off is none yet, and a record that is over on an unknown day is
    over. Days so far are counted to the cut-off, or to the death of a participant who died before.

    An end, a death or a start after the cut-off changes nothing. Without a cut-off no days are counted.
    """
    parts = [_of_domain(getattr(records, rule.domain.lower()), rule, cutoff) for rule in declared]
    empty = ONGOING_RECORDS.schema.create_empty()
    if not parts:
        return empty
    people = adsl.filter(pl.col("ENRLFL") == "Y").select("USUBJID", "DISPID", "GROUP", "HSCTDT", "DTHFL", "DTHDT")
    listed = pl.concat(parts).join(people, on="USUBJID", how="inner")
    died = pl.col("DTHFL") == "Y"
    until = pl.when(died).then("DTHDT").otherwise(pl.lit(cutoff, dtype=pl.Date))
    return listed.select(
        domain="DOMAIN",
        display_id="DISPID",
        sequence="SEQ",
        group=pl.col("GROUP").fill_null(""),
        term="TERM",
        detail="DETAIL",
        grade="GRADE",
        start_day_low=_days(pl.col("STLO"), pl.col("HSCTDT")).fill_null(pl.col("STDY")),
        start_day_high=_days(_by(pl.lit(cutoff, dtype=pl.Date)), pl.col("HSCTDT")).fill_null(pl.col("STDY")),
        days_low=_days(until, _by(until)).clip(lower_bound=0),
        days_high=_days(until, pl.col("STLO")).clip(lower_bound=0),
        until=pl.when(died).then(pl.lit("death")).otherwise(pl.lit("cut-off")),
    ).sort(ONGOING_RECORDS.schema.primary_key())


def _of_domain(frame: pl.DataFrame, rule: LastingRecords, cutoff: date | None) -> pl.DataFrame:
    name = rule.domain
    started, ended, over = pl.lit(value=True), pl.col(f"{name}ENHI").is_not_null(), pl.col(f"{name}ENRTPT") == "BEFORE"
    if cutoff is not None:
        started = pl.col(f"{name}STLO").is_null() | (pl.col(f"{name}STLO") <= cutoff)
        ended &= pl.col(f"{name}ENHI") <= cutoff
    over_undated = over.fill_null(value=False) & pl.col(f"{name}ENHI").is_null()
    wanted = pl.lit(value=True) if rule.codes is None else pl.col(_CODE[name]).is_in(rule.codes)
    return frame.filter(started & ~ended & ~over_undated & wanted).select(
        "USUBJID",
        DOMAIN=pl.lit(name),
        SEQ=f"{name}SEQ",
        TERM="CMTRT" if name == "CM" else _CODE[name],
        DETAIL={"AE": _NOTHING, "CE": pl.col("CETERM"), "CM": pl.col("CMCAT")}[name],
        GRADE=pl.lit(None, dtype=pl.Int64) if name == "CM" else pl.col(f"{name}TOXGR"),
        STLO=f"{name}STLO",
        STHI=f"{name}STHI",
        STDY=pl.col("CESTDY") if name == "CE" else pl.lit(None, dtype=pl.Float64),
    )


def _by(last: pl.Expr) -> pl.Expr:
    """The latest start, which was not after that day."""
    return pl.when(pl.col("STHI").is_not_null()).then(pl.min_horizontal("STHI", last))


def _days(day: pl.Expr, origin: pl.Expr) -> pl.Expr:
    return (day - origin).dt.total_days().cast(pl.Float64)
