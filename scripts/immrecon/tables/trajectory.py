"""Counts over time by mixed models: readings on the declared days, and what the models are."""

from collections.abc import Sequence

import polars as pl

from immrecon.config.display import DisplaySpec
from immrecon.config.trajectory_specs import TRAJECTORY, TrajectoryDisplay
from immrecon.tables.exhibit import BLANK, estimate_cell, exhibit, method_words
from immrecon.tables.format import (
    NOT_ESTIMABLE,
    clean,
    count,
    count_percent,
    level,
    measured,
    p_value,
    plain,
    ratio,
    rounded,
    sentence,
    unit,
    words,
)
from immrecon.tables.frames import (
    Record,
    conf_level,
    distinct,
    dose_strata,
    group_strata,
    index,
    population_of,
)
from immrecon.tables.model import Cell, Head, Marks, Row, Table
from immrecon.tables.results import Results
from immrecon.vocabulary import AnalysisRole, RowStatus, TrajectoryMeasure

_KEY = ("parameter", "measure", "group", "dose_level", "time_day", "approach", "df_method")
_TERMS = {"group": "Group", "none": "None (one curve)", "dose_level": "Dose level"}
_DF = {"between-within": "between-within", "kenward-roger": "Kenward-Roger", "satterthwaite": "Satterthwaite"}
_WHAT = (
    "In the model: participants with a sample that counts. Followed: of them, in follow-up on the day, alive and free "
    "of what ends sampling; sampled: with a sample that counts on the day or later."
)
_WIDENED = (
    "Between-within: standard errors of maximum likelihood, which are too small, times the root of participants, or of "
    "values, over their degrees of freedom."
)


def trajectory_estimates(results: Results, spec: DisplaySpec) -> Table:
    """Per analyte: geometric means of groups, all and dose levels on each declared day, then ratios of groups."""
    frame = results.trajectory_estimates
    ways = _ways(frame)
    rows = index(frame, *_KEY)
    conf = level(conf_level(frame, spec))
    with_p = spec.trajectory is not None and spec.trajectory.p_values_shown
    labels = {group.code: clean(group.label) for group in spec.groups}
    marks, lines = Marks(), []
    widened = [_WIDENED] if any(df == "between-within" for _, df, _ in ways) else []
    for code in distinct(frame, "parameter", "parameter_order"):
        part = frame.filter(pl.col("parameter") == code)
        of_means = part.filter(pl.col("measure") == TrajectoryMeasure.GEOMETRIC_MEAN)
        ratios = part.filter(pl.col("measure") == TrajectoryMeasure.RATIO)
        heading = f"{_analyte(code, spec)}, geometric mean ({unit(of_means['unit'].item(0))})"
        strata = [*group_strata(of_means, spec), *dose_strata(of_means, spec)]
        for stratum in strata:
            key = (code, TrajectoryMeasure.GEOMETRIC_MEAN, *stratum.key)
            lines += _lines(rows, key, part, ways, marks, stratum.label, heading, strong=stratum.pooled, with_p=with_p)
        reference = ratios["reference"].first() if ratios.height else None
        for stratum in group_strata(ratios, spec)[:-1] if ratios.height else []:
            if stratum.group == reference:
                continue
            key = (code, TrajectoryMeasure.RATIO, *stratum.key)
            label = f"{stratum.label} over {labels.get(str(reference), clean(str(reference)))}"
            heading = f"{_analyte(code, spec)}, ratio of geometric means"
            lines += _lines(rows, key, part, ways, marks, label, heading, with_p=with_p)
    return exhibit(
        spec,
        stem="trajectory_estimates",
        title="Counts on declared days by mixed models",
        population=population_of(frame, "Participants"),
        header=_header(ways, conf, with_p=with_p),
        rows=lines,
        footnotes=[*_methods(frame), *widened, _WHAT, *conditions(spec.trajectory)] if lines else [],
        marks=marks,
        empty="No model of counts over time is configured, or the study is without the analytes of it.",
        endpoints=[TRAJECTORY],
        n_labels=2,
    )


def _ways(frame: pl.DataFrame) -> list[tuple[str, str, str]]:
    """Approach, degrees of freedom and role of every column of estimates, the primary one first."""
    found = frame.select("approach_order", "approach", "df_method", "role").unique().sort("approach_order", "df_method")
    return [(approach, df, role) for _, approach, df, role in found.iter_rows()]


