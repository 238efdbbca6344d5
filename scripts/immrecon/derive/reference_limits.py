"""The reference limits of every sample: those its laboratory sent, otherwise those of the participant's age that day.

The age is as precise as the record: birth date and age at enrolment both bound the day of birth, and where the band
of the youngest possible age is not that of the oldest, the sample has no reference from the table.
"""

from collections.abc import Sequence

import polars as pl

from immrecon.config.reference_limits import ReferenceLimit

_DAYS_PER_YEAR = 365.25
_LONGEST_MONTH = 31.0
_TENTHS = 0.05
"""Half of the last digit of an age that is given with decimals, in years."""


def with_reference_limits(samples: pl.DataFrame, limits: Sequence[ReferenceLimit]) -> pl.DataFrame:
    """AAGELO, AAGEHI, ANRLO, ANRHI, ANRORIG, ANRROW and ANRREAS of samples.

    Needs PARAMCD, ADT, ADY, LBSTNRLO, LBSTNRHI, and AGE, ENRLDT, BRTHLO, BRTHHI of the participant.
    """
    aged = _ages(samples)
    found = _bands(aged, limits)
    own = pl.col("LBSTNRLO").is_not_null()
    return found.with_columns(
        ANRLO=pl.coalesce("LBSTNRLO", "LOWER"),
        ANRHI=pl.when(own).then("LBSTNRHI").otherwise("UPPER"),
        ANRORIG=pl.when(own).then(pl.lit("laboratory")).when(pl.col("LOWER").is_not_null()).then(pl.lit("age table")),
        AAGELO=pl.col("LOMONTHS") / 12,
        AAGEHI=pl.col("HIMONTHS") / 12,
    ).drop("LOMONTHS", "HIMONTHS", "LOWER", "UPPER", "CONTRADICTS")


def _ages(samples: pl.DataFrame) -> pl.DataFrame:
    """LOMONTHS and HIMONTHS: the least and the greatest age on the day; CONTRADICTS: birth date and age leave none.

    Whoever has AGE completed years on the day of enrolment was born after that day AGE + 1 years before, and not after
    it AGE years before. An age with decimals is taken as rounded to a tenth of a year. Without dates at all (days
    since transplant) the age is that on the day of the transplant.
    """
    age, enrolled = pl.col("AGE"), pl.col("ENRLDT")
    whole = age == age.floor()
    years = age.floor().cast(pl.Int64)
    days = [(-(age + sign * _TENTHS) * _DAYS_PER_YEAR).round().cast(pl.Int64) for sign in (1, -1)]
    born_from = (
        pl.when(whole)
        .then(enrolled.dt.offset_by(pl.format("-{}y", years + 1)) + pl.duration(days=1))
        .otherwise(enrolled + pl.duration(days=days[0]))
    )
    born_to = (
        pl.when(whole)
        .then(enrolled.dt.offset_by(pl.format("-{}y", years)))
        .otherwise(enrolled + pl.duration(days=days[1]))
    )
    born = samples.with_columns(
        # Missing bounds leave the other source alone.
        BORNFROM=pl.max_horizontal("BRTHLO", born_from),
        BORNTO=pl.min_horizontal("BRTHHI", born_to),
    )
    contradicts = (pl.col("BORNFROM") > pl.col("BORNTO")).fill_null(value=False)
    day = pl.col("ADY") * 12 / _DAYS_PER_YEAR
    without_dates = pl.col("ADT").is_null()
    youngest = pl.when(without_dates).then(12 * age - pl.when(whole).then(0.0).otherwise(12 * _TENTHS) + day)
    oldest = pl.when(without_dates).then(
        12 * age + pl.when(whole).then(12 - 1 / _LONGEST_MONTH).otherwise(12 * _TENTHS) + day
    )
    return born.with_columns(
        CONTRADICTS=contradicts,
        LOMONTHS=pl.when(~contradicts).then(pl.coalesce(_months(pl.col("BORNTO")), youngest)),
        HIMONTHS=pl.when(~contradicts).then(pl.coalesce(_months(pl.col("BORNFROM")), oldest)),
    ).drop("BORNFROM", "BORNTO")


