"""The course of counts: parameters by group, how much they depend on their making, and comparisons."""

from collections.abc import Callable

import polars as pl

from immrecon.config.display import DisplaySpec
from immrecon.config.kinetics import Kinetics
from immrecon.config.study import Analyte
from immrecon.exhibits import kinetics_stem
from immrecon.tables.exhibit import BLANK, exhibit
from immrecon.tables.format import (
    NOT_ESTIMABLE,
    clean,
    count,
    days,
    level,
    measured,
    p_value,
    plain,
    ratio,
    rounded,
    sentence,
    span,
    unit,
    with_interval,
    words,
)
from immrecon.tables.frames import Record, conf_level, distinct, dose_strata, group_strata, index, population_of
from immrecon.tables.model import Cell, Head, Marks, Row, Table
from immrecon.tables.results import Results
from immrecon.vocabulary import PRIMARY, KineticMeasure, RowStatus

_MEASURES = (
    KineticMeasure.AREA, KineticMeasure.AVERAGE, KineticMeasure.SLOPE, KineticMeasure.DOUBLING, KineticMeasure.MAXIMUM,
    KineticMeasure.TIME_TO_MAXIMUM,
)  # fmt: skip
_SAMPLES = "All usable samples from day 0 on, also those after relapse, graft failure or a second transplant."


def kinetic_summary(results: Results, spec: DisplaySpec, analyte: Analyte) -> Table:
    """One analyte: each measure by group, of areas by dose level, too."""
    frame = results.kinetic_summary.filter(pl.col("parameter") == analyte.code, pl.col("variant") == PRIMARY)
    rows = index(frame, "measure", "to_day", "group", "dose_level")
    marks, lines = Marks(), []
    for measure in _MEASURES:
        part = frame.filter(pl.col("measure") == measure)
        strata = group_strata(part, spec)
        strata += dose_strata(part, spec) if measure == KineticMeasure.AREA else []
        for day in distinct(part, "to_day"):
            heading = f"{sentence(measure)}{_until(measure, day)} ({unit(part['unit'][0])})"
            for stratum in strata:
                row = rows.get((measure, day, *stratum.key))
                lines.append(Row((Cell(stratum.label), *_summary(row, measure, marks)), section=heading))
    conf = level(conf_level(frame, spec))
    return exhibit(
        spec,
        stem=kinetics_stem(analyte.code),
        title=f"{analyte.label}: course in numbers",
        population=population_of(frame, f"{spec.recovery_population.capitalize()} participants"),
        header=[
            [
                Head("Group or dose level"), Head("With a value"), Head("Without"), Head(f"Median ({conf} CI)"),
                Head("Q1 to Q3"), Head(f"Geometric mean ({conf} CI)"),
            ]
        ],
        rows=lines,
        footnotes=[*_methods(frame), _SAMPLES, _INTERVALS] if lines else [],
        marks=marks,
        empty=f"Nobody of the population has a course of {analyte.code} by the cut-off.",
    )  # fmt: skip


_INTERVALS = (
    "Interval of the median: order statistics, exact; of the geometric mean: Student's t of log10. Who died, left or "
    "was not followed to the last day has no area and no maximum, and is counted as without. Slopes are of the samples "
    "in their window, wherever follow-up ends."
)


def _until(measure: KineticMeasure, day: float) -> str:
    return "" if measure in (KineticMeasure.SLOPE, KineticMeasure.DOUBLING) else f" to day {plain(day)}"


def _methods(frame: pl.DataFrame) -> list[str]:
    parts = []
    for measure in _MEASURES:
        methods = distinct(frame.filter(pl.col("measure") == measure), "method")
        parts += (
            [f"{sentence(measure)}: {'; '.join(methods)}."] if methods and measure != KineticMeasure.AVERAGE else []
        )
    return [f"Method: {' '.join(parts)}"] if parts else []


def _show(measure: str) -> Callable[[float], str]:
    if measure == KineticMeasure.SLOPE:
        return lambda value: rounded(value, 4)
    return days if measure in (KineticMeasure.DOUBLING, KineticMeasure.TIME_TO_MAXIMUM) else measured


