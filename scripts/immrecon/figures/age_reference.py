"""Trajectories over the limits of each age band, with every figure of counts beside the limits of the age."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from immrecon.config.display import DisplaySpec
from immrecon.config.study import Analyte
from immrecon.exhibits import age_percent_analytes, age_percent_stem, age_trajectory_stem
from immrecon.figures.age_percent import LIMIT_LOOK, draw_percent
from immrecon.figures.page import (
    INNER_MM,
    LINE_MM,
    MARGIN_MM,
    KeyEntry,
    Page,
    Words,
    exhibit_notes,
    in_words,
    key_rows,
    open_page,
    text_width_mm,
    words_only_page,
)
from immrecon.figures.panels import SAMPLE_LOOKS, draw_samples, scale
from immrecon.figures.recovery import round_up
from immrecon.figures.style import NOTE_PT, SOFT, TEXT_PT, GroupStyle, group_styles, styled

_COLUMNS = 2
_PANEL_MM, _HEADING_MM, _UNDER_MM, _BETWEEN_MM, _AXIS_MM = 52.0, 9.5, 6.5, 3.0, 16.0
_RANGE = "#E3ECE3"
_MEDIAN: dict[str, Any] = {"color": SOFT, "linewidth": 1.0, "linestyle": (0, (5, 2))}
_LLOQ: dict[str, Any] = {"color": SOFT, "linewidth": 0.6, "linestyle": (0, (1, 1.5))}
_MOST_PAIRS = 4
_P10 = "P10-P90"
_SENT = "Limits of the laboratory"
_NO_BAND = "No band of the table for the age"


def draw_age_reference(
    profiles: pl.DataFrame, summary: pl.DataFrame, bands: pl.DataFrame, spec: DisplaySpec
) -> dict[str, Figure]:
    """Every figure of this module by its file stem, from the AGE_REFERENCE tables; none without reference limits."""
    limits = spec.age_limits
    if limits is None:
        return {}
    figures = {
        age_trajectory_stem(analyte.code): draw_over_limits(profiles, bands, spec, analyte)
        for analyte in limits.analytes
        if analyte.drawn
    }
    pages = enumerate(age_percent_analytes(spec))
    return figures | {age_percent_stem(page): draw_percent(summary, spec, limits, shown) for page, shown in pages}


@styled
def draw_over_limits(profiles: pl.DataFrame, bands: pl.DataFrame, spec: DisplaySpec, analyte: Analyte) -> Figure:
    """Trajectories of one analyte, a panel per age band with participants; a participant who grows out of a band goes
    on in the next panel."""
    samples = profiles.filter(pl.col("parameter") == analyte.code).sort("display_id", "time_day", "sequence")
    of_analyte = bands.filter(pl.col("parameter") == analyte.code).sort("age_from_years", "band_order")
    shown = of_analyte.filter(pl.col("n_samples") > 0).to_dicts()
    words = _words(of_analyte, samples, spec, analyte)
    if samples.is_empty():
        return words_only_page(words, "There is no sample after the transplant up to the cut-off; nothing is drawn.")
    if samples["band_order"].null_count():
        shown += _without_band(samples.filter(pl.col("band_order").is_null()))
    columns = min(_COLUMNS, len(shown))
    groups = group_styles(spec, samples["group"])
    heights = [*samples["value"], *(band["upper"] or band["lower"] or 0.0 for band in shown)]
    limits = (analyte.axis_floor, round_up(max(10 * analyte.axis_floor, *heights)))
    last_day = 1.02 * max([1.0, *_visit_days(spec), *samples["time_day"]])
    key = key_rows(_key_entries(samples, groups, shown, analyte), INNER_MM)
    key_mm = len(key) * LINE_MM + 3
    pitch = _HEADING_MM + _PANEL_MM + _UNDER_MM + _BETWEEN_MM
    page = open_page(words, key_mm + -(-len(shown) // columns) * pitch + LINE_MM)
    page.key(key, MARGIN_MM, page.top_mm)
    width = (INNER_MM - columns * _AXIS_MM - (columns - 1) * _BETWEEN_MM - 2.0) / columns
    for index, band in enumerate(shown):
        left = MARGIN_MM + _AXIS_MM + (index % columns) * (width + _AXIS_MM + _BETWEEN_MM)
        top = page.top_mm + key_mm + index // columns * pitch
        own = samples.filter(_in_panel(band))
        _heading(page, left - _AXIS_MM, top, own, band)
        axes = page.axes(left, top + _HEADING_MM, width, _PANEL_MM)
        scale(axes, last_day, *limits, minor_ticks=False)
        _draw_limits(axes, band, samples["lloq"].drop_nulls().unique().sort().to_list(), limits[1])
        for group in groups:
            draw_samples(axes, own.filter(pl.col("group") == group.code), group, limits[0])
        _days(page, (left, top + _HEADING_MM + _PANEL_MM, width), spec, last_day)
    bottom = page.top_mm + key_mm + -(-len(shown) // columns) * pitch
    axis = f"Days since {spec.clocks.transplant} (square-root scale)"
    page.text(MARGIN_MM + INNER_MM / 2, bottom - 3, axis, ha="center")
    return page.figure


def _without_band(own: pl.DataFrame) -> list[dict[str, Any]]:
    """Panels of samples that no band answers for: one per pair of limits of their laboratory, or one of all of them."""
    pairs = own.select("lower", "upper").unique().sort("lower", "upper", nulls_last=True).rows()
    several = len(pairs) > _MOST_PAIRS
    return [
        {
            "band": _NO_BAND if lower is None and not several else _SENT,
            "band_order": None,
            "lower": lower,
            "median": None,
            "upper": upper,
            "unit": own["unit"][0],
            "percentiles": "as sent",
            "all": several,
        }
        for lower, upper in ([(None, None)] if several else pairs)
    ]


def _in_panel(band: dict[str, Any]) -> pl.Expr:
    """The samples of a panel."""
    if band["band_order"] is not None:
        return pl.col("band_order") == int(band["band_order"])
    none = pl.col("band_order").is_null()
    if band["all"]:
        return none
    return none & pl.col("lower").eq_missing(band["lower"]) & pl.col("upper").eq_missing(band["upper"])


def _heading(page: Page, left: float, top: float, own: pl.DataFrame, band: dict[str, Any]) -> None:
    page.text(left, top, f"{band['band']} ({own['display_id'].n_unique()} sampled)", fontweight="bold")
    if band["lower"] is None:
        words = "limits that differ from sample to sample" if band["band"] == _SENT else "see the table for the reasons"
    else:
        upper = "" if band["upper"] is None else f" to {band['upper']:g}"
        stated = "percentiles not stated" if band["percentiles"] == "not stated" else band["percentiles"]
        words = in_words(f"{band['lower']:g}{upper} {band['unit']}, {stated}")
    page.text(left, top + LINE_MM, words, color=SOFT, fontsize=NOTE_PT)


def _draw_limits(axes: Axes, band: dict[str, Any], lloqs: Sequence[float], high: float) -> None:
    if band["lower"] is not None:
        top = band["upper"] if band["upper"] is not None else high
        axes.axhspan(band["lower"], top, color=_RANGE, linewidth=0, zorder=0)
        axes.axhline(band["lower"], zorder=1, **LIMIT_LOOK)
    if band["median"] is not None:
        axes.axhline(band["median"], zorder=1, **_MEDIAN)
    for lloq in lloqs:
        axes.axhline(lloq, zorder=0.5, **_LLOQ)


def _days(page: Page, place: tuple[float, float, float], spec: DisplaySpec, last_day: float) -> None:
    """Ticks at the visits; as many of their days as there is room for."""
    left, bottom, width = place
    free = left - 10.0
    days = [0.0, *(day for day in _visit_days(spec) if day > 0)]
    ticks = [left + width * float(np.sqrt(day / last_day)) for day in days]
    page.lines((([x, x], [bottom, bottom + 1.0]) for x in ticks), color=SOFT, linewidth=0.6)
    for day, x in zip(days, ticks, strict=True):
        half = text_width_mm(f"{day:g}", TEXT_PT) / 2
        if x - half > free:
            page.text(x, bottom + 1.6, f"{day:g}", ha="center")
            free = x + half + 1.5


def _visit_days(spec: DisplaySpec) -> list[float]:
    return sorted({window.target_day for window in spec.visits.windows if window.target_day >= 0})


def _key_entries(
    samples: pl.DataFrame, groups: Sequence[GroupStyle], shown: Sequence[dict[str, Any]], analyte: Analyte
) -> list[KeyEntry]:
    there = set(samples["group"])
    entries = [
        KeyEntry(group.label, {"color": group.colour, "linewidth": 0.8, "marker": "o", "markersize": 2.5}, span=True)
        for group in groups
        if group.code in there
    ]
    if any(band["lower"] is not None for band in shown):
        entries.append(KeyEntry("Range between the limits", {"color": _RANGE, "linewidth": 7}, span=True))
        entries.append(KeyEntry("Lower limit", LIMIT_LOOK, span=True))
    if any(band["median"] is not None for band in shown):
        entries.append(KeyEntry("Median", _MEDIAN, span=True))
    if lloqs := samples["lloq"].drop_nulls().unique().sort().to_list():
        listed = ", ".join(f"{lloq:g}" for lloq in lloqs[:4]) + (" …" if len(lloqs) > 4 else "")
        entries.append(KeyEntry(in_words(f"LLOQ ({listed} {analyte.unit})"), _LLOQ, span=True))
    for side in ("below", "above"):
        if samples[f"{side}_limit"].any():
            entries.append(KeyEntry(f"Sample {side} the limit of the method", SAMPLE_LOOKS[side], span=False))
    return entries


def _words(bands: pl.DataFrame, samples: pl.DataFrame, spec: DisplaySpec, analyte: Analyte) -> Words:
    used = bands.filter(pl.col("n_samples") > 0)
    sources = "; ".join(used["source"].unique(maintain_order=True)) or "none by age"
    meaning = (
        "P10-P90: 10 % of healthy people of the age lie below the lower limit." if _P10 in used["percentiles"] else ""
    )
    n_none, n_sent = samples["lower"].null_count(), samples.filter(pl.col("origin") == "laboratory").height
    left_out = [f"{n_none} samples have no limit"] if n_none else []
    left_out += (
        [f"{n_sent} samples have limits of their laboratory, which go before those of the age"] if n_sent else []
    )
    reasons = "; ".join(samples["reason"].drop_nulls().unique().sort())
    limits = spec.age_limits
    return Words(
        f"{analyte.label} and the limits of the age",
        in_words(f"Every sample of every participant ({analyte.unit}), in the panel of the age on its day."),
        [
            *exhibit_notes(spec, f"{spec.recovery_population.value}", "Method: values as measured; no estimate."),
            f"Limits: {sources}. {meaning}".rstrip(),
            *([f"{' and '.join(left_out)}{f' ({reasons})' if reasons else ''}."] if left_out else []),
            "Results beyond a limit of the method stand at that limit. LLOQ: lower limit of quantification.",
        ],
        draft=limits is not None and limits.unsigned,
    )