def _months(born: pl.Expr) -> pl.Expr:
    """Age in months on the day of collection: completed months, and the days since as a share of the longest month.

    A month is completed on the day of the month of birth; where a month lacks that day, on the first of the next.
    """
    day = pl.col("ADT")
    short = day.dt.day() < born.dt.day()
    completed = (day.dt.year() - born.dt.year()) * 12 + day.dt.month().cast(pl.Int32) - born.dt.month().cast(pl.Int32)
    last_month = day.dt.offset_by("-1mo").dt.month_end().dt.day().cast(pl.Int32)
    past = day.dt.day().cast(pl.Int32) - born.dt.day().cast(pl.Int32)
    days = pl.when(short).then(pl.max_horizontal(past + last_month, pl.lit(0))).otherwise(past)
    return (completed - short.cast(pl.Int32)).cast(pl.Float64) + days.cast(pl.Float64) / _LONGEST_MONTH


def _bands(aged: pl.DataFrame, limits: Sequence[ReferenceLimit]) -> pl.DataFrame:
    """ANRROW, LOWER, UPPER and ANRREAS: the band that holds both the least and the greatest age."""
    schema = {
        "PARAMCD": pl.String,
        "FROM": pl.Float64,
        "TO": pl.Float64,
        "ANRROW": pl.Int64,
        "LOWER": pl.Float64,
        "UPPER": pl.Float64,
    }
    rows = [(limit.analyte, *limit.months, limit.row, limit.lower, limit.upper) for limit in limits]
    table = pl.DataFrame(rows, schema=schema, orient="row").sort("FROM")
    with_order = aged.with_row_index("ORDER")
    for bound, name in (("LOMONTHS", "LOROW"), ("HIMONTHS", "HIROW")):
        known = with_order.select("ORDER", "PARAMCD", bound).drop_nulls().sort(bound)
        band = known.join_asof(
            table, left_on=bound, right_on="FROM", by="PARAMCD", strategy="backward", check_sortedness=False
        )
        inside = band.filter(pl.col(bound) < pl.col("TO")).select("ORDER", pl.col("ANRROW").alias(name))
        with_order = with_order.join(inside, on="ORDER", how="left", maintain_order="left")
    analytes = table["PARAMCD"].unique().to_list()
    first = table.group_by("PARAMCD").agg(FIRST=pl.col("FROM").min(), LAST=pl.col("TO").max())
    ranged = with_order.join(first, on="PARAMCD", how="left", maintain_order="left")
    agree = (pl.col("LOROW") == pl.col("HIROW")).fill_null(value=False)
    reason = (
        pl.when(~pl.col("PARAMCD").is_in(analytes))
        .then(pl.lit("no reference for the analyte"))
        .when(pl.col("CONTRADICTS"))
        .then(pl.lit("age and birth date contradict each other"))
        .when(pl.col("LOMONTHS").is_null() | pl.col("HIMONTHS").is_null())
        .then(pl.lit("age not known"))
        .when(agree)
        .then(pl.lit(None, dtype=pl.String))
        .when(pl.col("HIMONTHS") < pl.col("FIRST"))
        .then(pl.lit("younger than the reference"))
        .when(pl.col("LOMONTHS") >= pl.col("LAST"))
        .then(pl.lit("older than the reference"))
        .when(pl.col("LOROW").is_null() & pl.col("HIROW").is_null())
        .then(pl.lit("between the ages of two references"))
        .otherwise(pl.lit("age not precise enough for one band"))
    )
    chosen = ranged.with_columns(ANRREAS=reason, ANRROW=pl.when(agree).then("LOROW"))
    limits_of_row = table.select("ANRROW", "LOWER", "UPPER")
    return chosen.join(limits_of_row, on="ANRROW", how="left", maintain_order="left").drop(
        "ORDER", "LOROW", "HIROW", "FIRST", "LAST"
    )
