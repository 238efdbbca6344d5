"""The course of a count in one participant, in numbers: areas, slope, doubling time, maximum."""

from collections.abc import Mapping

import polars as pl

from immrecon.analyses.kinetic_samples import Course
from immrecon.config.kinetics import Kinetics
from immrecon.config.specs import KineticSpec
from immrecon.stats.longitudinal import area_under_curve, doubling_time
from immrecon.vocabulary import PRIMARY, KineticMeasure, RowStatus

LOG_DOWN = "linear-up log-down"
COLUMNS = (
    "USUBJID", "DISPID", "GROUP", "DOSELVL", "parameter", "measure", "to_day", "variant", "unit", "method", "value",
    "n_samples", "n_below_limit", "reason",
)  # fmt: skip
"""Of the frame of values; `reason` of a row with a value is a remark."""
NOT_RISING = "the count does not rise"
LAST_SAMPLE = "reached at the last sample up to the day: it may rise further"


def parameter_values(course: Course, spec: KineticSpec) -> pl.DataFrame:
    """A row per participant of the population, analyte, measure, last day and variant (see COLUMNS)."""
    declared = spec.kinetics
    assert declared is not None
    parts = []
    for code in declared.analytes:
        unit = next(analyte.unit for analyte in spec.analytes if analyte.code == code)
        parts += _of_analyte(course.of(code), code, unit, declared)
    return pl.concat(part.select(COLUMNS) for part in parts)


def _of_analyte(course: Course, code: str, unit: str, declared: Kinetics) -> list[pl.DataFrame]:
    factors = {PRIMARY: declared.below_limit.factor}
    if declared.below_limit.sensitivity_factor is not None:
        factors[below_as(declared.below_limit.sensitivity_factor)] = declared.below_limit.sensitivity_factor
    people = {day: course.people_to(day) for day in declared.area.to_days}
    parts = []
    for variant, factor in factors.items():
        parts += _areas(course, people, code, unit, declared, factor, variant, "linear")
        parts += _slopes(course, code, declared, factor, variant)
    parts += _areas(course, people, code, unit, declared, factors[PRIMARY], LOG_DOWN, LOG_DOWN)
    return [*parts, *_maxima(course, code, unit, declared)]


def below_as(factor: float) -> str:
    """Name of the variant in which a result below its limit counts as so many times it, and words for it."""
    return f"below-limit result as {factor:g} x its limit"


def _areas(
    course: Course,
    followed: Mapping[float, pl.DataFrame],
    code: str,
    unit: str,
    declared: Kinetics,
    factor: float,
    variant: str,
    rule: str,
) -> list[pl.DataFrame]:
    """Areas; of the primary variant the average over time, too. `followed`: by day, `Course.people_to` of it."""
    area = declared.area
    values = course.counted(factor)
    if area.start_value is not None:
        values = course.with_start(values, area.start_value)
    found = area_under_curve(
        values["ADY"].to_numpy(), values["COUNT"].to_numpy(), upto=area.to_days,
        subject=values["USUBJID"].to_numpy(), start=0.0,
        method=rule, carry_at_most=area.carry_days,
    ).to_frame().select(
        pl.col("subject").cast(pl.String).alias("USUBJID"), to_day="upto", area="area", average="time_average"
    )  # fmt: skip
    start = "the first sample within the carried days" if area.start_value is None else f"{area.start_value:g}"
    method = (
        f"{'linear trapezoid' if rule == 'linear' else rule} from day 0 (without a sample {start}), value at the end "
        f"interpolated or carried up to {area.carry_days:g} days; {below_as(factor)}"
    )
    parts = []
    for day in area.to_days:
        people = followed[day].with_columns(to_day=pl.lit(day, dtype=pl.Float64))
        late = pl.col("LASTDY") < day - area.carry_days
        why = (
            pl.when(pl.col("ENDED").is_not_null())
            .then("ENDED")
            .when(pl.col("n_samples") == 0)
            .then(pl.lit("no sample"))
            .when(pl.col("n_samples") < area.fewest_samples)
            .then(pl.lit(f"fewer than {area.fewest_samples} samples by day {day:g}"))
            .when(pl.col("area").is_null() & late)
            .then(pl.lit(f"last sample more than {area.carry_days:g} days before day {day:g}"))
            .when(pl.col("area").is_null())
            .then(pl.lit(f"first sample more than {area.carry_days:g} days after day 0"))
        )
        there = people.join(found, on=["USUBJID", "to_day"], how="left").with_columns(reason=why)
        common = {"parameter": pl.lit(code), "variant": pl.lit(variant), "method": pl.lit(method)}
        valued = pl.when(pl.col("reason").is_null())
        for measure, column, of in (
            (KineticMeasure.AREA, "area", f"{unit} day"),
            (KineticMeasure.AVERAGE, "average", unit),
        ):
            if measure is KineticMeasure.AREA or variant == PRIMARY:
                named = {"measure": pl.lit(str(measure)), "unit": pl.lit(of), "value": valued.then(pl.col(column))}
                parts.append(there.with_columns(**common, **named))
    return parts