def _header(ways: Sequence[tuple[str, str, str]], conf: str, *, with_p: bool) -> list[list[Head]]:
    first = [Head("Group or dose level", rows=2), Head("Day", rows=2), Head("Participants", columns=3)]
    second = [Head("In the model"), Head("Followed"), Head("Sampled")]
    approaches = list(dict.fromkeys(approach for approach, _, _ in ways))
    for approach in approaches:
        own = [(df, role) for name, df, role in ways if name == approach]
        primary = own[0][1] == AnalysisRole.PRIMARY
        first.append(Head(f"{'Primary' if primary else 'Sensitivity'}: {approach}", columns=len(own)))
        second += [Head(f"{_DF[df]} ({conf} CI)") for df, _ in own]
        if primary and with_p:
            first.append(Head("p (primary)", rows=2))
    return [first, second]


def _lines(
    rows: dict[tuple[object, ...], Record],
    key: tuple[object, ...],
    part: pl.DataFrame,
    ways: Sequence[tuple[str, str, str]],
    marks: Marks,
    label: str,
    heading: str,
    *,
    strong: bool = False,
    with_p: bool,
) -> list[Row]:
    """A line per day; the label is shown in the first."""
    show = ratio if key[1] == TrajectoryMeasure.RATIO else measured
    lines = []
    for position, day in enumerate(distinct(part, "time_day")):
        found = [rows.get((*key, day, approach, df)) for approach, df, _ in ways]
        known = next((row for row in found if row is not None), None)
        counts = [BLANK] * 3 if known is None else [Cell(count(known[n])) for n in ("n_participants", "n", "n_sampled")]
        cells: list[Cell] = []
        for (_, _, role), row in zip(ways, found, strict=True):
            cells.append(estimate_cell(row, marks, show, f"trajectory of {key[0]}"))
            if role == AnalysisRole.PRIMARY and with_p:
                p = None if row is None else row["p_value"]
                cells.append(BLANK if p is None else Cell(p_value(p)))
        name = Cell(label, emphasis="strong" if strong else "none", repeated=position > 0)
        lines.append(Row((name, Cell(plain(day)), *counts, *cells), section=heading))
    return lines


def _methods(frame: pl.DataFrame) -> list[str]:
    """Estimator and interval of the primary analysis, and of those beside it."""
    estimated = frame.filter(pl.col("status") == RowStatus.ESTIMATED)
    parts = [(role, estimated.filter(pl.col("role") == role)) for role in AnalysisRole]
    said = [f"{role}: {method_words(part)}" for role, part in parts if part.height]
    return [f"Method: {'. '.join(map(sentence, said)) or 'mixed models, none of which could be estimated'}."]


def conditions(shown: TrajectoryDisplay | None) -> list[str]:
    """What the estimates are conditional on, and what they are not."""
    if shown is None:
        return []
    knots = ", ".join(plain(day) for day in shown.knots_day)
    first, last = (plain(day) for day in shown.boundary_day)
    p = "p-values are given" if shown.p_values_shown else "no p-value is given"
    return [
        "Geometric mean, missing at random, if alive and relapse-free: later samples of whoever has no more are taken "
        f"to follow from the earlier ones; samples {shown.sampled_until} are not in the model.",
        f"Groups are not randomised: adults and children differ in more than age. {p[0].upper()}{p[1:]}: "
        f"{shown.p_values_reason}.",
        f"Time: natural cubic spline of sqrt(day) per group or dose level, inner knots {knots or 'none'}, boundary "
        f"{first} and {last}; samples of days {plain(shown.first_day)} to {plain(shown.last_day)}.",
        f"Source: {shown.source} ({shown.status}).",
    ]


def trajectory_models(results: Results, spec: DisplaySpec) -> Table:
    """Per analyte and curves: who is in the model, its variance components, the test of the slope, how it fits."""
    # By Satterthwaite it is the same model as by Kenward and Roger.
    frame = results.trajectory_models.filter(pl.col("df_method") != "satterthwaite")
    marks, lines = Marks(), []
    order = list(_TERMS)
    for code in distinct(frame, "parameter", "parameter_order"):
        part = frame.filter(pl.col("parameter") == code).sort("approach_order").to_dicts()
        for row in sorted(part, key=lambda row: order.index(row["terms"])):
            name = Cell(_TERMS[row["terms"]], repeated=row["approach_order"] > 0)
            lines.append(Row((name, Cell(row["approach"]), *_model(row, marks)), section=_analyte(code, spec)))
    rules = distinct(frame, "slope_rule")
    return exhibit(
        spec,
        stem="trajectory_models",
        title="Mixed models of counts",
        population=population_of(frame, "Participants"),
        header=[
            [
                Head("Curves by", rows=2),
                Head("Values", rows=2),
                Head("In the model", columns=3),
                Head("Standard deviation (log10)", columns=4),
                Head("Random slope", columns=2),
                Head("Fit", columns=2),
                Head("Skewness (beyond 3)", columns=2),
            ],
            [
                Head("Participants"),
                Head("Samples"),
                Head("Below limit"),
                Head("Intercept"),
                Head("Slope"),
                Head("Correlation"),
                Head("Residual"),
                Head("p"),
                Head("Kept"),
                Head("Nodes"),
                Head("State"),
                Head("Residuals"),
                Head("Intercepts"),
            ],
        ],
        rows=lines,
        footnotes=[
            *_methods(frame),
            *(f"Random effects: {words(clean(rule))}." for rule in rules),
            *_left_out(frame),
            _FIT,
        ]
        if lines
        else [],
        marks=marks,
        empty="No model of counts over time is configured, or the study is without the analytes of it.",
        endpoints=[TRAJECTORY],
        n_labels=2,
        text_columns=(10, 12),
    )


