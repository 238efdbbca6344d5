"""What a model is and how it fits: variance components, the test of the slope, residuals, predicted random effects."""

import numpy as np
import polars as pl

from immrecon.analyses.trajectory_fit import Fitted, Layout, slope_rule
from immrecon.analyses.trajectory_readings import Reading
from immrecon.analyses.trajectory_sample import Numbers, People, Sample
from immrecon.stats.diagnostics import normal_scores, skewness
from immrecon.stats.longitudinal import NODES, MixedModel
from immrecon.vocabulary import RowStatus

Row = dict[str, object]
_BEYOND = 3.0


def model_row(reading: Reading, everyone: People, of_analyte: Sample) -> Row:
    """A row of the table of models; without a fit, the counts and the reason."""
    which, one, fit = reading.which, reading.one, reading.one.fit
    frame = which.sample.frame
    row: Row = {
        "parameter": reading.analyte,
        "parameter_order": reading.order,
        "terms": which.terms,
        "approach": one.approach,
        "approach_order": one.order,
        "df_method": one.df_method,
        "role": one.role,
        "population": reading.rule.population,
        "method": reading.method,
        "levels": ", ".join(which.levels),
        "left_out": "; ".join(f"{code}: {why}" for code, why in which.left_out.items()) or None,
        "n_population": everyone.n,
        "n_participants": frame["USUBJID"].n_unique(),
        "n_samples": frame.height,
        "n_below_limit": int(frame["BELOW"].sum()),
        "n_above_limit": int(frame["ABOVE"].sum()),
        "n_excluded": of_analyte.n_excluded,
        "n_not_positive": of_analyte.n_not_positive,
        "slope_rule": slope_rule(reading.rule),
        "slope_statistic": one.slope.statistic,
        "slope_p_value": one.slope.p_value,
        "slope_kept": one.slope.kept,
        "slope_reason": one.slope.reason,
        "converged": fit is not None and fit.converged,
        "singular": fit is not None and fit.singular,
        "status": one.status,
        "reason": one.reason,
    }
    if fit is None or one.status != RowStatus.ESTIMATED:
        return row
    return row | _components(fit) | _fit_in_numbers(fit)


def _components(fit: MixedModel) -> Row:
    sd = fit.random_sd
    row: Row = {"intercept_sd": float(sd[0]), "residual_sd": fit.residual_sd, "loglik": fit.loglik}
    if sd.size == 2:
        row["slope_sd"] = float(sd[1])
        row["correlation"] = float(fit.random_covariance[0, 1] / sd.prod()) if sd.prod() > 0 else None
    # Without values beyond a limit the integral over the random effects has a closed form.
    row["nodes"] = NODES[sd.size] if fit.method == "censored-mixed-ml" and fit.n_below + fit.n_above else None
    return row


def _fit_in_numbers(fit: MixedModel) -> Row:
    residual = (fit.residual / fit.residual_sd)[~(fit.below | fit.above)]
    effect = _standardised_intercepts(fit)
    known = effect[np.isfinite(effect)]
    return {
        "residual_skewness": skewness(residual),
        "n_residuals_beyond_3": int((np.abs(residual) > _BEYOND).sum()),
        "effect_skewness": skewness(known),
        "n_effects_beyond_3": int((np.abs(known) > _BEYOND).sum()) if known.size else None,
    }


def _standardised_intercepts(fit: MixedModel) -> Numbers:
    """(m,) predicted intercepts over their standard deviation over participants: their shrinkage is taken out.

    The variance of a predicted effect is that of the effect less its posterior variance. NaN where there is none.
    """
    variance = fit.random_covariance[0, 0] - fit.random_effect_std_error[:, 0] ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(variance > 0, fit.random_effects[:, 0] / np.sqrt(variance), np.nan)


def drawn_fit(analyte: str, unit: str, which: Layout, one: Fitted, days: list[float]) -> dict[str, list[Row]]:
    """Samples with residuals, participants with random effects, and their curves on the days (none: no curves)."""
    fit = one.fit
    assert fit is not None
    of_people = _participants(analyte, which, fit)
    return {
        "trajectory_samples": _samples(analyte, unit, which, fit).to_dicts(),
        "trajectory_participants": of_people.drop("USUBJID", "LEVEL", "UNTIL").to_dicts(),
        "trajectory_predictions": _predictions(analyte, which, fit, of_people, days) if days else [],
    }


