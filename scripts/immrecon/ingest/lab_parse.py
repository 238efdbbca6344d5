"""Result cells with their types: who, when, which analyte, which unit, what number. Nothing is judged here yet."""

from collections.abc import Mapping, Sequence

import polars as pl

from immrecon.config.dialect import Dialect
from immrecon.config.source_format import DateStyle
from immrecon.config.study import Analyte
from immrecon.errors import ConfigError
from immrecon.ingest.dates import parse_dates
from immrecon.ingest.deaths import OF_DEATHS
from immrecon.ingest.identity import identify
from immrecon.ingest.lab_blanks import is_blank
from immrecon.ingest.lab_reference import reference_limits_of
from immrecon.ingest.lab_result_units import results_alone
from immrecon.ingest.lab_runs import AROUND, runs, with_samples
from immrecon.ingest.patterns import check_patterns
from immrecon.ingest.units import Unit, likely_units, parse_unit, shift
from immrecon.ingest.values import UNREADABLE, parse_results, scaled

_CLOCK = r"^([01]?[0-9]|2[0-3])[:hH.]([0-5][0-9])(?:[:.][0-5][0-9])?$"
_RELATIVE_DAY = r"^[+-]?[0-9]{1,5}(?:[.,][0-9]{1,4})?$"


def parse_cells(cells: pl.DataFrame, dialect: Dialect, dm: pl.DataFrame, analytes: Sequence[Analyte]) -> pl.DataFrame:
    """The cells of `lab_shapes.shape` with typed columns added.

    Added: USUBJID, ID_PROBLEM, ID_LIKELY; LBDT, LBDY, CLOCK (time of the draw), DATE_PROBLEM, MIDNIGHT, TIME_PROBLEM;
    RECEIVED, RECEIVED_CLOCK, RECEIVED_PROBLEM; REPORTED (Datetime), REPORTED_PROBLEM; STATUS; EXCLUDED (reason); BLANK
    (`lab_blanks`); DAY, PERSON, SAMPLEID; LBTESTCD, PLACE (number of the analyte), SERIES (number of the participant's
    analyte), LBSTRESU, LBLLOQ, and the analyte's declarations; UNIT_SHIFT (power of ten to the standard unit),
    UNIT_PROBLEM, UNIT_LIKELY; OF and COUNTUNIT of percentages that are turned into counts; LBSTNRLO, LBSTNRHI,
    REFERENCE_PROBLEM (of reference limits); LBCMP, LBSTRESN, WORD, WORD_REASON, VALUE_PROBLEM, ROUNDED; BRTHLO, HSCTDT
    of the participant, and DTHHI, DTHHIDY, DEATH (of `deaths.with_deaths`; null where `dm` is without).
    """
    around, place = runs(cells, AROUND)
    around, readings = parse_around(around, dialect, dm), parse_readings(cells.drop(AROUND), dialect, analytes)
    whole = pl.concat([readings, around[place]], how="horizontal")
    return with_series(whole, len(analytes))


def with_series(cells: pl.DataFrame, n_analytes: int) -> pl.DataFrame:
    return cells.with_columns(SERIES=pl.col("PERSON") * n_analytes + pl.col("PLACE"))


def parse_around(around: pl.DataFrame, dialect: Dialect, dm: pl.DataFrame) -> pl.DataFrame:
    """Whose the results are and when they were drawn."""
    return with_samples(_when(_who(around, dialect, dm), dialect))


def parse_readings(readings: pl.DataFrame, dialect: Dialect, analytes: Sequence[Analyte]) -> pl.DataFrame:
    """What was measured, in which unit, and what came out."""
    frame = reference_limits_of(_how_much(_which(readings, dialect, analytes), dialect), dialect)
    meaning = pl.col("STATUSTEXT").replace_strict(
        list(dialect.statuses), list(dialect.statuses.values()), default=None, return_dtype=pl.String
    )
    return frame.with_columns(STATUS=meaning, EXCLUDED=_exclusion(dialect)).with_columns(BLANK=is_blank())