_FIT = (
    "Standard deviations: of participants around the curve on day 0 (intercept) and per square root of a day (slope), "
    "and of samples around the curve of the participant. Nodes: of the quadrature, per random effect; none is needed "
    "without values beyond a limit. Skewness: of standardised residuals of measured values, and of predicted random "
    "intercepts over their standard deviation; in brackets how many are further than 3 from 0."
)


def _model(row: Record, marks: Marks) -> tuple[Cell, ...]:
    counts = (
        Cell(count(row["n_participants"]), marks=marks.mark(_said(row))),
        Cell(count(row["n_samples"])),
        Cell(count_percent(row["n_below_limit"], row["n_samples"])),
    )
    noted = marks.mark(row["reason"])
    if row["status"] != RowStatus.ESTIMATED:
        return (*counts, Cell(NOT_ESTIMABLE, emphasis="muted", marks=noted), *[BLANK] * 9)
    state = "not converged" if not row["converged"] else "singular" if row["singular"] else "converged"
    primary = row["role"] == AnalysisRole.PRIMARY
    not_kept = row["slope_reason"] if primary and not row["slope_kept"] else None
    return (
        *counts,
        _number(row["intercept_sd"], 3),
        _number(row["slope_sd"], 4),
        _number(row["correlation"], 2),
        _number(row["residual_sd"], 3),
        BLANK if not primary or row["slope_p_value"] is None else Cell(p_value(row["slope_p_value"])),
        Cell("yes" if row["slope_kept"] else "no", marks=marks.mark(not_kept)),
        BLANK if row["nodes"] is None else Cell(count(row["nodes"])),
        Cell(state, emphasis="none" if state == "converged" else "alert", marks=noted),
        _skewness(row["residual_skewness"], row["n_residuals_beyond_3"]),
        _skewness(row["effect_skewness"], row["n_effects_beyond_3"]),
    )


def _number(value: float | None, decimals: int) -> Cell:
    return BLANK if value is None else Cell(rounded(value, decimals))


def _skewness(value: float | None, beyond: int | None) -> Cell:
    return BLANK if value is None or beyond is None else Cell(f"{rounded(value, 2)} ({count(beyond)})")


def _said(row: Record) -> str | None:
    """What a reader must know of who is in the model."""
    said = []
    if row["n_above_limit"]:
        treated = "count as such" if row["role"] == AnalysisRole.PRIMARY else "stand at it as if measured"
        said.append(f"{row['n_above_limit']} above the upper limit of a method {treated}")
    if row["n_not_positive"]:
        said.append(f"{row['n_not_positive']} of 0 without a known limit are left out")
    return "; ".join(said) or None


def _left_out(frame: pl.DataFrame) -> list[str]:
    """Who of the population has no sample that counts, and which levels have no curve."""
    notes = []
    whole = frame.filter(pl.col("terms") == "none", pl.col("role") == AnalysisRole.PRIMARY)
    for row in whole.sort("parameter_order").iter_rows(named=True):
        notes.append(
            f"{row['parameter']}: {row['n_participants']} of {row['n_population']} {row['population']} participants "
            f"have a sample that counts; {row['n_excluded']} usable samples are left out because of what ended "
            "sampling before."
        )
    without = frame.filter(pl.col("left_out").is_not_null(), pl.col("role") == AnalysisRole.PRIMARY)
    notes += [f"{row['parameter']}, without a curve: {row['left_out']}." for row in without.iter_rows(named=True)]
    return notes


def _analyte(code: str, spec: DisplaySpec) -> str:
    return clean(next((analyte.label for analyte in spec.analytes if analyte.code == code), code))