def _summary(row: Record | None, measure: str, marks: Marks) -> list[Cell]:
    if row is None:
        return [BLANK] * 5
    show = _show(measure)
    cells = [
        Cell(count(row["n"]), marks=marks.mark(row["remark"])),
        Cell(count(row["n_missing"]), marks=marks.mark(row["missing_reasons"])),
    ]
    if row["status"] != RowStatus.ESTIMATED:
        absent = Cell(NOT_ESTIMABLE, emphasis="muted", marks=marks.mark(row["reason"]))
        return [*cells, absent, absent, absent]
    low, high = row["median_conf_low"], row["median_conf_high"]
    interval = NOT_ESTIMABLE if low is None or high is None else span(show(low), show(high))
    return [
        *cells,
        Cell(with_interval(show(row["median"]), interval), marks=marks.mark(row["reason"])),
        Cell(span(show(row["q1"]), show(row["q3"]))),
        _geometric(row, show, marks),
    ]


def _geometric(row: Record, show: Callable[[float], str], marks: Marks) -> Cell:
    if row["measure"] in (KineticMeasure.SLOPE, KineticMeasure.TIME_TO_MAXIMUM):
        return BLANK
    mean, low, high = (row[f"geometric_mean{part}"] for part in ("", "_conf_low", "_conf_high"))
    if mean is None:
        return Cell(NOT_ESTIMABLE, emphasis="muted", marks=marks.mark(row["geometric_mean_reason"]))
    return Cell(with_interval(show(mean), span(show(low), show(high))))


def kinetic_sensitivity(results: Results, spec: DisplaySpec) -> Table:
    """Areas as made first, and made otherwise: the same participants."""
    chosen = pl.col("measure").is_in([KineticMeasure.AREA, KineticMeasure.SLOPE])
    frame = results.kinetic_summary.filter(chosen)
    rows = index(frame, "parameter", "measure", "to_day", "variant", "group", "dose_level")
    variants = [PRIMARY, *(name for name in distinct(frame, "variant") if name != PRIMARY)]
    marks, lines = Marks(), []
    for analyte in analytes_of(spec):
        part = frame.filter(pl.col("parameter") == analyte.code)
        for measure in (KineticMeasure.AREA, KineticMeasure.SLOPE):
            own = part.filter(pl.col("measure") == measure)
            for day in distinct(own, "to_day"):
                heading = f"{clean(analyte.label)}: {measure}{_until(measure, day)} ({unit(own['unit'][0])})"
                for stratum in group_strata(own, spec):
                    found = [rows.get((analyte.code, measure, day, name, *stratum.key)) for name in variants]
                    cells = [_median(row, measure, marks) for row in found]
                    n = next((count(row["n"]) for row in found if row), "0")
                    lines.append(Row((Cell(stratum.label), Cell(n), *cells), section=heading))
    conf = level(conf_level(frame, spec))
    return exhibit(
        spec,
        stem="kinetic_sensitivity",
        title="Areas and slopes made otherwise",
        population=population_of(frame, f"{spec.recovery_population.capitalize()} participants"),
        header=[
            [Head("Group", rows=2), Head("With a value", rows=2), Head(f"Median ({conf} CI)", columns=len(variants))],
            [Head(sentence(name)) for name in variants],
        ],
        rows=lines,
        footnotes=["Method: primary as in the tables of each analyte. A slope has no version by the rule of areas."],
        marks=marks,
        empty="Nobody of the population has a course of counts by the cut-off.",
    )


def _median(row: Record | None, measure: str, marks: Marks) -> Cell:
    if row is None:
        return BLANK
    return _summary(row, measure, marks)[2]


def analytes_of(spec: DisplaySpec) -> list[Analyte]:
    """Analytes whose course is analysed, in the order of the configuration."""
    codes = [] if spec.kinetics is None else spec.kinetics.analytes
    known = {analyte.code: analyte for analyte in spec.analytes}
    return [known[code] for code in codes]


