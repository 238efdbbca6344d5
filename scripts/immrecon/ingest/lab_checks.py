"""Results that are readable but do not fit together. They are flagged and used; only a slip of the unit is withheld."""

from datetime import date
from functools import partial

import polars as pl

from immrecon.config.consistency import Checks, JumpRule, SlipRule
from immrecon.config.dialect import Dialect
from immrecon.ingest.findings import Finding, first_error, listing, remarks, shown
from immrecon.ingest.lab_errors import day_since_transplant, place_of
from immrecon.ingest.lab_neighbours import by_period, near_or_none, neighbours, numbers_of, runs
from immrecon.ingest.lab_results import USED, Results
from immrecon.ingest.lab_same_sample import in_full, same_sample_remarks
from immrecon.ingest.lab_siblings import partly_excluded
from immrecon.vocabulary import Fate, Severity


def slips(numbers: pl.DataFrame, rule: SlipRule | None, cutoff: date | None) -> pl.DataFrame:
    """Of used results, numbers about a thousand times both the result before and the one after, or a thousandth of
    both: ORDER, PREVIOUS, NEXT. Likewise short runs of such numbers, of which all are compared with the result before
    the run and the one after it.

    A result on or before the cut-off is compared with such results only: what is drawn later must not change what an
    analysis at this cut-off uses. A later one, which no analysis uses yet, is compared with all.
    At the first or last result there is one neighbour only, and conditioning alone can divide a count by a thousand:
    those are flagged among the `warnings`.
    """
    columns = ["ORDER", "PREVIOUS", "NEXT"]
    if rule is None:
        return numbers.clear().select("ORDER", PREVIOUS="LBSTRESN", NEXT="LBSTRESN")
    found = by_period(numbers, partial(_between, rule=rule), rule.ratio_low, cutoff)
    return found.drop_nulls(columns).unique("ORDER", keep="first", maintain_order=True).select(columns)


def _between(numbers: pl.DataFrame, rule: SlipRule) -> pl.DataFrame:
    """Numbers and runs of numbers a thousandfold apart from what is before and after, as far as there is any."""
    if numbers.is_empty():
        return numbers.with_columns(PREVIOUS="LBSTRESN", NEXT="LBSTRESN")
    beside = neighbours(numbers, rule.ratio_low)
    before, after = pl.col("BEFORE"), pl.col("AFTER")
    apart = [
        pl.all_horizontal(near_or_none(ratio, rule) for ratio in ratios)
        for ratios in ((before, after), (1 / before, 1 / after))
    ]
    single = beside.filter(pl.any_horizontal(apart))
    columns = [*numbers.columns, "PREVIOUS", "NEXT"]
    return pl.concat([single.select(columns), runs(numbers, rule).select(columns)])


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


def warnings(results: Results, dialect: Dialect, cutoff: date | None) -> pl.DataFrame:
    """The listing of everything that does not fit together among the used results of one participant and laboratory."""
    checks = dialect.checks
    found = same_sample_remarks(results, checks)
    if checks.jump is not None:
        found.append(_jump_remarks(results, checks.jump))
    if checks.slip is not None:
        found.append(_slip_remarks(results, checks.slip, cutoff))
    found += [remarks(results.notable, finding, Severity.WARNING) for finding in sample_findings(dialect)]
    found.append(partly_excluded(results, dialect))
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
    numbers = neighbours(numbers_of(results.numbers, rule.factor), rule.factor)
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
    """The first or the last results, with a neighbour on one side only."""
    numbers = by_period(results.numbers, partial(_between, rule=rule), rule.ratio_low, cutoff)
    one_sided = pl.col("PREVIOUS").is_null() | pl.col("NEXT").is_null()
    found = numbers.filter(one_sided).unique("ORDER", keep="first", maintain_order=True)
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
