"""How the serious adverse events of the safety and of the clinical database stand to each other. Counts only."""

from collections.abc import Sequence
from datetime import date

import polars as pl

from immrecon.analyses.strata import NOWHERE
from immrecon.config.study import Group
from immrecon.contracts.results import SAE_RECONCILIATION
from immrecon.vocabulary import ALL_OF_SAFETY, POOLED, SaeStatus


def sae_reconciliation(
    adsl: pl.DataFrame, ae: pl.DataFrame, sae: pl.DataFrame, groups: Sequence[Group], cutoff: date | None
) -> pl.DataFrame:
    """Events and participants per group and status, zeros included; `ae`, `sae`: harmonised.

    Only events that may have started on or before the cut-off, by either database, are counted.
    """
    key = ["USUBJID", "AESEQ"]
    only_clinical = ae.filter((pl.col("AESER") == "Y") & _by(cutoff, "AESTLO")).join(
        sae.select(key).drop_nulls(), on=key, how="anti"
    )
    both = sae.join(ae.select(*key, "AESTLO"), on=key, how="left")
    in_clinical = pl.col("AESEQ").is_not_null() & _by(cutoff, "AESTLO")
    listed = both.filter(_by(cutoff, "SAESTLO") | in_clinical).select("USUBJID", status="SAESTAT")
    events = pl.concat(
        [
            listed,
            listed.with_columns(status=pl.lit(ALL_OF_SAFETY)),
            only_clinical.select("USUBJID", status=pl.lit(SaeStatus.CLINICAL_ONLY.value)),
        ]
    )
    codes = [group.code for group in groups]
    group = pl.when(pl.col("GROUP").is_in(codes)).then("GROUP").otherwise(pl.lit(NOWHERE))
    placed = events.join(adsl.select("USUBJID", group=group), on="USUBJID", how="left").with_columns(
        pl.col("group").fill_null(NOWHERE)
    )
    everywhere = pl.concat([placed, placed.with_columns(group=pl.lit(POOLED))])
    counts = everywhere.group_by("group", "status").agg(
        n_events=pl.len().cast(pl.Int64), n_participants=pl.col("USUBJID").n_unique().cast(pl.Int64)
    )
    shown = [*codes, POOLED, *([NOWHERE] if (placed["group"] == NOWHERE).any() else [])]
    statuses = [ALL_OF_SAFETY, *(status.value for status in SaeStatus)]
    full = pl.DataFrame({"group": shown}).join(pl.DataFrame({"status": statuses}), how="cross")
    numbers = ["n_events", "n_participants"]
    joined = full.join(counts, on=["group", "status"], how="left").with_columns(pl.col(numbers).fill_null(0))
    return joined.sort("group", "status").select(SAE_RECONCILIATION.schema.column_names())


def _by(cutoff: date | None, start: str) -> pl.Expr:
    return pl.lit(value=True) if cutoff is None else (pl.col(start) <= cutoff).fill_null(value=True)
