"""Recovery of cell counts: every participant's trajectory, with the median and quartiles at each visit."""

import polars as pl
from matplotlib.figure import Figure

from immrecon.config.display import DisplaySpec
from immrecon.config.study import Analyte
from immrecon.errors import ConfigError
from immrecon.exhibits import trajectory_stem
from immrecon.figures.page import (
    INNER_MM,
    LINE_MM,
    MARGIN_MM,
    KeyEntry,
    Words,
    exhibit_notes,
    in_words,
    key_rows,
    open_page,
)
from immrecon.figures.panels import (
    LEFT_MM,
    MEDIAN_BELOW_LOOK,
    MEDIAN_LOOK,
    SAMPLE_LOOKS,
    UNDER_PANEL_MM,
    Frame,
    draw_panel,
)
from immrecon.figures.style import SOFT, group_styles, styled
from immrecon.vocabulary import POOLED

_PANEL_MM = {1: 88.0, 2: 60.0, 3: 50.0}
_MANY_PANELS_MM = 42.0
_HEADING_MM = LINE_MM + 1.0
_MOST_LIMITS = 4
_PER_UL = "/uL"


def draw_recovery(profiles: pl.DataFrame, visit_summary: pl.DataFrame, spec: DisplaySpec) -> dict[str, Figure]:
    """Every figure of this module by its file stem, from the PROFILES and VISIT_SUMMARY tables."""
    return {
        trajectory_stem(analyte.code): draw_trajectories(profiles, visit_summary, spec, analyte.code)
        for analyte in spec.analytes
        if analyte.drawn
    }


@styled
def draw_trajectories(profiles: pl.DataFrame, visit_summary: pl.DataFrame, spec: DisplaySpec, parameter: str) -> Figure:
    """Trajectories of one analyte, a panel per group (tables PROFILES, VISIT_SUMMARY).

    Samples from before the transplant are not drawn; the exhibit note says how many.
    Raises ConfigError: the analyte is not declared.
    """
    analyte = next((analyte for analyte in spec.analytes if analyte.code == parameter), None)
    if analyte is None:
        known = ", ".join(analyte.code for analyte in spec.analytes)
        raise ConfigError(f'the analyte "{parameter}" is not declared; declared are {known}')
    of_analyte = profiles.filter(pl.col("parameter") == parameter)
    samples = of_analyte.filter(pl.col("time_day") >= 0).sort("group", "display_id", "time_day", "sequence")
    summary = visit_summary.filter(
        pl.col("parameter") == parameter,
        pl.col("dose_level") == POOLED,
        pl.col("group") != POOLED,
        pl.col("target_day") >= 0,
    ).sort("group", "target_day")
    groups = group_styles(spec, [*samples["group"], *summary["group"]])
    frame = _frame(samples, summary, spec, analyte)
    key = key_rows(_key_entries(samples, summary, frame), INNER_MM)
    key_mm = len(key) * LINE_MM + 3
    panel_mm = _PANEL_MM.get(len(groups), _MANY_PANELS_MM)
    pitch_mm = _HEADING_MM + panel_mm + UNDER_PANEL_MM
    words = _words(summary, spec, analyte, n_before=of_analyte.height - samples.height)
    page = open_page(words, key_mm + len(groups) * pitch_mm + LINE_MM)
    page.key(key, MARGIN_MM, page.top_mm)
    for index, group in enumerate(groups):
        top = page.top_mm + key_mm + index * pitch_mm
        own = samples.filter(pl.col("group") == group.code)
        label = f"{group.label} ({own['display_id'].n_unique()} sampled)"
        page.text(MARGIN_MM, top, label, color=group.ink, fontweight="bold")
        visits = summary.filter(pl.col("group") == group.code)
        draw_panel(page, top + _HEADING_MM, panel_mm, own, visits, group, frame)
    bottom = page.top_mm + key_mm + len(groups) * pitch_mm
    axis = f"Days since {spec.clocks.transplant}, target day of each visit (square-root scale)"
    page.text(MARGIN_MM + LEFT_MM + frame.plot_mm / 2, bottom - 2, axis, ha="center")
    return page.figure