def _slopes(course: Course, code: str, declared: Kinetics, factor: float, variant: str) -> list[pl.DataFrame]:
    """Slope of each participant, and its reciprocal; from the samples in the window, wherever follow-up ends."""
    slope = declared.slope
    if slope is None:
        return []
    values = course.counted(factor)
    window = (slope.first_day, slope.last_day)
    found = (
        doubling_time(
            values["ADY"].to_numpy(), values["COUNT"].to_numpy(), window=window,
            subject=values["USUBJID"].to_numpy(), fewest=slope.fewest_samples,
        )
        .to_frame()
        .select(pl.col("subject").cast(pl.String).alias("USUBJID"), "slope", "doubling_time")
    )  # fmt: skip
    place = f"days {slope.first_day:g} to {slope.last_day:g}"
    people = course.people_to(slope.last_day, slope.first_day).join(found, on="USUBJID", how="left")
    why = (
        pl.when(pl.col("n_samples") < slope.fewest_samples)
        .then(pl.lit(f"fewer than {slope.fewest_samples} samples on {place}"))
        .when(pl.col("slope").is_null())
        .then(pl.lit("a count of 0 has no logarithm"))
    )
    falls = pl.when(pl.col("slope") <= 0).then(pl.lit(NOT_RISING))
    method = f"least squares of log2 of the count on day, {place}; {below_as(factor)}"
    common = {
        "parameter": pl.lit(code), "to_day": pl.lit(slope.last_day, dtype=pl.Float64), "variant": pl.lit(variant),
        "method": pl.lit(method),
    }  # fmt: skip
    return [
        people.with_columns(
            **common, measure=pl.lit(str(KineticMeasure.SLOPE)), unit=pl.lit("1/day"), value="slope", reason=why
        ),
        people.with_columns(
            **common, measure=pl.lit(str(KineticMeasure.DOUBLING)), unit=pl.lit("day"), value="doubling_time",
            reason=pl.coalesce(why, falls),
        ),
    ]  # fmt: skip


def _maxima(course: Course, code: str, unit: str, declared: Kinetics) -> list[pl.DataFrame]:
    """The largest count and the first day with it, of those followed to the end of the window."""
    maximum = declared.maximum
    if maximum is None:
        return []
    day, factor = maximum.to_day, declared.below_limit.factor
    largest = (
        course.counted(factor)
        .filter(pl.col("ADY") <= day)
        .sort("USUBJID", "ADY")
        .group_by("USUBJID", maintain_order=True)
        .agg(
            maximum=pl.col("COUNT").max(),
            time=pl.col("ADY").filter(pl.col("COUNT") == pl.col("COUNT").max()).first(),
            at_last=pl.col("COUNT").last() == pl.col("COUNT").max(),
            first_is_last=(pl.col("COUNT") == pl.col("COUNT").max()).sum() == 1,
        )
        .with_columns(truncated=pl.col("at_last") & pl.col("first_is_last"))
    )
    people = course.people_to(day).join(largest, on="USUBJID", how="left")
    why = pl.coalesce("ENDED", pl.when(pl.col("n_samples") == 0).then(pl.lit("no sample")))
    reason = pl.coalesce(why, pl.when(pl.col("truncated")).then(pl.lit(LAST_SAMPLE)))
    common = {
        "parameter": pl.lit(code), "to_day": pl.lit(day, dtype=pl.Float64), "variant": pl.lit(PRIMARY),
        "reason": reason,
    }  # fmt: skip
    method = f"largest of the samples up to the day; {below_as(factor)}"
    valued = pl.when(why.is_null())
    return [
        people.with_columns(
            **common, measure=pl.lit(str(KineticMeasure.MAXIMUM)), unit=pl.lit(unit), method=pl.lit(method),
            value=valued.then(pl.col("maximum")),
        ),
        people.with_columns(
            **common, measure=pl.lit(str(KineticMeasure.TIME_TO_MAXIMUM)), unit=pl.lit("day"),
            method=pl.lit(f"first day with the {method}"), value=valued.then(pl.col("time")),
        ),
    ]  # fmt: skip


def status_of(value: str = "value") -> pl.Expr:
    """The row status that a value, or its absence, means."""
    there = pl.col(value).is_not_null()
    return pl.when(there).then(pl.lit(str(RowStatus.ESTIMATED))).otherwise(pl.lit(str(RowStatus.NOT_ESTIMABLE)))
