"""Numbers beside those before and after them in time, of the same participant and analyte."""

from collections.abc import Callable
from datetime import date

import numpy as np
import polars as pl

from immrecon.config.consistency import SlipRule
from immrecon.ingest.lab_order import order_of

_IN_ORDER = ["SERIES", "DAY", "CLOCK", "ORDER"]
_NEARLY = 0.999
"""Rounding must not decide which numbers are looked at closely."""
_OF_NUMBERS = [*_IN_ORDER, "LBDT", "LBSTRESN", "LBCMP", "SRCROW"]
LEAP = "LEAP"
"""The largest ratio of two numbers of a series that follow each other in time; infinite where that is not certain."""


def near(ratio: pl.Expr, rule: SlipRule) -> pl.Expr:
    return (ratio >= rule.ratio_low) & (ratio <= rule.ratio_high)


def near_or_none(ratio: pl.Expr, rule: SlipRule) -> pl.Expr:
    """Near, or beside nothing."""
    return ratio.is_null() | near(ratio, rule)


def by_period(
    frame: pl.DataFrame, made: Callable[[pl.DataFrame], pl.DataFrame], least: float, cutoff: date | None
) -> pl.DataFrame:
    """What is made of numbers beside others (as `numbers_of`), those of a result on or before the cut-off being on or
    before it too.
    """
    numbers = numbers_of(frame, least)
    if cutoff is None:
        return made(numbers)
    later = (pl.col("LBDT") > cutoff).fill_null(value=False)
    followed = numbers.filter(later)["SERIES"].unique()
    with_later = numbers.filter(pl.col("SERIES").is_in(followed.implode()))
    return pl.concat([made(numbers.filter(~later)), made(with_later).filter(later)])


def with_leaps(frame: pl.DataFrame, *, in_time: bool = False) -> pl.DataFrame:
    """The used results, and the LEAP of the series of each; `in_time`: those of a series are known to come so."""
    series, number = (frame[name].to_numpy() for name in ("SERIES", "LBSTRESN"))
    at = np.flatnonzero(number > 0)
    if not at.size:
        return frame.with_columns(pl.lit(1.0).alias(LEAP))
    most = np.ones(series.max() + 1)
    at = at[order_of([series[at]]) if in_time else _in_time(frame.select(pl.col(_IN_ORDER).gather(at))).to_numpy()]
    of, number = series[at], number[at]
    ratio = number[1:] / number[:-1]
    ratio = np.where(of[1:] == of[:-1], np.maximum(ratio, 1 / ratio), 1.0)
    begins = np.flatnonzero(np.diff(of, prepend=of[0] - 1))
    most[of[begins]] = np.maximum.reduceat(np.append(1.0, ratio), begins)
    # What has no day comes last, and after what is before the cut-off where that alone is looked at.
    most[series[frame["DAY"].is_null().to_numpy()]] = np.inf
    return frame.with_columns(pl.Series(LEAP, most[series]))


def without(frame: pl.DataFrame, orders: pl.Series) -> pl.DataFrame:
    """The used results, which are in ORDER, but for some, in whose series others follow each other now."""
    at = frame["ORDER"].search_sorted(orders).to_numpy()
    series, leap, kept = (
        frame["SERIES"].to_numpy(),
        frame[LEAP].to_numpy().copy(),
        np.ones(frame.height, dtype=np.bool_),
    )
    changed = np.zeros(series.max() + 1, dtype=np.bool_)
    changed[series[at]] = True
    leap[changed[series]] = np.inf
    kept[at] = False
    return frame.with_columns(pl.Series(LEAP, leap)).filter(pl.Series(kept))


def numbers_of(frame: pl.DataFrame, least: float) -> pl.DataFrame:
    """Numbers above zero of the series in which one is at least so many times the one before or after: they are few."""
    is_one = (pl.col("LBSTRESN") > 0) & (pl.col(LEAP) >= least * _NEARLY)
    return frame.filter(is_one).select(_OF_NUMBERS)


