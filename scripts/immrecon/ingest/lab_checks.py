"""Results that are readable but do not fit together. They are flagged and used; only a slip of the unit is withheld."""

from datetime import date

import numpy as np
import polars as pl

from immrecon.config.consistency import Checks, JumpRule, SlipRule
from immrecon.config.dialect import Dialect
from immrecon.ingest.findings import Finding, first_error, listing, remarks, shown
from immrecon.ingest.lab_errors import day_since_transplant, place_of
from immrecon.ingest.lab_order import order_of
from immrecon.ingest.lab_results import USED, Results
from immrecon.ingest.lab_same_sample import in_full, same_sample_remarks
from immrecon.vocabulary import Fate, Severity

_IN_ORDER = ["SERIES", "DAY", "CLOCK", "ORDER"]
_NEARLY = 0.999
"""Rounding must not decide which numbers are looked at closely."""
_OF_NUMBERS = [*_IN_ORDER, "LBDT", "LBSTRESN", "LBCMP", "SRCROW"]


def slips(numbers: pl.DataFrame, rule: SlipRule | None, cutoff: date | None) -> pl.DataFrame:
    """Of used results, numbers about a thousand times both the result before and the one after, or a thousandth of
    both: ORDER, PREVIOUS, NEXT.

    A result on or before the cut-off is compared with such results only: what is drawn later must not change what an
    analysis at this cut-off uses. A later one, which no analysis uses yet, is compared with all.
    At the first or last result there is one neighbour only, and conditioning alone can divide a count by a thousand:
    those are flagged among the `warnings`.
    """
    if rule is None:
        return numbers.clear().select("ORDER", PREVIOUS="LBSTRESN", NEXT="LBSTRESN")
    beside = _by_period(numbers, rule.ratio_low, cutoff)
    slipped = beside.filter(
        (near(pl.col("BEFORE"), rule) & near(pl.col("AFTER"), rule))
        | (near(1 / pl.col("BEFORE"), rule) & near(1 / pl.col("AFTER"), rule))
    )
    return slipped.select("ORDER", "PREVIOUS", "NEXT")


def withhold_slips(frame: pl.DataFrame, slipped: pl.DataFrame) -> pl.DataFrame:
    """The judged cells, those of `slips` being withheld."""
    if slipped.is_empty():
        return frame
    frame = frame.join(slipped, on="ORDER", how="left", maintain_order="left")
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
    numbers = _numbers(frame)
    if cutoff is None:
        return _neighbours(numbers, least)
    later = (pl.col("LBDT") > cutoff).fill_null(value=False)
    followed = numbers.filter(later)["SERIES"].unique()
    with_later = numbers.filter(pl.col("SERIES").is_in(followed.implode()))
    return pl.concat([_neighbours(numbers.filter(~later), least), _neighbours(with_later, least).filter(later)])


def _numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """Numbers above zero."""
    return frame.select(_OF_NUMBERS).filter(pl.col("LBSTRESN") > 0)


def _neighbours(numbers: pl.DataFrame, least: float) -> pl.DataFrame:
    """Numbers in order of time, with the ratio to the result before and after of the same participant and analyte; at
    least those that are `least` times one of the two, or a `least`th of it.
    """
    wide = _wide(numbers, least)
    order = _in_time(wide)

    def beside(name: str, by: int) -> pl.Expr:
        return pl.when(pl.col("SERIES") == pl.col("SERIES").shift(by)).then(pl.col(name).shift(by))

    series = wide.select(pl.col("SERIES", "LBSTRESN").gather(order))
    series = series.with_columns(PREVIOUS=beside("LBSTRESN", 1), NEXT=beside("LBSTRESN", -1))
    ratios = [pl.col("LBSTRESN") / pl.col(name) for name in ("PREVIOUS", "NEXT")]
    far = pl.any_horizontal((ratio >= least * _NEARLY) | (ratio * least * _NEARLY <= 1) for ratio in ratios)
    # What else is said of the neighbours is looked up for the few that are far from them.
    at = series.select(pl.arg_where(far.fill_null(value=False))).to_series().cast(pl.Int64)
    earlier = pl.col("DAY", "SRCROW", "LBCMP").gather(order.gather((at - 1).clip(0)))
    parts = [
        wide.select(pl.all().gather(order.gather(at))),
        series.select(pl.col("PREVIOUS", "NEXT").gather(at)),
        wide.select(earlier.name.prefix("PREVIOUS")),
    ]
    follows = pl.col("PREVIOUS").is_not_null()
    return pl.concat(parts, how="horizontal").with_columns(
        *(pl.when(follows).then(name).alias(name) for name in ("PREVIOUSDAY", "PREVIOUSSRCROW", "PREVIOUSLBCMP")),
        BEFORE=ratios[0],
        AFTER=ratios[1],
    )


def _wide(numbers: pl.DataFrame, least: float) -> pl.DataFrame:
    """The numbers of series of which the largest is so many times the least."""
    if numbers.is_empty():
        return numbers
    series, number = numbers["SERIES"].to_numpy(), numbers["LBSTRESN"].to_numpy()
    most, fewest = np.zeros(series.max() + 1), np.full(series.max() + 1, np.inf)
    np.maximum.at(most, series, number)
    np.minimum.at(fewest, series, number)
    return numbers.filter(pl.Series((most >= fewest * least * _NEARLY)[series]))