def kinetic_comparisons(results: Results, spec: DisplaySpec) -> Table:
    """Each group against the reference group, of those measured, and with worst ranks."""
    frame = results.kinetic_comparisons
    assert spec.kinetics is not None
    compared = spec.kinetics.comparison
    labels = {group.code: clean(group.label) for group in spec.groups}
    marks, lines = Marks(), []
    shown = compared is not None and compared.p_values.shown
    order = {analyte.code: place for place, analyte in enumerate(analytes_of(spec))}
    rank = {code: place for place, code in enumerate(["measured", *([] if compared is None else compared.worst_ranks)])}
    ordered = frame.with_columns(
        A=pl.col("parameter").replace_strict(order, default=99, return_dtype=pl.Int64),
        M=pl.col("measure").replace_strict({name: i for i, name in enumerate(KineticMeasure)}, return_dtype=pl.Int64),
        R=pl.col("ranking").replace_strict(rank, default=99, return_dtype=pl.Int64),
    ).sort("A", "M", "to_day", "visit", "level", "R")
    names = {analyte.code: clean(analyte.label) for analyte in spec.analytes}
    for row in ordered.iter_rows(named=True):
        what = (
            f"count at {row['visit']}" if row["visit"] else f"{row['measure']}{_until(row['measure'], row['to_day'])}"
        )
        heading = f"{names[row['parameter']]}: {what} ({unit(row['unit'])})"
        against = f"{labels.get(row['level'], row['level'])}, {words(clean(row['ranking_label']))}"
        lines.append(Row((Cell(against), *_comparison(row, marks, shown=shown)), section=heading))
    conf = level(conf_level(frame, spec))
    reference = "" if compared is None else labels.get(compared.reference, compared.reference)
    return exhibit(
        spec,
        stem="kinetic_comparisons",
        title=f"Courses of counts compared with {reference.lower()}",
        population=population_of(frame, f"{spec.recovery_population.capitalize()} participants"),
        header=[
            [
                Head("Group, and who is ranked", rows=2), Head("Ranked (at the worst ranks)", columns=2),
                Head("Neither", columns=2), Head(f"Shift ({conf} CI)", rows=2),
                Head("Probability to rank above", rows=2),
                *([Head("p", rows=2)] if shown else []),
            ],
            [Head("Group"), Head("Reference"), Head("Group"), Head("Reference")],
        ],
        rows=lines,
        footnotes=_comparison_notes(frame, spec.kinetics) if lines else [],
        marks=marks,
        empty="Nobody is compared, or nobody is in the population by the cut-off.",
    )  # fmt: skip


def _comparison(row: Record, marks: Marks, *, shown: bool) -> list[Cell]:
    show = _show(row["measure"])
    sizes = [
        Cell(f"{row[f'n_{side}']} ({row[f'n_worst_{side}']})" if row["n_worst_level"] + row["n_worst_reference"]
             else count(row[f"n_{side}"]))
        for side in ("level", "reference")
    ]  # fmt: skip
    sizes += [Cell(count(row[f"n_missing_{side}"])) for side in ("level", "reference")]
    if row["status"] == RowStatus.ESTIMATED:
        limits = [NOT_ESTIMABLE if row[name] is None else show(row[name]) for name in ("conf_low", "conf_high")]
        both = row["conf_low"] is None and row["conf_high"] is None
        interval = NOT_ESTIMABLE if both else span(*limits)
        shift = Cell(with_interval(show(row["estimate"]), interval), marks=marks.mark(row["reason"]))
    else:
        shift = Cell(NOT_ESTIMABLE, emphasis="muted", marks=marks.mark(row["reason"]))
    share = BLANK if row["probability"] is None else Cell(ratio(row["probability"]))
    if not shown:
        return [*sizes, shift, share]
    p = BLANK if row["p_value"] is None else Cell(p_value(row["p_value"]), marks=marks.mark(row["p_method"]))
    return [*sizes, shift, share, p]


def _comparison_notes(frame: pl.DataFrame, kinetics: Kinetics) -> list[str]:
    compared = kinetics.comparison
    why = "" if compared is None else compared.p_values.reason
    shown = compared is not None and compared.p_values.shown
    return [
        f"Method: {'; '.join(distinct(frame, 'method'))}; interval {'; '.join(distinct(frame, 'conf_type'))}. "
        "A shift above 0 means more cells (a steeper slope) than in the reference group.",
        "Probability to rank above: of pairs of a participant of the group and one of the reference, ties half; one "
        "half without a difference.",
        "Worst ranks (Lachin 1999): whoever had the named event by the last day (at a visit: by the sample, or without "
        "one by the end of the window) ranks below everyone with a number, the earlier the lower. Follow-up that ended "
        "otherwise is missing (Neither), never worst.",
        f"P-values {'are exploratory' if shown else 'are not shown'}: {why}.",
    ]