def neighbours(numbers: pl.DataFrame, least: float) -> pl.DataFrame:
    """Numbers in order of time, with the ratio to the result before and after of the same participant and analyte; at
    least those that are `least` times one of the two, or a `least`th of it.
    """
    order = _in_time(numbers)

    def beside(name: str, by: int) -> pl.Expr:
        return pl.when(pl.col("SERIES") == pl.col("SERIES").shift(by)).then(pl.col(name).shift(by))

    series = numbers.select(pl.col("SERIES", "LBSTRESN").gather(order))
    series = series.with_columns(PREVIOUS=beside("LBSTRESN", 1), NEXT=beside("LBSTRESN", -1))
    ratios = [pl.col("LBSTRESN") / pl.col(name) for name in ("PREVIOUS", "NEXT")]
    far = pl.any_horizontal((ratio >= least * _NEARLY) | (ratio * least * _NEARLY <= 1) for ratio in ratios)
    # What else is said of the neighbours is looked up for the few that are far from them.
    at = series.select(pl.arg_where(far.fill_null(value=False))).to_series().cast(pl.Int64)
    earlier = pl.col("DAY", "SRCROW", "LBCMP").gather(order.gather((at - 1).clip(0)))
    parts = [
        numbers[order.gather(at)],
        series.select(pl.col("PREVIOUS", "NEXT").gather(at)),
        numbers.select(earlier.name.prefix("PREVIOUS")),
    ]
    follows = pl.col("PREVIOUS").is_not_null()
    return pl.concat(parts, how="horizontal").with_columns(
        *(pl.when(follows).then(name).alias(name) for name in ("PREVIOUSDAY", "PREVIOUSSRCROW", "PREVIOUSLBCMP")),
        BEFORE=ratios[0],
        AFTER=ratios[1],
    )


def runs(numbers: pl.DataFrame, rule: SlipRule) -> pl.DataFrame:
    """Plain numbers in a row, from 2 to the longest run, all of them about a thousandfold above or below the result
    before the run (PREVIOUS) and the one after it (NEXT); one of the two is null at the beginning or end of a series.
    """
    ordered = numbers[_in_time(numbers)]
    number, series = pl.col("LBSTRESN"), pl.col("SERIES")
    found = [ordered.clear().with_columns(PREVIOUS="LBSTRESN", NEXT="LBSTRESN")]
    for n in range(2, rule.longest_run + 1):
        before = pl.when(series == series.shift(1)).then(number.shift(1))
        after = pl.when(series == series.shift(-n)).then(number.shift(-n))
        each = [number.shift(-place) for place in range(n)]
        above = [near_or_none(one / other, rule) for one in each for other in (before, after)]
        below = [near_or_none(other / one, rule) for one in each for other in (before, after)]
        plain = [(pl.col("LBCMP") == "=").shift(-place) for place in range(n)]
        of_one = (series == series.shift(1 - n)) & (before.is_not_null() | after.is_not_null())
        begins = of_one & pl.all_horizontal(plain) & (pl.all_horizontal(above) | pl.all_horizontal(below))
        both = ordered.with_columns(PREVIOUS=before, NEXT=after)
        at = ordered.select(pl.arg_where(begins.fill_null(value=False))).to_series().cast(pl.Int64)
        ends = both.select(pl.col("PREVIOUS", "NEXT").gather(at))
        rows = [ordered[at + place] for place in range(n)]
        found += [pl.concat([some, ends], how="horizontal") for some in rows]
    return pl.concat(found)


def _in_time(numbers: pl.DataFrame) -> pl.Series:
    """The places of the numbers by series and time, what has no time last. Mostly they are in order of time already."""
    order = pl.Series(order_of([numbers["SERIES"].to_numpy()]))
    if rises(numbers.select(pl.col(_IN_ORDER).gather(order))):
        return order
    return numbers.select(pl.arg_sort_by(_IN_ORDER, nulls_last=True)).to_series().cast(pl.Int64)


def rises(ordered: pl.DataFrame) -> bool:
    """Whether what follows each other in one SERIES is in order of time (DAY, CLOCK, ORDER)."""
    before = {name: pl.col(name).shift(1) for name in _IN_ORDER}
    clock = pl.col("CLOCK")
    same_time = clock.eq_missing(before["CLOCK"]) & (pl.col("ORDER") > before["ORDER"])
    later_that_day = (clock > before["CLOCK"]) | (clock.is_null() & before["CLOCK"].is_not_null()) | same_time
    follows = (pl.col("DAY") > before["DAY"]) | ((pl.col("DAY") == before["DAY"]) & later_that_day)
    another = (pl.col("SERIES") != before["SERIES"]).fill_null(value=True)
    return bool(ordered.select((another | follows.fill_null(value=False)).all()).item())
