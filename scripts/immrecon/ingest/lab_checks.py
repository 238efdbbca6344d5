"""Results that are readable but do not fit together. They are flagged and used; only a slip of the unit is withheld."""

from datetime import date

import polars as pl

from immrecon.config.consistency import Checks, JumpRule, SlipRule
from immrecon.config.dialect import Dialect
from immrecon.ingest.findings import Finding, first_error, listing, remarks, shown
from immrecon.ingest.lab_errors import day_since_transplant
from immrecon.ingest.lab_same_sample import USED, in_full, same_sample_remarks
from immrecon.vocabulary import Fate, Severity

_IN_ORDER = ["SERIES", "DAY", "CLOCK", "ORDER"]
_OF_NUMBERS = [*_IN_ORDER, "FATE", "LBDT", "LBSTRESN", "LBCMP", "SRCROW"]


def withhold_slips(frame: pl.DataFrame, rule: SlipRule | None, cutoff: date | None) -> pl.DataFrame:
    """Withhold numbers about a thousand times both the result before and the one after, or a thousandth of both.

    A result on or before the cut-off is compared with such results only: what is drawn later must not change what an
    analysis at this cut-off uses. A later one, which no analysis uses yet, is compared with all.
    At the first or last result there is one neighbour only, and conditioning alone can divide a count by a thousand:
    those are flagged among the `warnings`.
    """
    if rule is None:
        return frame
    numbers = _by_period(frame, rule.ratio_low, cutoff)
    slipped = numbers.filter(
        (near(pl.col("BEFORE"), rule) & near(pl.col("AFTER"), rule))
        | (near(1 / pl.col("BEFORE"), rule) & near(1 / pl.col("AFTER"), rule))
    )
    frame = frame.join(slipped.select("ORDER", "PREVIOUS", "NEXT"), on="ORDER", how="left", maintain_order="left")
    is_slip = pl.col("PREVIOUS").is_not_null()
    finding = Finding(
        "unit_slip",
        is_slip,
        pl.format(
            "{} = {} {} stands between {} and {}: about a thousandfold apart.",
            "LBTESTCD",
            shown("LBSTRESN"),
            "LBSTRESU",
            shown("PREVIOUS"),
            shown("NEXT"),
        ),
        pl.lit("The unit may have slipped. The number is not rescaled: ask the laboratory."),
    )
    fate = pl.when(is_slip).then(pl.lit(Fate.QUERIED.value)).otherwise("FATE")
    return first_error(frame, [finding]).with_columns(FATE=fate).drop("PREVIOUS", "NEXT")


def near(ratio: pl.Expr, rule: SlipRule) -> pl.Expr:
    return (ratio >= rule.ratio_low) & (ratio <= rule.ratio_high)


def _by_period(frame: pl.DataFrame, least: float, cutoff: date | None) -> pl.DataFrame:
    """`_neighbours`, those of a result on or before the cut-off being on or before it too."""
    if cutoff is None:
        return _neighbours(frame, least)
    later = (pl.col("LBDT") > cutoff).fill_null(value=False)
    return pl.concat([_neighbours(frame.filter(~later), least), _neighbours(frame, least).filter(later)])


def _neighbours(frame: pl.DataFrame, least: float) -> pl.DataFrame:
    """Numbers above zero in order of time, with the ratio to the used result before and after; at least those that
    are `least` times another of the same participant and analyte, or are a `least`th of it.
    """
    numbers = frame.select(_OF_NUMBERS).filter(USED & (pl.col("LBSTRESN") > 0))
    extremes = numbers.group_by("SERIES").agg(
        pl.col("LBSTRESN").min().alias("LEAST"), pl.col("LBSTRESN").max().alias("MOST")
    )
    # Rounding must not decide here.
    wide = extremes.filter(pl.col("MOST") >= pl.col("LEAST") * least * 0.999)
    ordered = numbers.join(wide.select("SERIES"), on="SERIES", how="semi").sort(_IN_ORDER, nulls_last=True)
    return ordered.with_columns(
        PREVIOUS=pl.col("LBSTRESN").shift(1).over("SERIES"),
        NEXT=pl.col("LBSTRESN").shift(-1).over("SERIES"),
        PREVIOUSDAY=pl.col("DAY").shift(1).over("SERIES"),
        PREVIOUSROW=pl.col("SRCROW").shift(1).over("SERIES"),
        PREVIOUSCMP=pl.col("LBCMP").shift(1).over("SERIES"),
    ).with_columns(
        BEFORE=pl.col("LBSTRESN") / pl.col("PREVIOUS"),
        AFTER=pl.col("LBSTRESN") / pl.col("NEXT"),
    )


