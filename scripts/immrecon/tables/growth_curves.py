"""Curves of growth towards a plateau."""

import polars as pl

from immrecon.config.display import DisplaySpec
from immrecon.tables.exhibit import BLANK, exhibit
from immrecon.tables.format import NOT_ESTIMABLE, clean, count, level, plain, rounded, span, with_interval
from immrecon.tables.frames import Record, conf_level, distinct, group_strata, index
from immrecon.tables.kinetics import analytes_of
from immrecon.tables.model import Cell, Head, Marks, Row, Table
from immrecon.tables.results import Results
from immrecon.vocabulary import RowStatus


def growth_curves(results: Results, spec: DisplaySpec) -> Table:
    """Coefficients of each curve, by analyte and group."""
    frame = results.growth_curves
    names = {analyte.code: clean(analyte.label) for analyte in spec.analytes}
    rows = index(frame, "parameter", "model", "coefficient", "group", "dose_level")
    marks, lines = Marks(), []
    for code in [analyte.code for analyte in analytes_of(spec)]:
        own = frame.filter(pl.col("parameter") == code)
        for model in distinct(own, "model"):
            part = own.filter(pl.col("model") == model)
            for stratum in group_strata(part, spec):
                for position, name in enumerate(distinct(part, "coefficient", "coefficient_order")):
                    row = rows.get((code, model, name, *stratum.key))
                    label = Cell(stratum.label, repeated=position > 0)
                    heading = f"{names[code]}: {model.replace('-', ' ')}"
                    lines.append(Row((label, Cell(name.replace("_", " ")), *_growth(row, marks)), section=heading))
    conf = level(conf_level(frame, spec))
    last = " or ".join(plain(day) for day in distinct(frame, "to_day"))
    return exhibit(
        spec,
        stem="growth_curves",
        title="Curves of growth towards a plateau (exploratory)",
        population=f"{spec.recovery_population.capitalize()} participants",
        header=[
            [
                Head("Group"), Head("Coefficient"), Head("Samples"), Head("Participants"),
                Head(f"Estimate ({conf} CI)"),
                Head("AICc"),
            ]
        ],
        rows=lines,
        footnotes=[
            f"Method: {'; '.join(distinct(frame, 'method'))}; samples to day {last}. Limits by profile. Samples of one "
            "participant are taken as independent, so intervals are too short: exploratory. Of curves of one group the "
            "one with the lower AICc fits better.",
            "logistic: asymptote / (1 + exp((midpoint - t) / scale)); four-parameter: lower + (upper - lower) / "
            "(1 + exp((midpoint - t) / scale)); gompertz: asymptote exp(-displacement rate_base^t); t in days, value "
            "log10 of the count.",
        ],
        marks=marks,
        empty="No curve of growth is configured, or there is nobody in the population.",
        n_labels=2,
    )  # fmt: skip


def _growth(row: Record | None, marks: Marks) -> list[Cell]:
    if row is None:
        return [BLANK] * 4
    sizes = [Cell(count(row["n"])), Cell(count(row["n_participants"]))]
    aicc = BLANK if row["aicc"] is None else Cell(rounded(row["aicc"], 1))
    if row["status"] != RowStatus.ESTIMATED:
        return [*sizes, Cell(NOT_ESTIMABLE, emphasis="muted", marks=marks.mark(row["reason"])), aicc]

    def show(value: float) -> str:
        return rounded(value, 4 if row["coefficient"] == "rate_base" else 2)

    limits = [NOT_ESTIMABLE if row[name] is None else show(row[name]) for name in ("conf_low", "conf_high")]
    return [*sizes, Cell(with_interval(show(row["estimate"]), span(*limits)), marks=marks.mark(row["reason"])), aicc]
