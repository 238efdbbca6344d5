"""Dates as written, in the declared formats only. Partial dates become bounds, never a day that nobody recorded."""

import re

import polars as pl

from immrecon.config.source_format import DateStyle

UNREADABLE = "unreadable"
IMPOSSIBLE = "impossible"

ENGLISH_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1
    )
}
_PART = {
    "d": r"(?P<d>\d{1,2})",
    "m": r"(?P<m>\d{1,2})",
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d{2})",
    "b": r"(?P<b>\p{L}{3,9})\.?",
    "H": r"(?P<H>\d{1,2})",
    "M": r"(?P<M>\d{2})",
    "S": r"(?P<S>\d{2})(?:\.\d{1,9})?",
    "z": r"(?P<z>Z|[+-]\d{2}:?\d{2})",
}
_SERIAL_ORIGIN = {"serial1900": pl.date(1899, 12, 30), "serial1904": pl.date(1904, 1, 1)}


def parse_dates(text: pl.Series, style: DateStyle) -> pl.DataFrame:
    """Dates of one column, row by row.

    Returns columns `lo`, `hi` (Date: the earliest and latest day that the text allows; equal for a full date), `time`
    (Time, null if none; a UTC offset is accepted and not applied: the day is the local day as written) and `problem`
    (null; 'unreadable': in none of the formats; 'impossible': in the shape of one, but no such day). Blank or null
    text gives nulls throughout.
    """
    text = text.cast(pl.String).str.strip_chars().alias("text")
    plain = _plain(text, style.formats[0])
    rest = text if plain is None else text.filter(plain.is_null())
    name = "text"
    frame = rest.to_frame()
    distinct = frame.unique(maintain_order=True).filter(pl.col(name) != "")
    parsed = _parsed(distinct, style)
    joined = frame.join(parsed, on=name, how="left", maintain_order="left")
    read = joined.select(lo="lo", hi="hi", time="time", problem="problem")
    return read if plain is None else _among(read, plain, with_time="%H" in style.formats[0])


def _plain(text: pl.Series, written: str) -> pl.Series | None:
    """The moments of texts in full width in the first format, which most are and which are read quickly; null where a
    closer look is needed. None where the format is of another kind.
    """
    codes = re.findall("%(.)", written)
    if (
        len(set(codes)) < len(codes)
        or not {"d", "m", "Y"} <= set(codes) <= set("dmYHMS")
        or ("H" in codes) != ("M" in codes)
    ):
        return None
    # Leap seconds are no time of a laboratory's: the closer look refuses them.
    digits = {"Y": "[0-9]{4}", "S": "[0-5][0-9]"}
    pattern = re.sub("%(.)", lambda code: digits.get(code[1], "[0-9]{2}"), re.escape(written))
    if "H" in codes:
        moments = pl.col("text").str.to_datetime(written, time_unit="ms", strict=False, cache=False)
    else:
        moments = pl.col("text").str.to_date(written, strict=False, cache=False).cast(pl.Datetime("ms"))
    # Each is worked out once where it is a column. polars has a year 0, the calendar and Python do not.
    read = text.to_frame().select(MOMENT=moments, FITS=pl.col("text").str.contains(f"^{pattern}$"))
    sound = pl.col("FITS") & (pl.col("MOMENT") >= pl.datetime(1, 1, 1, time_unit="ms"))
    return read.select(pl.when(sound).then("MOMENT").alias("text")).to_series()


def _among(read: pl.DataFrame, plain: pl.Series, *, with_time: bool) -> pl.DataFrame:
    """Texts that were read quickly, and between them the others."""
    day = plain.dt.date()
    time = plain.dt.time() if with_time else pl.Series([None], dtype=pl.Time).new_from_index(0, len(plain))
    quick = pl.DataFrame({"lo": day, "hi": day, "time": time}).with_columns(problem=pl.lit(None, dtype=pl.String))
    if read.is_empty():
        return quick
    closely = plain.is_null()
    place = pl.select(pl.when(closely).then(closely.cum_sum().cast(pl.Int64) - 1)).to_series()
    spread = read.select(pl.all().gather(place))
    return pl.DataFrame({name: spread[name].zip_with(closely, quick[name]) for name in quick.columns})


def _parsed(texts: pl.DataFrame, style: DateStyle) -> pl.DataFrame:
    """Each text with what the first format that has its shape makes of it."""
    done, rest = [], texts
    for written in style.formats:
        fits, lo, hi, time, sound = _attempt(pl.col("text"), written, style)
        shaped = rest.select(fits.alias("fits"))["fits"]
        done.append(_bounds(rest.filter(shaped), lo, hi, time, sound))
        rest = rest.filter(~shaped)
    none = rest.with_columns(
        lo=pl.lit(None, dtype=pl.Date),
        hi=pl.lit(None, dtype=pl.Date),
        time=pl.lit(None, dtype=pl.Time),
        problem=pl.lit(UNREADABLE),
    )
    return pl.concat([*done, none])