def _in_time(numbers: pl.DataFrame) -> pl.Series:
    """The places of the numbers by series and time, what has no time last. Mostly they are in order of time already."""
    order = pl.Series(order_of([numbers["SERIES"].to_numpy()]))
    ordered = numbers.select(pl.col(_IN_ORDER).gather(order))
    before = {name: pl.col(name).shift(1) for name in _IN_ORDER}
    clock = pl.col("CLOCK")
    same_time = clock.eq_missing(before["CLOCK"]) & (pl.col("ORDER") > before["ORDER"])
    later_that_day = (clock > before["CLOCK"]) | (clock.is_null() & before["CLOCK"].is_not_null()) | same_time
    follows = (pl.col("DAY") > before["DAY"]) | ((pl.col("DAY") == before["DAY"]) & later_that_day)
    another = (pl.col("SERIES") != before["SERIES"]).fill_null(value=True)
    if ordered.select((another | follows.fill_null(value=False)).all()).item():
        return order
    return numbers.select(pl.arg_sort_by(_IN_ORDER, nulls_last=True)).to_series().cast(pl.Int64)


def warnings(results: Results, dialect: Dialect, cutoff: date | None) -> pl.DataFrame:
    """The listing of everything that does not fit together among the used results of one participant and laboratory."""
    checks = dialect.checks
    found = same_sample_remarks(results, checks)
    if checks.jump is not None:
        found.append(_jump_remarks(results, checks.jump))
    if checks.slip is not None:
        found.append(_slip_remarks(results, checks.slip, cutoff))
    found += [remarks(results.notable, finding, Severity.WARNING) for finding in sample_findings(dialect)]
    return with_severities(pl.concat([listing([]), *found]), checks)


def sample_findings(dialect: Dialect) -> list[Finding]:
    """What does not fit in the dates of one sample."""
    hours, visit = dialect.checks.max_hours_to_receipt, dialect.checks.visit
    return [
        _after_death(),
        *([] if hours is None else [_long_way(dialect, hours)]),
        *([] if visit is None else [_visit_off(visit.tolerance_days)]),
    ]


def with_severities(listed: pl.DataFrame, checks: Checks) -> pl.DataFrame:
    """A listing of flags with the declared severities."""
    return listed.with_columns(
        pl.col("QUKIND").replace_strict(checks.severities, default=pl.col("QUSEV")).alias("QUSEV")
    )


def _jump_remarks(results: Results, rule: JumpRule) -> pl.DataFrame:
    numbers = _neighbours(_numbers(results.numbers), rule.factor)
    apart = pl.col("DAY") - pl.col("PREVIOUSDAY")
    steep = (pl.col("BEFORE") >= rule.factor) | (pl.col("BEFORE") <= 1 / rule.factor)
    larger = pl.max_horizontal("LBSTRESN", "PREVIOUS")
    exact = (pl.col("LBCMP") == "=") & (pl.col("PREVIOUSLBCMP") == "=")
    found = numbers.filter(exact & steep & (apart <= rule.within_days) & (larger >= rule.from_count))
    finding = Finding(
        "jump",
        pl.lit(value=True),
        pl.format(
            "{} goes from {} (row {}) to {} {} within {} days.",
            "LBTESTCD",
            shown("PREVIOUS"),
            "PREVIOUSSRCROW",
            shown("LBSTRESN"),
            "LBSTRESU",
            shown(apart),
        ),
    )
    return remarks(in_full(results, found), finding, Severity.WARNING)


def _slip_remarks(results: Results, rule: SlipRule, cutoff: date | None) -> pl.DataFrame:
    """The first or the last result, with one neighbour only."""
    numbers = _by_period(results.numbers, rule.ratio_low, cutoff)
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
    return remarks(in_full(results, found), finding, Severity.WARNING)


def _after_death() -> Finding:
    """Certainly later: than the latest day that the record of the death allows."""
    return Finding(
        "sample_after_death",
        USED & ((pl.col("LBDT") > pl.col("DTHHI")) | (pl.col("LBDY") > pl.col("DTHHIDY"))),
        pl.format("Drawn after {}.", "DEATH"),
        pl.lit("Whose sample is it, and which of the two dates is right?"),
        column=pl.col("DATECOL"),
        value=pl.col("DATETEXT"),
        scope="sample",
    )


def _long_way(dialect: Dialect, hours: float) -> Finding:
    # Where a time is not known, the shortest way that the two days allow: drawn late at night, received early.
    start, a_day = pl.time(0, 0), pl.duration(days=1)
    late = pl.when(pl.col("CLOCK").is_null()).then(a_day).otherwise(pl.duration(days=0))
    drawn = pl.col("LBDT").dt.combine(pl.col("CLOCK").fill_null(start)) + late
    arrived = pl.col("RECEIVED").dt.combine(pl.col("RECEIVED_CLOCK").fill_null(start))
    way = (arrived - drawn).dt.total_minutes() / 60
    received = dialect.columns.received
    return Finding(
        "long_way",
        USED & (way > hours),
        pl.lit(f"More than {hours:g} hours from the draw to the laboratory."),
        column=place_of(received.column if received else None, dialect),
        value=pl.col("RECEIVEDTEXT"),
        scope="sample",
    )


def _visit_off(tolerance: float) -> Finding:
    off = day_since_transplant() - pl.col("VISITDAY")
    return Finding(
        "visit_off",
        USED & (off.abs() > tolerance),
        pl.format('Labelled "{}", but drawn on day {} after transplant.', "VISIT", shown(day_since_transplant())),
        column=pl.col("DATECOL"),
        value=pl.col("DATETEXT"),
        scope="sample",
    )