def check_against_study(dialect: Dialect, analytes: Sequence[Analyte]) -> None:
    """Raise ConfigError where the dialect names an analyte or a unit that the study or this package does not know,
    or a pattern that cannot be matched.
    """
    known = {analyte.code: analyte for analyte in analytes}
    where = f'lab "{dialect.name}"'
    check_patterns((f"{where}: {key}", pattern) for key, pattern in _patterns(dialect))
    for name, meaning in dialect.units.items():
        known_as = parse_unit(name)
        if known_as not in (None, _unit(meaning, f'{where}: units."{name}"', {})):
            raise ConfigError(
                f'{where}: units."{name}": "{name}" is a unit itself, and "{meaning}" is another one. Expected is a '
                "spelling of the same unit, or no entry. Hint: where the laboratory writes the wrong unit, leave out "
                "columns.unit and declare the unit of each analyte."
            )
    for name, rule in dialect.analytes.items():
        if rule.code not in known:
            listed = ", ".join(sorted(known))
            raise ConfigError(f'{where}: "{name}" is mapped to {rule.code}; the study has only {listed}.')
        standard = _unit(known[rule.code].unit, f"analyte {rule.code} of the study", {})
        if rule.of is not None:
            if known[rule.of].unit != known[rule.code].unit:
                raise ConfigError(f'{where}: "{name}": {rule.code} and {rule.of} must have one unit in the study.')
            continue
        if rule.unit is None:
            continue
        declared = _unit(rule.unit, f'{where}: analytes."{name}"', dialect.units)
        if shift(declared, standard) is None:
            unit = known[rule.code].unit
            raise ConfigError(f'{where}: the unit "{rule.unit}" of "{name}" cannot be converted to "{unit}".')
    used = {rule.code for rule in dialect.analytes.values()}
    for code, where_used in _codes_in_rules(dialect):
        if code not in used:
            raise ConfigError(f"{where}: {where_used} names {code}, which none of its analytes is mapped to.")


def _patterns(dialect: Dialect) -> list[tuple[str, str]]:
    visit, blocks = dialect.checks.visit, dialect.layout.blocks
    return [
        ("participant.pattern", dialect.participant.pattern),
        *(("layout.ignore_rows", pattern) for pattern in dialect.layout.ignore_rows),
        *([("layout.blocks.begins", blocks.begins)] if blocks is not None else []),
        *([("visits.heads", dialect.visits.heads)] if dialect.visits is not None else []),
        *([("columns.reference_range", both.pattern)] if (both := dialect.columns.reference_range) is not None else []),
        *(("words.not_done", declared.matches) for declared in dialect.words.not_done),
        *(("exclude_where", rule.matches) for rule in dialect.exclude_where),
        *([("checks.visit.pattern", visit.pattern)] if visit is not None else []),
    ]


def _codes_in_rules(dialect: Dialect) -> list[tuple[str, str]]:
    checks = dialect.checks
    sums = [(code, "checks.sums") for rule in checks.sums for code in (*rule.parts, rule.whole)]
    shares = [(code, "checks.shares") for rule in checks.shares for code in (rule.percent, rule.part, rule.whole)]
    ratios = [
        (code, "checks.ratios") for rule in checks.ratios for code in (rule.ratio, rule.numerator, rule.denominator)
    ]
    totals = [(code, "checks.totals") for rule in checks.totals for code in rule.parts]
    excluded = [(code, "exclude_where") for rule in dialect.exclude_where for code in rule.analytes or ()]
    return sums + shares + ratios + totals + excluded


def _unit(text: str, where: str, aliases: Mapping[str, str]) -> Unit:
    unit = parse_unit(aliases.get(text, text))
    if unit is None:
        likely = likely_units(text, aliases)
        hint = f" Did you mean {likely}?" if likely else ""
        raise ConfigError(f'{where}: the unit "{text}" is not known.{hint}')
    return unit


def _who(cells: pl.DataFrame, dialect: Dialect, dm: pl.DataFrame) -> pl.DataFrame:
    found = identify(cells["IDTEXT"], dialect.participant, set(dm["USUBJID"].to_list()))
    found = found.rename({"problem": "ID_PROBLEM", "likely": "ID_LIKELY"})
    return pl.concat([cells, found], how="horizontal").join(
        _people(dm), on="USUBJID", how="left", maintain_order="left"
    )