def _frame(samples: pl.DataFrame, summary: pl.DataFrame, spec: DisplaySpec, analyte: Analyte) -> Frame:
    """Axes and lines that all panels share. Time runs to the protocol's last visit: the same axis at every data cut."""
    days = sorted({w.target_day for w in spec.visits.windows if w.target_day >= 0} | set(summary["target_day"]))
    thresholds = [t for t in spec.thresholds if t.analyte == analyte.code and analyte.unit == _PER_UL]
    limits = samples["lloq"].drop_nulls().unique().sort().to_list()
    if len(limits) > _MOST_LIMITS:
        limits = [limits[0], limits[-1]]
    heights = [*samples["value"], *summary["q3"].drop_nulls(), *(t.value_per_ul for t in thresholds), *limits]
    across = [(limit, f"LLOQ {limit:g}", True) for limit in limits]
    across += [(t.value_per_ul, in_words(f"{t.operator} {t.value_per_ul:g}"), False) for t in thresholds]
    return Frame(
        last_day=1.02 * max([1.0, *days, *samples["time_day"]]),
        visit_days=days,
        low=analyte.axis_floor,
        high=round_up(max([10 * analyte.axis_floor, *heights])),
        across=[line for line in across if line[0] >= analyte.axis_floor],
        y_label=in_words(f"{analyte.label} ({analyte.unit})"),
    )


def round_up(value: float) -> float:
    """The next 1, 2 or 5 times a power of ten well above the value: the axis moves seldom between data cuts."""
    steps = (factor * 10.0**power for power in range(-9, 12) for factor in (1, 2, 5))
    return next(step for step in steps if step >= 1.15 * value)


def round_down(value: float) -> float:
    """The next 1, 2 or 5 times a power of ten well below the value."""
    steps = (factor * 10.0**power for power in range(12, -13, -1) for factor in (5, 2, 1))
    return next((step for step in steps if step <= value / 1.15), 1e-12)


def _words(summary: pl.DataFrame, spec: DisplaySpec, analyte: Analyte, n_before: int) -> Words:
    population = summary["population"].unique().sort().to_list() or [spec.recovery_population.value]
    methods = ", ".join(summary["method"].unique().sort())
    notes = exhibit_notes(
        spec,
        ", ".join(population),
        "Method: median and quartiles of the samples in each visit's window" + (f" ({methods})." if methods else "."),
    )
    abbreviation = "Results beyond a limit stand at the limit. LLOQ: lower limit of quantification of a laboratory."
    dropped = f" {n_before} samples from before day 0 are not shown." if n_before else ""
    return Words(
        f"{analyte.label} after {spec.clocks.transplant}",
        "Every sample of every participant, and the median with quartiles at each visit.",
        [*notes, abbreviation + dropped],
    )


def _key_entries(samples: pl.DataFrame, summary: pl.DataFrame, frame: Frame) -> list[KeyEntry]:
    entries = [KeyEntry("One participant", {"color": SOFT, "linewidth": 0.8, "marker": "o", "markersize": 2.5}, True)]
    entries.append(KeyEntry("Median, quartiles", MEDIAN_LOOK, span=True))
    sides = [side for side in ("below", "above") if summary[f"median_{side}_limit"].any()]
    if sides:
        entries.append(KeyEntry(f"Median {' or '.join(sides)} limit", MEDIAN_BELOW_LOOK, span=True))
    if samples["below_limit"].any():
        entries.append(KeyEntry("Sample below limit", SAMPLE_LOOKS["below"], span=False))
    if samples["above_limit"].any():
        entries.append(KeyEntry("Sample above upper limit", SAMPLE_LOOKS["above"], span=False))
    if (~samples["below_limit"] & (samples["value"] < frame.low)).any():
        entries.append(KeyEntry("Below the axis", SAMPLE_LOOKS["off axis"], span=False))
    return entries