def warnings(frame: pl.DataFrame, dialect: Dialect, cutoff: date | None) -> pl.DataFrame:
    """The listing of everything that does not fit together among the used results of one participant and laboratory."""
    checks = dialect.checks
    found = same_sample_remarks(frame, checks)
    if checks.jump is not None:
        found.append(_jump_remarks(frame, checks.jump))
    if checks.slip is not None:
        found.append(_slip_remarks(frame, checks.slip, cutoff))
    if checks.max_hours_to_receipt is not None:
        found.append(_receipt_remarks(frame, dialect, checks.max_hours_to_receipt))
    if checks.visit is not None:
        found.append(_visit_remarks(frame, dialect, checks.visit.tolerance_days))
    return with_severities(pl.concat([listing([]), *found]), checks)


def with_severities(listed: pl.DataFrame, checks: Checks) -> pl.DataFrame:
    """A listing of flags with the declared severities."""
    return listed.with_columns(
        pl.col("QUKIND").replace_strict(checks.severities, default=pl.col("QUSEV")).alias("QUSEV")
    )


def _jump_remarks(frame: pl.DataFrame, rule: JumpRule) -> pl.DataFrame:
    numbers = _neighbours(frame, rule.factor)
    apart = pl.col("DAY") - pl.col("PREVIOUSDAY")
    steep = (pl.col("BEFORE") >= rule.factor) | (pl.col("BEFORE") <= 1 / rule.factor)
    larger = pl.max_horizontal("LBSTRESN", "PREVIOUS")
    exact = (pl.col("LBCMP") == "=") & (pl.col("PREVIOUSCMP") == "=")
    found = numbers.filter(exact & steep & (apart <= rule.within_days) & (larger >= rule.from_count))
    finding = Finding(
        "jump",
        pl.lit(value=True),
        pl.format(
            "{} goes from {} (row {}) to {} {} within {} days.",
            "LBTESTCD",
            shown("PREVIOUS"),
            "PREVIOUSROW",
            shown("LBSTRESN"),
            "LBSTRESU",
            shown(apart),
        ),
    )
    return remarks(in_full(frame, found), finding, Severity.WARNING)


def _slip_remarks(frame: pl.DataFrame, rule: SlipRule, cutoff: date | None) -> pl.DataFrame:
    """The first or the last result, with one neighbour only."""
    numbers = _by_period(frame, rule.ratio_low, cutoff)
    first = pl.col("PREVIOUS").is_null() & (near(pl.col("AFTER"), rule) | near(1 / pl.col("AFTER"), rule))
    last = pl.col("NEXT").is_null() & (near(pl.col("BEFORE"), rule) | near(1 / pl.col("BEFORE"), rule))
    found = numbers.filter((first | last).fill_null(value=False))
    finding = Finding(
        "unit_slip_suspected",
        pl.lit(value=True),
        pl.format(
            "{} = {} {} is about a thousandfold apart from the next result in time, {}.",
            "LBTESTCD",
            shown("LBSTRESN"),
            "LBSTRESU",
            shown(pl.coalesce("PREVIOUS", "NEXT")),
        ),
        pl.lit("Used as it stands: it is the first or last result, and conditioning alone can do this."),
    )
    return remarks(in_full(frame, found), finding, Severity.WARNING)


def _receipt_remarks(frame: pl.DataFrame, dialect: Dialect, hours: float) -> pl.DataFrame:
    # Where a time is not known, the shortest way that the two days allow: drawn late at night, received early.
    start, a_day = pl.time(0, 0), pl.duration(days=1)
    late = pl.when(pl.col("CLOCK").is_null()).then(a_day).otherwise(pl.duration(days=0))
    drawn = pl.col("LBDT").dt.combine(pl.col("CLOCK").fill_null(start)) + late
    arrived = pl.col("RECEIVED").dt.combine(pl.col("RECEIVED_CLOCK").fill_null(start))
    way = (arrived - drawn).dt.total_minutes() / 60
    received = dialect.columns.received
    finding = Finding(
        "long_way",
        USED & (way > hours),
        pl.lit(f"More than {hours:g} hours from the draw to the laboratory."),
        column=pl.lit(received.column if received else None, dtype=pl.String),
        value=pl.col("RECEIVEDTEXT"),
        scope="sample",
    )
    return remarks(frame, finding, Severity.WARNING)


def _visit_remarks(frame: pl.DataFrame, dialect: Dialect, tolerance: float) -> pl.DataFrame:
    off = day_since_transplant() - pl.col("VISITDAY")
    finding = Finding(
        "visit_off",
        USED & (off.abs() > tolerance),
        pl.format('Labelled "{}", but drawn on day {} after transplant.', "VISIT", shown(day_since_transplant())),
        column=pl.col("DATECOL"),
        value=pl.col("DATETEXT"),
        scope="sample",
    )
    return remarks(frame, finding, Severity.WARNING)