def _people(dm: pl.DataFrame) -> pl.DataFrame:
    deaths = [pl.col(n) if n in dm.columns else pl.lit(None, dtype=kind).alias(n) for n, kind in OF_DEATHS.items()]
    return dm.select("USUBJID", "BRTHLO", "HSCTDT", *deaths)


def _when(frame: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    collected = dialect.columns.collected
    if collected.dates is None:
        day = pl.col("DATETEXT").str.replace(",", ".", literal=True)
        fits = pl.col("DATETEXT").str.contains(_RELATIVE_DAY)
        problem = pl.when(~fits & (pl.col("DATETEXT") != "")).then(pl.lit("unreadable"))
        frame = frame.with_columns(
            pl.lit(None, dtype=pl.Date).alias("LBDT"),
            pl.lit(None, dtype=pl.Time).alias("WRITTEN"),
            pl.when(fits).then(day.cast(pl.Float64, strict=False)).alias("LBDY"),
            problem.alias("DATE_PROBLEM"),
        )
    else:
        dates = parse_dates(frame["DATETEXT"], collected.dates)
        partial = pl.when(pl.col("lo") != pl.col("hi")).then(pl.lit("partial"))
        dates = dates.select(
            pl.when(pl.col("lo") == pl.col("hi")).then("lo").alias("LBDT"),
            pl.col("time").alias("WRITTEN"),
            pl.lit(None, dtype=pl.Float64).alias("LBDY"),
            pl.coalesce("problem", partial).alias("DATE_PROBLEM"),
        )
        frame = pl.concat([frame, dates], how="horizontal")
    frame = _clock(frame)
    for name, column in (("RECEIVED", dialect.columns.received), ("REPORTED", dialect.columns.reported)):
        frame = _further_date(frame, name, column.dates if column else None)
    return frame


def _clock(frame: pl.DataFrame) -> pl.DataFrame:
    """Time of the draw. Midnight is what software writes where no time was entered: it counts as no time."""
    groups = [pl.col("TIMETEXT").str.extract(_CLOCK, i).cast(pl.Int32, strict=False) for i in (1, 2)]
    apart = pl.when(groups[0].is_not_null()).then(pl.time(groups[0].fill_null(0), groups[1].fill_null(0)))
    unread = groups[0].is_null() & (pl.col("TIMETEXT") != "")
    time = pl.coalesce(apart, "WRITTEN")
    midnight = (time == pl.time(0, 0)).fill_null(value=False)
    return frame.with_columns(
        pl.when(~midnight).then(time).alias("CLOCK"),
        midnight.alias("MIDNIGHT"),
        pl.when(unread).then(pl.lit("unreadable")).alias("TIME_PROBLEM"),
    ).drop("WRITTEN")


def _further_date(frame: pl.DataFrame, name: str, style: DateStyle | None) -> pl.DataFrame:
    if style is None:
        return frame.with_columns(
            pl.lit(None, dtype=pl.Date).alias(name),
            pl.lit(None, dtype=pl.Time).alias(f"{name}_CLOCK"),
            pl.lit(None, dtype=pl.String).alias(f"{name}_PROBLEM"),
        )
    dates = parse_dates(frame[f"{name}TEXT"], style)
    exact = dates.select(
        pl.when(pl.col("lo") == pl.col("hi")).then("lo").alias(name),
        pl.col("time").alias(f"{name}_CLOCK"),
        pl.coalesce("problem", pl.when(pl.col("lo") != pl.col("hi")).then(pl.lit("partial"))).alias(f"{name}_PROBLEM"),
    )
    return pl.concat([frame, exact], how="horizontal")


def _which(frame: pl.DataFrame, dialect: Dialect, analytes: Sequence[Analyte]) -> pl.DataFrame:
    """The declarations of each cell's analyte, and its unit."""
    standard = {analyte.code: analyte.unit for analyte in analytes}
    places = {code: place for place, code in enumerate(standard)}
    rules = pl.DataFrame(
        {
            "NAME": list(dialect.analytes),
            "LBTESTCD": [rule.code for rule in dialect.analytes.values()],
            "RULE": list(range(len(dialect.analytes))),
            "PLACE": [places[rule.code] for rule in dialect.analytes.values()],
            "LBSTRESU": [standard[rule.code] if rule.of is None else "%" for rule in dialect.analytes.values()],
            "COUNTUNIT": [standard[rule.code] for rule in dialect.analytes.values()],
            "OF": [rule.of for rule in dialect.analytes.values()],
            "DECLARED_UNIT": [rule.unit for rule in dialect.analytes.values()],
            "LBLLOQ": [rule.lloq for rule in dialect.analytes.values()],
            "DECLARED_LOINC": [rule.loinc for rule in dialect.analytes.values()],
            "HIGHEST": [rule.highest for rule in dialect.analytes.values()],
        },
        schema_overrides={
            "DECLARED_UNIT": pl.String,
            "OF": pl.String,
            "LBLLOQ": pl.Float64,
            "DECLARED_LOINC": pl.String,
            "HIGHEST": pl.Float64,
        },
    )
    frame = frame.join(rules, on="NAME", how="left", maintain_order="left")
    keys = ["UNITTEXT", "RULE"]
    has_column = dialect.columns.unit is not None
    distinct = (
        frame.select(keys)
        .unique(maintain_order=True)
        .join(rules.select("RULE", "DECLARED_UNIT", "LBSTRESU"), on="RULE", how="left", maintain_order="left")
    )
    rows = [
        (written, place, *_resolve(written, declared, unit, has_column=has_column, aliases=dialect.units))
        for written, place, declared, unit in distinct.iter_rows()
    ]
    schema = {"UNITTEXT": pl.String, "RULE": pl.Int64, "UNIT_SHIFT": pl.Int64, "UNIT_PROBLEM": pl.String}
    units = pl.DataFrame(rows, schema={**schema, "UNIT_LIKELY": pl.String}, orient="row")
    return frame.join(units, on=keys, how="left", maintain_order="left", nulls_equal=True).drop("RULE")


def _resolve(
    written: str | None,
    declared: str | None,
    standard: str | None,
    *,
    has_column: bool,
    aliases: Mapping[str, str],
) -> tuple[int | None, str | None, str | None]:
    """Power of ten from a cell's unit to the standard one; or the problem, and the likely spelling."""
    if standard is None:  # not an analyte of the study
        return None, None, None
    target = parse_unit(standard)
    assert target is not None, "check_against_study has read the standard units"
    if not has_column:
        assert declared is not None, "a dialect without a unit column declares every unit"
        source = parse_unit(aliases.get(declared, declared))
        assert source is not None, "check_against_study has read the declared units"
        return shift(source, target), None, None
    if not written:
        return None, "missing", None
    source = parse_unit(aliases.get(written, written))
    if source is None:
        return None, "unknown", likely_units(written, aliases)
    expected = parse_unit(aliases.get(declared, declared)) if declared is not None else None
    if shift(source, target) is None or (expected is not None and expected != source):
        return None, "disagrees", None
    return shift(source, target), None, None


def _how_much(frame: pl.DataFrame, dialect: Dialect) -> pl.DataFrame:
    results = parse_results(frame["RESULT"], dialect.numbers, dialect.words)
    unreadable = results["problem"].eq_missing(UNREADABLE)
    if unreadable.any():  # what is no declared word may be a number with its unit
        alone = results_alone(frame, dialect).zip_with(unreadable, frame["RESULT"])
        results = parse_results(alone, dialect.numbers, dialect.words)
    names = {"comparator": "LBCMP", "word": "WORD", "reason": "WORD_REASON", "problem": "VALUE_PROBLEM"}
    frame = pl.concat([frame, results.rename({**names, "rounded": "ROUNDED"})], how="horizontal")
    number = scaled(pl.col("mantissa"), pl.col("exponent") + pl.col("UNIT_SHIFT"))
    return frame.with_columns(LBSTRESN=number).drop("mantissa", "exponent")


def _exclusion(dialect: Dialect) -> pl.Expr:
    """The reason of the first declared exclusion that a cell falls under."""
    reason: pl.Expr = pl.lit(None, dtype=pl.String)
    for index, rule in reversed(list(enumerate(dialect.exclude_where))):
        applies = pl.col(f"EXCLUDE_{index}")
        if rule.analytes is not None:
            applies &= pl.col("LBTESTCD").is_in(rule.analytes)
        reason = pl.when(applies.fill_null(value=False)).then(pl.lit(rule.reason)).otherwise(reason)
    return reason
