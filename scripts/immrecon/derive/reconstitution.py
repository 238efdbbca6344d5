"""Confirmed crossing of a threshold: which samples count, which pair confirms, where a participant stands.

A sample decides "yes" (above), "no", or nothing: `<100` against `> 50` is unknown, and is passed over. Two samples of
one day count as one, and are above only if both are. The first sample of a pair is followed by samples that are all
above, up to one that lies far enough away; a sample below starts the count again.
"""

from collections.abc import Mapping

import polars as pl

from immrecon.comparators import above_threshold
from immrecon.config.occurrences import ThresholdCrossing
from immrecon.derive.adsl import clock_start


def usable_samples(
    adlb: pl.DataFrame, adsl: pl.DataFrame, rule: ThresholdCrossing, clinical: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Usable samples of the analyte, the day from which on they no longer count (ENDDY), and the THRESHOLD."""
    ends = pl.concat(
        [pl.DataFrame(schema={"USUBJID": pl.String, "ENDDY": pl.Float64})]
        + [clinical[name].select("USUBJID", ENDDY="DY") for name in rule.samples_end_at]
    )
    first_end = ends.group_by("USUBJID").agg(pl.col("ENDDY").min())
    return (
        adlb.filter(pl.col("PARAMCD") == rule.analyte, pl.col("ANL02FL") == "Y")
        .join(first_end, on="USUBJID", how="left")
        .join(adsl.select("USUBJID", "AGE"), on="USUBJID", how="left")
        .with_columns(THRESHOLD=_threshold(rule))
        .drop("AGE")
    )


def _threshold(rule: ThresholdCrossing) -> pl.Expr:
    """The threshold of each sample; missing where it depends on an age that is not known, or has no reference."""
    if isinstance(rule.value_per_ul, str):
        return pl.col("ANRLO")
    if isinstance(rule.value_per_ul, float):
        return pl.lit(rule.value_per_ul)
    value = pl.lit(None, dtype=pl.Float64)
    for entry in reversed(rule.value_per_ul):
        if entry.below_age_years is None:
            value = pl.lit(entry.value_per_ul)
        else:
            known = pl.col("AGE").is_not_null()
            value = pl.when(pl.col("AGE") < entry.below_age_years).then(entry.value_per_ul).when(known).then(value)
    return value


def daily_statuses(samples: pl.DataFrame, rule: ThresholdCrossing) -> pl.DataFrame:
    """One row per participant and day with a decided status: USUBJID, ADY, ABOVE, and the record that decides.

    `samples`: usable ADLB rows of the rule's analyte, with columns ENDDY (samples from that day on do not count) and
    THRESHOLD.
    """
    return (
        samples.with_columns(ABOVE=above_threshold(rule.operator, pl.col("THRESHOLD")))
        .filter(pl.col("ENDDY").is_null() | (pl.col("ADY") < pl.col("ENDDY")))
        .filter(pl.col("ABOVE").is_not_null())
        .sort("USUBJID", "ADY", "ABOVE", "ASEQ")
        .group_by("USUBJID", pl.col("ADY").floor().alias("WHOLEDAY"), maintain_order=True)
        .agg(pl.col("ADY").first(), pl.col("ABOVE").all(), pl.col("ASEQ").first(), pl.col("ADT").first())
    )


def crossings(daily: pl.DataFrame, adsl: pl.DataFrame, rule: ThresholdCrossing) -> pl.DataFrame:
    """Per participant with a sample above in the window: the first day of the pair, and of the confirming sample.

    USUBJID, REACHDY, CONFDY (null: not confirmed), OPEN (the last run of samples above is not ended by one below).
    """
    start = clock_start(rule.window.clock)
    last_day = rule.window.last_day
    in_window = pl.col("CLOCKDY") >= rule.window.first_day
    if last_day is not None:
        in_window &= pl.col("CLOCKDY") <= last_day
    runs = (
        daily.join(adsl.select("USUBJID", "TRTSDY"), on="USUBJID", how="inner")
        .with_columns(CLOCKDY=pl.col("ADY") - start)
        .sort("USUBJID", "ADY")
        .with_columns(RUN=pl.col("ABOVE").rle_id().over("USUBJID"), POSITION=pl.int_range(pl.len()).over("USUBJID"))
        .with_columns(LASTRUN=pl.col("RUN").max().over("USUBJID"))
        .filter(pl.col("ABOVE"))
        .with_columns(INWINDOW=in_window)
    )
    first = (
        runs.filter(pl.col("INWINDOW"))
        .group_by("USUBJID", "RUN", maintain_order=True)
        .agg(
            REACHDY=pl.col("ADY").first(),
            REACHPOS=pl.col("POSITION").first(),
            REACHSEQ=pl.col("ASEQ").first(),
            OPEN=(pl.col("RUN") == pl.col("LASTRUN")).first(),
        )
    )
    confirming = runs.filter(pl.col("INWINDOW")) if rule.confirm_within_window else runs
    confirmed = (
        first.join(confirming.select("USUBJID", "RUN", "ADY", "POSITION", "ASEQ"), on=["USUBJID", "RUN"], how="inner")
        .filter(
            pl.col("POSITION") >= pl.col("REACHPOS") + rule.confirmations - 1,
            pl.col("ADY") >= pl.col("REACHDY") + (rule.min_spacing_day if rule.confirmations > 1 else 0),
        )
        .sort("USUBJID", "RUN", "ADY")
        .group_by("USUBJID", "RUN", maintain_order=True)
        .agg(CONFDY=pl.col("ADY").first(), CONFSEQ=pl.col("ASEQ").first())
    )
    return (
        first.join(confirmed, on=["USUBJID", "RUN"], how="left")
        .with_columns(
            # The earliest confirmed run is the event; failing that, the open one is "reached, not yet confirmed".
            RANK=pl.when(pl.col("CONFDY").is_not_null()).then(0).when(pl.col("OPEN")).then(1).otherwise(2)
        )
        .sort("USUBJID", "RANK", "REACHDY")
        .group_by("USUBJID", maintain_order=True)
        .first()
        .select("USUBJID", "REACHDY", "REACHSEQ", "CONFDY", "CONFSEQ", "OPEN")
    )


def last_below(daily: pl.DataFrame, crossed: pl.DataFrame) -> pl.DataFrame:
    """USUBJID, LEFTDY: the last day decided as not above; of confirmed crossings the last such day before."""
    confirmed = crossed.filter(pl.col("CONFDY").is_not_null()).select("USUBJID", UNTIL="REACHDY")
    return (
        daily.join(confirmed, on="USUBJID", how="left")
        .filter(~pl.col("ABOVE"), pl.col("UNTIL").is_null() | (pl.col("ADY") < pl.col("UNTIL")))
        .group_by("USUBJID")
        .agg(LEFTDY=pl.col("ADY").max())
    )
