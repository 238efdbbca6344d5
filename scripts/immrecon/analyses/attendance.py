"""Who was expected at a visit, who has a sample of an analyte there, and why not: one line per participant."""

import polars as pl

from immrecon.analyses.strata import Stratum, group_as_drawn, strata
from immrecon.comparators import ABOVE_LIMIT, BELOW
from immrecon.config.specs import RecoverySpec
from immrecon.config.study import Visit
from immrecon.contracts.results import MISSED_SAMPLES, VISIT_VALUES
from immrecon.vocabulary import Attendance, Fate, MissedKind

EXPECTED = (Attendance.SAMPLED, Attendance.MISSED)
OUTSIDE = "sampled outside the window only"
NOTHING = "no usable result received"
_KINDS = {kind: order for order, kind in enumerate(MissedKind)}
_COLUMNS: dict[str, type[pl.DataType]] = dict.fromkeys(
    ("USUBJID", "DISPID", "GROUP", "DOSELVL", "PARAMCD", "AVISIT", "STATE", "KIND", "REASON", "ACMP"), pl.String
) | dict.fromkeys(("AVISITN", "AVAL"), pl.Float64)
_KEY = ("USUBJID", "PARAMCD", "AVISIT")


def attend(population: pl.DataFrame, samples: pl.DataFrame, lb: pl.DataFrame, spec: RecoverySpec) -> pl.DataFrame:
    """One row per participant of the population, summarised analyte and visit: STATE, and of a missed sample KIND and
    REASON; of a sampled visit the result.

    `samples` are their ADLB rows, `lb` the harmonised results whatever became of them. Expected is whoever has a
    sample, or was alive and in the study throughout a window that is over by the cut-off.
    """
    codes = [analyte.code for analyte in spec.analytes if analyte.summarised]
    if not spec.visits.windows:
        return pl.DataFrame(schema=_COLUMNS)
    everyone = pl.concat([_at_visit(population, codes, visit, spec) for visit in spec.visits.windows])
    taken = samples.filter(pl.col("ANL01FL") == "Y").select(*_KEY, "ADY", "AVAL", "ACMP", "AVALU")
    reasons = _reasons(population, samples, lb, spec)
    state = pl.when(pl.col("AVAL").is_not_null()).then(pl.lit(str(Attendance.SAMPLED))).otherwise(pl.col("ABSENT"))
    missed = pl.col("STATE") == Attendance.MISSED
    return (
        everyone.join(taken, on=_KEY, how="left")
        .join(reasons, on=_KEY, how="left")
        .with_columns(STATE=state)
        .with_columns(
            KIND=pl.when(missed).then(pl.col("KIND").fill_null(MissedKind.NOTHING)),
            REASON=pl.when(missed).then(pl.col("REASON").fill_null(NOTHING)),
        )
        .sort("USUBJID", "PARAMCD", "AVISITN", "AVISIT")
    )


def _at_visit(population: pl.DataFrame, analytes: list[str], visit: Visit, spec: RecoverySpec) -> pl.DataFrame:
    """ABSENT is what a participant without a sample is: nobody is missed who was not there to be sampled."""
    withdrawn = (pl.col("WDDT") - pl.col("HSCTDT")).dt.total_days()
    undated = (pl.col("DTHUNFL") == "Y") | (pl.col("WDUNFL") == "Y") | pl.col("HSCTDY").is_null()
    elapsed = (pl.lit(spec.cutoff_date, dtype=pl.Date) - pl.col("HSCTDT")).dt.total_days()
    absent = (
        pl.when(pl.col("DTHHIDY") <= visit.last_day)
        .then(pl.lit(str(Attendance.DEAD)))
        .when(withdrawn <= visit.last_day)
        .then(pl.lit(str(Attendance.LEFT)))
        .when(undated)
        .then(pl.lit(str(Attendance.UNKNOWN)))
        .when(elapsed < visit.last_day)
        .then(pl.lit(str(Attendance.NOT_DUE)))
        .otherwise(pl.lit(str(Attendance.MISSED)))
    )
    return population.select(
        "USUBJID", "DISPID", "GROUP", "DOSELVL", ABSENT=absent, AVISIT=pl.lit(visit.code),
        AVISITN=pl.lit(visit.target_day, dtype=pl.Float64),
    ).join(pl.DataFrame({"PARAMCD": analytes}, schema={"PARAMCD": pl.String}), how="cross")  # fmt: skip


