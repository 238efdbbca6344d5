"""Results that are readable but do not fit together. They are flagged and used; only a slip of the unit is withheld."""

from datetime import date

import polars as pl

from immrecon.config.consistency import JumpRule, SlipRule
from immrecon.config.dialect import Dialect
from immrecon.ingest.findings import Finding, first_error, listing, remarks, shown
from immrecon.ingest.lab_errors import day_since_transplant
from immrecon.ingest.lab_same_sample import SAMPLE, USED, same_sample_remarks
from immrecon.vocabulary import Fate, Severity

_IN_ORDER = ["USUBJID", "LBTESTCD", "DAY", "CLOCK", "ORDER"]


def withhold_slips(frame: pl.DataFrame, rule: SlipRule | None, cutoff: date | None) -> pl.DataFrame:
    """Withhold numbers about a thousand times both the result before and the one after, or a thousandth of both.

    A result on or before the cut-off is compared with such results only: what is drawn later must not change what an
    analysis at this cut-off uses. A later one, which no analysis uses yet, is compared with all.
    At the first or last result there is one neighbour only, and conditioning alone can divide a count by a thousand:
    those are flagged among the `warnings`.
    """
    if rule is None:
        return frame
    numbers = _by_period(frame, cutoff)
    slipped = numbers.filter(
        (_near(pl.col("BEFORE"), rule) & _near(pl.col("AFTER"), rule))
        | (_near(1 / pl.col("BEFORE"), rule) & _near(1 / pl.col("AFTER"), rule))
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


def _near(ratio: pl.Expr, rule: SlipRule) -> pl.Expr:
    return (ratio >= rule.ratio_low) & (ratio <= rule.ratio_high)


def _by_period(frame: pl.DataFrame, cutoff: date | None) -> pl.DataFrame:
    """`_neighbours`, those of a result on or before the cut-off being on or before it too."""
    if cutoff is None:
        return _neighbours(frame)
    later = (pl.col("LBDT") > cutoff).fill_null(value=False)
    return pl.concat([_neighbours(frame.filter(~later)), _neighbours(frame).filter(later)])


def _neighbours(frame: pl.DataFrame) -> pl.DataFrame:
    """Plain numbers above zero in order of time, with the ratio to the used result before and after."""
    ordered = frame.filter(USED & (pl.col("LBSTRESN") > 0)).sort(_IN_ORDER, nulls_last=True)
    group = ["USUBJID", "LBTESTCD"]
    return ordered.with_columns(
        PREVIOUS=pl.col("LBSTRESN").shift(1).over(group),
        NEXT=pl.col("LBSTRESN").shift(-1).over(group),
        PREVIOUSDAY=pl.col("DAY").shift(1).over(group),
        PREVIOUSROW=pl.col("SRCROW").shift(1).over(group),
        PREVIOUSCMP=pl.col("LBCMP").shift(1).over(group),
    ).with_columns(
        BEFORE=pl.col("LBSTRESN") / pl.col("PREVIOUS"),
        AFTER=pl.col("LBSTRESN") / pl.col("NEXT"),
    )


def warnings(frame: pl.DataFrame, dialect: Dialect, cutoff: date | None) -> pl.DataFrame:
    """The listing of everything that does not fit together among the used results of one laboratory."""
    checks = dialect.checks
    found = same_sample_remarks(frame, checks)
    if checks.jump is not None:
        found.append(_jump_remarks(frame, checks.jump))
    if checks.slip is not None:
        found.append(_slip_remarks(frame, checks.slip, cutoff))
        if checks.slip.panel_min_analytes is not None:
            found.append(_panel_slip_remarks(frame, checks.slip, checks.slip.panel_min_analytes, cutoff))
    if checks.identical_min_analytes is not None:
        found.append(_panel_remarks(frame, checks.identical_min_analytes))
    if checks.max_hours_to_receipt is not None:
        found.append(_receipt_remarks(frame, dialect, checks.max_hours_to_receipt))
    if checks.visit is not None:
        found.append(_visit_remarks(frame, dialect, checks.visit.tolerance_days))
    listed = pl.concat([listing([]), *found])
    return listed.with_columns(
        pl.col("QUKIND").replace_strict(checks.severities, default=pl.col("QUSEV")).alias("QUSEV")
    )


def _jump_remarks(frame: pl.DataFrame, rule: JumpRule) -> pl.DataFrame:
    numbers = _neighbours(frame)
    apart = pl.col("DAY") - pl.col("PREVIOUSDAY")
    steep = (pl.col("BEFORE") >= rule.factor) | (pl.col("BEFORE") <= 1 / rule.factor)
    larger = pl.max_horizontal("LBSTRESN", "PREVIOUS")
    exact = (pl.col("LBCMP") == "=") & (pl.col("PREVIOUSCMP") == "=")
    finding = Finding(
        "jump",
        exact & steep & (apart <= rule.within_days) & (larger >= rule.from_count),
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
    return remarks(numbers, finding, Severity.WARNING)


def _slip_remarks(frame: pl.DataFrame, rule: SlipRule, cutoff: date | None) -> pl.DataFrame:
    """The first or the last result, with one neighbour only."""
    numbers = _by_period(frame, cutoff)
    first = pl.col("PREVIOUS").is_null() & (_near(pl.col("AFTER"), rule) | _near(1 / pl.col("AFTER"), rule))
    last = pl.col("NEXT").is_null() & (_near(pl.col("BEFORE"), rule) | _near(1 / pl.col("BEFORE"), rule))
    finding = Finding(
        "unit_slip_suspected",
        first | last,
        pl.format(
            "{} = {} {} is about a thousandfold apart from the next result in time, {}.",
            "LBTESTCD",
            shown("LBSTRESN"),
            "LBSTRESU",
            shown(pl.coalesce("PREVIOUS", "NEXT")),
        ),
        pl.lit("Used as it stands: it is the first or last result, and conditioning alone can do this."),
    )
    return remarks(numbers, finding, Severity.WARNING)


def _panel_slip_remarks(frame: pl.DataFrame, rule: SlipRule, least: int, cutoff: date | None) -> pl.DataFrame:
    """Samples of which many analytes are about a thousandfold from the laboratory's median up to the cut-off."""
    numbers = frame.filter(USED & (pl.col("LBCMP") == "=") & (pl.col("LBSTRESN") > 0)).sort("ORDER")
    early = pl.lit(value=True) if cutoff is None else (pl.col("LBDT") <= cutoff).fill_null(value=True)
    median = pl.col("LBSTRESN").filter(early).median().over("LBTESTCD")
    far = numbers.with_columns(MEDIAN=median).with_columns(
        SIDE=pl.when(_near(pl.col("LBSTRESN") / pl.col("MEDIAN"), rule))
        .then(pl.lit("above"))
        .when(_near(pl.col("MEDIAN") / pl.col("LBSTRESN"), rule))
        .then(pl.lit("below"))
    )
    many = far.drop_nulls("SIDE").with_columns(N=pl.col("LBTESTCD").n_unique().over([*SAMPLE, "SIDE"]))
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


def _panel_remarks(frame: pl.DataFrame, least: int) -> pl.DataFrame:
    """Panels of plain numbers that come again, on another date or in another participant."""
    plain = frame.filter(USED & (pl.col("LBCMP") == "=")).sort("LBTESTCD", "ORDER")
    panels = plain.group_by(SAMPLE, maintain_order=True).agg(
        pl.col("LBTESTCD").n_unique().alias("N"),
        pl.format("{}={}", "LBTESTCD", shown("LBSTRESN")).str.join(", ").alias("PANEL"),
        pl.col("SRCFILE", "SRCSHEET", "SRCROW").sort_by("ORDER").first(),
        pl.col("ORDER").min(),
    )
    panels = panels.filter(pl.col("N") >= least).sort("ORDER")
    again = panels.filter(pl.len().over("PANEL") > 1).with_columns(
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