def _bounds(texts: pl.DataFrame, lo: pl.Expr, hi: pl.Expr, time: pl.Expr, sound: pl.Expr) -> pl.DataFrame:
    read = texts.with_columns(lo=lo, hi=hi, time=time, sound=sound)
    valid = pl.col("lo").is_not_null() & pl.col("hi").is_not_null() & pl.col("sound")
    return read.select(
        "text",
        *(pl.when(valid).then(name).alias(name) for name in ("lo", "hi", "time")),
        problem=pl.when(~valid.fill_null(value=False)).then(pl.lit(IMPOSSIBLE)),
    )


def _attempt(text: pl.Expr, written: str, style: DateStyle) -> tuple[pl.Expr, pl.Expr, pl.Expr, pl.Expr, pl.Expr]:
    """Whether the text has the shape of this format, its bounds, its time, and whether the time is one."""
    if written in _SERIAL_ORIGIN:
        return _serial(text, written)
    pattern, codes = _pattern(written)
    groups = text.str.extract_groups(pattern)

    def part(code: str) -> pl.Expr:
        return groups.struct.field(code).cast(pl.Int32, strict=False)

    year = part("Y") if "Y" in codes else _full_year(part("y"), style.century)
    month = _month(groups, codes, style) if {"m", "b"} & codes else None
    day = part("d") if "d" in codes else None
    lo = _date(year, pl.lit(1) if month is None else month, pl.lit(1) if day is None else day)
    hi = lo
    if day is None:
        hi = _date(year, pl.lit(12), pl.lit(31)) if month is None else lo.dt.month_end()
    zero = pl.lit(0, dtype=pl.Int32)
    clock = [part(code) if code in codes else zero for code in "HMS"]
    sound = pl.all_horizontal(clock[0] < 24, clock[1] < 60, clock[2] < 60)
    time = pl.when(sound).then(pl.time(*clock)) if "H" in codes else pl.lit(None, dtype=pl.Time)
    return text.str.contains(pattern), lo, hi, time, sound


def _serial(text: pl.Expr, written: str) -> tuple[pl.Expr, pl.Expr, pl.Expr, pl.Expr, pl.Expr]:
    pattern = r"^\d{1,7}(?:[.,]\d+)?$"
    number = text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    days = number.floor()
    date = (_SERIAL_ORIGIN[written].cast(pl.Datetime("us")) + pl.duration(days=days.cast(pl.Int64))).cast(pl.Date)
    seconds = ((number - days) * 86_400).round().clip(0, 86_399)
    time = pl.when(number != days).then((seconds.cast(pl.Int64) * 1_000_000_000).cast(pl.Time))
    # Days 0 and 60 of the 1900 system are no days of the calendar; 2958465 is 9999-12-31.
    real = days < 2_958_466 if written == "serial1904" else (days < 2_958_466) & (days > 0) & (days != 60)
    # Serial days 1 to 59 count from 31 December 1899: before the false leap day the origin is one day later.
    early = (days < 60) if written == "serial1900" else pl.lit(False)
    date = pl.when(early).then(date + pl.duration(days=1)).otherwise(date)
    return text.str.contains(pattern), date, date, time, real


def _pattern(written: str) -> tuple[str, set[str]]:
    """The regular expression of a format, and its parts.

    Where two or more parts of one or two digits touch, as in %Y%m%d%H%M, each has two: otherwise a text with fewer
    parts could be read as one with more.
    """
    pattern = ""
    for run in re.findall(r"(?:%[dmHYyMS])+|%.|[^%]+", written):
        loose = len(re.findall("%[dmH]", run))
        pieces = re.split(r"%(.)", run)
        part = "".join(re.escape(piece) if i % 2 == 0 else _PART[piece] for i, piece in enumerate(pieces))
        pattern += part.replace("{1,2}", "{2}") if loose > 1 else part
    return f"^{pattern}$", set(re.findall(r"%(.)", written))


def _full_year(two_digits: pl.Expr, century: int | None) -> pl.Expr:
    assert century is not None, "a style with %y declares its century"
    return century + (two_digits - century % 100) % 100


def _month(groups: pl.Expr, codes: set[str], style: DateStyle) -> pl.Expr:
    if "m" in codes:
        return groups.struct.field("m").cast(pl.Int32, strict=False)
    months = style.months or ENGLISH_MONTHS
    word = groups.struct.field("b").str.to_lowercase()
    return word.replace_strict(list(months), list(months.values()), default=None, return_dtype=pl.Int32)


def _date(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """A date, or null where there is no such day."""
    iso = pl.format(
        "{}-{}-{}",
        year.cast(pl.String).str.zfill(4),
        month.cast(pl.String).str.zfill(2),
        day.cast(pl.String).str.zfill(2),
    )
    # polars has a year 0, the calendar and Python do not.
    return pl.when(year > 0).then(iso.str.to_date("%Y-%m-%d", strict=False))
