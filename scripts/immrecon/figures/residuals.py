"""How the models of counts fit: residuals over the fit, and normal quantiles of residuals and random intercepts."""

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from immrecon.config.display import DisplaySpec
from immrecon.config.trajectory_specs import TrajectoryDisplay
from immrecon.figures.page import (
    INNER_MM,
    LINE_MM,
    MARGIN_MM,
    Words,
    exhibit_notes,
    in_words,
    open_page,
    words_only_page,
)
from immrecon.figures.panels import SAMPLE_LOOKS
from immrecon.figures.style import FAINT, INK, styled

_DASHED = (0, (4, 3))
_SQUARE_MM = 44.0
_ROW_MM = 62.0


@styled
def draw_residuals(
    samples: pl.DataFrame, participants: pl.DataFrame, spec: DisplaySpec, shown: TrajectoryDisplay
) -> Figure:
    """Three panels per analyte: residuals over the fit, and normal quantiles of residuals and of random intercepts."""
    analytes = [analyte for analyte in spec.analytes if analyte.code in set(samples["parameter"])]
    words = Words(
        "Mixed models of counts, how they fit",
        "Residuals over the fit; normal quantiles of residuals and of predicted random intercepts.",
        [
            *exhibit_notes(spec, "participants in the models", "Method: standardised residuals of the primary models."),
            "Values beyond a limit (open triangles) have the residual that is expected given the limit on the left; in "
            "the middle those below are counted as censored at their limit, those above at it, and neither is drawn.",
        ],
        draft=shown.status == "draft",
    )
    if not analytes:
        return words_only_page(words, "No model could be estimated; there are no residuals.")
    page = open_page(words, len(analytes) * _ROW_MM)
    gap = (INNER_MM - 12 - 3 * _SQUARE_MM) / 2
    for row, analyte in enumerate(analytes):
        top = page.top_mm + row * _ROW_MM
        page.text(MARGIN_MM, top, analyte.label, fontweight="bold")
        of_samples = samples.filter(pl.col("parameter") == analyte.code)
        effects = participants.filter(pl.col("parameter") == analyte.code)
        lefts = [MARGIN_MM + 12 + number * (_SQUARE_MM + gap) for number in range(3)]
        panels = [page.axes(left, top + LINE_MM + 1, _SQUARE_MM, _ROW_MM - LINE_MM - 16) for left in lefts]
        _over_fit(panels[0], of_samples, in_words(analyte.unit))
        _quantiles(panels[1], of_samples["normal_score"], of_samples["standardised_residual"], "Residual")
        _quantiles(panels[2], effects["normal_score"], effects["standardised_intercept"], "Random intercept")
    return page.figure


def _over_fit(axes: Axes, of_samples: pl.DataFrame, unit: str) -> None:
    below, above = of_samples["below_limit"], of_samples["above_limit"]
    axes.set_xscale("log")
    lowest, highest = min(of_samples["fitted"]), max(of_samples["fitted"])
    axes.set_xlim(lowest / 1.3, highest * 1.3)
    decades = [10.0**k for k in range(-9, 10) if lowest / 1.3 <= 10.0**k <= highest * 1.3]
    axes.xaxis.set_major_locator(FixedLocator(decades))
    axes.set_xticks(decades, [f"{decade:g}" for decade in decades])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.axhline(0, color=FAINT, linewidth=0.8, zorder=1)
    for level in (-3, 3):
        axes.axhline(level, color=FAINT, linewidth=0.6, linestyle=_DASHED, zorder=1)
    measured = of_samples.filter(~(below | above))
    axes.plot(measured["fitted"], measured["standardised_residual"], "o", color=INK, markersize=2.0, markeredgewidth=0)
    for beyond, look in ((below, "below"), (above, "above")):
        limited = of_samples.filter(beyond)
        axes.plot(limited["fitted"], limited["standardised_residual"], **(SAMPLE_LOOKS[look] | {"markersize": 4}))
    furthest = max([3.5, *of_samples["standardised_residual"].abs() + 0.3])
    axes.set_ylim(-furthest, furthest)
    axes.set_xlabel(f"Fitted ({unit})")
    axes.set_ylabel("Standardised residual")


def _quantiles(axes: Axes, scores: pl.Series, values: pl.Series, name: str) -> None:
    kept = pl.DataFrame({"score": scores, "value": values}).drop_nulls()
    furthest = max([3.2, *kept["score"].abs(), *kept["value"].abs()]) + 0.2
    axes.plot([-furthest, furthest], [-furthest, furthest], color=FAINT, linewidth=0.8, zorder=1)
    axes.plot(kept["score"], kept["value"], "o", color=INK, markersize=2.2, markeredgewidth=0)
    axes.set_xlim(-furthest, furthest)
    axes.set_ylim(-furthest, furthest)
    axes.set_xlabel("Normal quantile")
    axes.set_ylabel(name)