def _reasons(population: pl.DataFrame, samples: pl.DataFrame, lb: pl.DataFrame, spec: RecoverySpec) -> pl.DataFrame:
    """The reason that says most, per participant, analyte and visit: what the laboratory did with a sample in the
    window, before a sample outside of it. Of several the one nearest to the target day, then the lower record number.
    """
    day = pl.coalesce((pl.col("LBDT") - pl.col("HSCTDT")).dt.total_days().cast(pl.Float64), pl.col("LBDY"))
    unused = (
        lb.filter(pl.col("LBFATE").is_in([Fate.NOT_DONE, Fate.EXCLUDED]))
        .join(population.select("USUBJID", "HSCTDT"), on="USUBJID", how="inner")
        .select(
            "USUBJID", "LBSEQ", PARAMCD="LBTESTCD", DAY=day,
            KIND=pl.when(pl.col("LBFATE") == Fate.NOT_DONE)
            .then(pl.lit(str(MissedKind.NOT_DONE)))
            .otherwise(pl.lit(str(MissedKind.EXCLUDED))),
            REASON=pl.col("LBREASND").fill_null("no reason given"),
        )
    )  # fmt: skip
    stray = samples.filter(pl.col("ANL02FL") == "Y", pl.col("AVISIT").is_null()).select(
        "USUBJID", "LBSEQ", "PARAMCD", DAY="ADY", KIND=pl.lit(str(MissedKind.OUTSIDE)), REASON=pl.lit(OUTSIDE)
    )
    found = []
    windows = sorted(spec.visits.windows, key=lambda visit: visit.first_day)
    for index, visit in enumerate(windows):
        width = visit.last_day - visit.first_day
        before = windows[index - 1].last_day if index else visit.first_day - width
        after = windows[index + 1].first_day if index + 1 < len(windows) else visit.last_day + width
        inside = pl.col("DAY").is_between(visit.first_day, visit.last_day)
        around = (pl.col("DAY") > before) & (pl.col("DAY") < after)
        distance = (pl.col("DAY") - visit.target_day).abs()
        near = pl.concat([unused.filter(inside), stray.filter(around)]).with_columns(
            AVISIT=pl.lit(visit.code), DISTANCE=distance
        )
        found.append(near)
    return (
        pl.concat(found)
        .with_columns(ORDER=pl.col("KIND").replace_strict(_KINDS, return_dtype=pl.Int64))
        .sort(*_KEY, "ORDER", "DISTANCE", "LBSEQ")
        .unique(_KEY, keep="first", maintain_order=True)
        .select(*_KEY, "KIND", "REASON")
    )


def visit_values(attendance: pl.DataFrame) -> pl.DataFrame:
    """Every participant's result at every visit, by display id, or what stands in its place."""
    return attendance.select(
        display_id="DISPID",
        parameter="PARAMCD",
        visit="AVISIT",
        target_day="AVISITN",
        group=group_as_drawn(),
        dose_level=pl.col("DOSELVL").fill_null(""),
        state="STATE",
        reason="REASON",
        value="AVAL",
        below_limit=BELOW.fill_null(False),
        above_limit=ABOVE_LIMIT.fill_null(False),
    ).select(VISIT_VALUES.schema.column_names())


def missed_samples(attendance: pl.DataFrame, spec: RecoverySpec) -> pl.DataFrame:
    """Expected and not sampled, by reason; the reasons of a visit and stratum add up to those expected less sampled."""
    missed = attendance.filter(pl.col("STATE") == Attendance.MISSED)
    key = ["PARAMCD", "AVISIT", "AVISITN", "KIND", "REASON"]
    parts = [_counted(missed, key, stratum) for stratum in strata(spec.groups, spec.dose_levels)]
    return pl.concat(parts).select(MISSED_SAMPLES.schema.column_names()).sort(MISSED_SAMPLES.schema.primary_key())


def _counted(missed: pl.DataFrame, key: list[str], stratum: Stratum) -> pl.DataFrame:
    return (
        missed.filter(stratum.rows())
        .group_by(key)
        .agg(n=pl.len().cast(pl.Int64))
        .rename(
            {"PARAMCD": "parameter", "AVISIT": "visit", "AVISITN": "target_day", "KIND": "kind", "REASON": "reason"}
        )
        .with_columns(group=pl.lit(stratum.group), dose_level=pl.lit(stratum.dose_level))
    )