def _samples(analyte: str, unit: str, which: Layout, fit: MixedModel) -> pl.DataFrame:
    # The residual of a value below its limit is only known to lie below limit - fitted: it is censored there.
    # One above its limit is ranked at limit - fitted, and has no score.
    scores = normal_scores(which.sample.log_value - fit.fitted, which.sample.below)
    scores[which.sample.above] = np.nan
    return which.sample.frame.select(
        parameter=pl.lit(analyte),
        display_id="DISPID",
        sequence="SEQ",
        group="DRAWN",
        time_day="ADY",
        value="AVAL",
        unit=pl.lit(unit),
        below_limit="BELOW",
        above_limit="ABOVE",
        lloq="LLOQ",
        marginal=pl.Series(10**fit.marginal),
        fitted=pl.Series(10**fit.fitted),
        residual=pl.Series(fit.residual),
        standardised_residual=pl.Series(fit.residual / fit.residual_sd),
        normal_score=pl.Series(scores),
    )


def _participants(analyte: str, which: Layout, fit: MixedModel) -> pl.DataFrame:
    standardised = _standardised_intercepts(fit)
    scores = np.full(standardised.size, np.nan)
    known = np.isfinite(standardised)
    scores[known] = normal_scores(standardised[known]) if known.any() else scores[known]
    effects = pl.DataFrame(
        {
            "USUBJID": list(fit.participants),
            "intercept": fit.random_effects[:, 0],
            "intercept_std_error": fit.random_effect_std_error[:, 0],
            "slope": fit.random_effects[:, 1] if fit.random_effects.shape[1] == 2 else None,
            "standardised_intercept": standardised,
            "normal_score": scores,
        },
        schema_overrides={"USUBJID": pl.String, "slope": pl.Float64},
    )
    level = pl.lit(None, dtype=pl.String) if which.terms == "none" else pl.col("GROUP").first()
    return (
        which.sample.frame.group_by("USUBJID", maintain_order=True)
        .agg(
            display_id=pl.col("DISPID").first(),
            group=pl.col("DRAWN").first(),
            LEVEL=level,
            UNTIL=pl.max_horizontal(pl.col("SEEN").first(), pl.col("ADY").max()).clip(
                upper_bound=pl.col("END").first()
            ),
            n_samples=pl.len().cast(pl.Int64),
            n_below_limit=pl.col("BELOW").sum().cast(pl.Int64),
        )
        .join(effects, on="USUBJID", how="left")
        .with_columns(
            RANK=pl.col("group").replace_strict(
                {c: i for i, c in enumerate(which.levels)}, default=len(which.levels), return_dtype=pl.Int64
            )
        )
        .sort("RANK", "display_id")
        .with_columns(parameter=pl.lit(analyte), participant_order=pl.int_range(pl.len()))
        .drop("RANK")
    )


def _predictions(analyte: str, which: Layout, fit: MixedModel, of_people: pl.DataFrame, days: list[float]) -> list[Row]:
    """Curve of the level plus predicted intercept and slope, as long as the participant is followed."""
    curves = pl.concat(
        pl.DataFrame({"time_day": days, "MEAN": which.rows(level, days) @ fit.coefficient}).with_columns(
            LEVEL=pl.lit(level, dtype=pl.String)
        )
        for level in which.curves
    )
    own = pl.col("MEAN") + pl.col("intercept") + pl.col("slope").fill_null(0.0) * pl.col("time_day").sqrt()
    return (
        of_people.select("display_id", "LEVEL", "UNTIL", "intercept", "slope")
        .join(curves, on="LEVEL", how="inner", nulls_equal=True)
        .filter(pl.col("time_day") <= pl.col("UNTIL"))
        .select(
            "display_id", "time_day", parameter=pl.lit(analyte), marginal=pl.lit(10.0).pow(pl.col("MEAN")),
            fitted=pl.lit(10.0).pow(own),
        )
        .sort("display_id", "time_day")
        .to_dicts()
    )  # fmt: skip
