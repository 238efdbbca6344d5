"""Result tables of the mixed models of counts: curves, estimates, what the models are, and how they fit."""

import dataframely as dy

from immrecon.contracts.base import count, integer, number, one_of, optional_text, text
from immrecon.contracts.results.inference import Inference, Stratum, result_table
from immrecon.vocabulary import AnalysisRole, Population, TrajectoryMeasure

_DF_METHODS = ("between-within", "kenward-roger", "satterthwaite")
_FOLLOWED = "of the modelled participants, in follow-up on the day, alive and free of what ends sampling"
_SAMPLED = "of them, with a sample that counts on the day or later"
_TERMS = (
    "what the curves of the model differ by, with its interaction with time: group, dose_level, or none (one curve)"
)
_APPROACH = "what is done with values below a limit"


class TrajectoryCurves(Stratum, Inference):
    """The primary model on the days that are drawn."""

    parameter = text("analyte", primary_key=True)
    measure = one_of(TrajectoryMeasure, "what is estimated")
    time_day = number("days since transplant", "day", nullable=False, primary_key=True)
    population = one_of(Population, "population")
    unit = text("unit")
    n = count(_FOLLOWED)
    n_sampled = count(_SAMPLED)
    few_sampled = dy.Bool(description="fewer of them than few_at_risk: the curve rests on the model")


class TrajectoryEstimates(Stratum, Inference):
    """`estimate` and its limits are on the scale of the count; a ratio is group over reference."""

    parameter = text("analyte", primary_key=True)
    parameter_order = integer("order of the analyte", nullable=False)
    measure = one_of(TrajectoryMeasure, "what is estimated", primary_key=True)
    reference = text("group that the ratio is over; empty for a mean", primary_key=True)
    time_day = number("days since transplant", "day", nullable=False, primary_key=True)
    approach = text(_APPROACH, primary_key=True)
    approach_order = integer("order of the approach", nullable=False)
    df_method = one_of(_DF_METHODS, "degrees of freedom of t", primary_key=True)
    role = one_of(AnalysisRole, "primary, or a sensitivity analysis beside it")
    population = one_of(Population, "population")
    unit = text("unit; 1 for a ratio")
    n_participants = count("with a sample that counts, in the model")
    n_samples = count("of theirs, samples in the model")
    n_below_limit = count("of these, below a limit")
    n = count(_FOLLOWED)
    n_sampled = count(_SAMPLED)
    n_reference = count("of the reference, in follow-up on the day", nullable=True)
    std_error = number("standard error of log10 of the estimate", "log10")
    df = number("degrees of freedom; infinite or missing: none", "1")
    p_value = number("two-sided p-value of a ratio of 1; missing where none is asked for", "1")


class TrajectoryModels(dy.Schema):
    """One row per analyte, terms and approach."""

    parameter = text("analyte", primary_key=True)
    parameter_order = integer("order of the analyte", nullable=False)
    terms = one_of(["group", "dose_level", "none"], _TERMS, primary_key=True)
    approach = text(_APPROACH, primary_key=True)
    approach_order = integer("order of the approach", nullable=False)
    df_method = one_of(_DF_METHODS, "degrees of freedom of t", primary_key=True)
    role = one_of(AnalysisRole, "primary, or a sensitivity analysis beside it")
    population = one_of(Population, "population")
    method = text("estimator")
    levels = text("groups or dose levels in the model; empty for none")
    left_out = optional_text("groups or dose levels that are not, and why")
    n_population = count("participants of the population")
    n_participants = count("of them with a sample that counts, in the model")
    n_samples = count("samples in the model")
    n_below_limit = count("of them below a limit")
    n_above_limit = count(
        "of them above the upper limit of a method: as such in the primary analysis, at it as if measured in the others"
    )
    n_excluded = count("usable samples within the days of the model, left out because of what ended sampling before")
    n_not_positive = count("usable samples left out because 0, without a known limit, has no logarithm")
    nodes = count("of the quadrature, per random effect; missing: none needed", nullable=True)
    converged = dy.Bool(description="the maximum of the likelihood was found")
    singular = dy.Bool(description="a variance of the random effects is 0, or they are perfectly correlated")
    intercept_sd = number("standard deviation of the random intercept (with a slope: at day 0)", "log10")
    slope_sd = number("standard deviation of the random slope; missing: no slope", "log10 per sqrt(day)")
    correlation = number("of random intercept and slope", "1")
    residual_sd = number("residual standard deviation", "log10")
    loglik = number("log-likelihood; restricted for REML", "1")
    slope_rule = text("when a random slope is kept")
    slope_statistic = number("likelihood-ratio statistic of the random slope", "1")
    slope_p_value = number("its p, from half chi-squared(1) and half chi-squared(2)", "1")
    slope_kept = dy.Bool(description="the model has a random slope")
    slope_reason = text("why it is kept or not")
    residual_skewness = number("skewness of the standardised residuals of measured values", "1")
    n_residuals_beyond_3 = count("measured values whose standardised residual is beyond 3", nullable=True)
    effect_skewness = number("skewness of the standardised predicted random intercepts", "1")
    n_effects_beyond_3 = count("participants whose standardised predicted random intercept is beyond 3", nullable=True)
    status = one_of(["estimated", "not estimable"], "whether there is an estimate")
    reason = optional_text("why not, or what is special: singular, not converged, nothing below a limit")


class TrajectorySamples(dy.Schema):
    """Samples of the model that is drawn (primary, by group; without groups, the one curve), with their residuals."""

    parameter = text("analyte", primary_key=True)
    display_id = text("display id", primary_key=True)
    sequence = integer("order of the sample within participant and analyte", nullable=False, primary_key=True)
    group = text("group code; empty for none")
    time_day = number("days since transplant", "day", nullable=False)
    value = number("value, or the limit of a censored result", "unit", nullable=False)
    unit = text("unit")
    below_limit = dy.Bool(description="the value is an upper limit")
    above_limit = dy.Bool(description="the value is a lower limit; the primary model takes it as such")
    lloq = number("limit of quantification", "unit")
    marginal = number("curve of the model", "unit")
    fitted = number("curve of the participant: with the predicted random effects", "unit")
    residual = number("log10 value - log10 fitted; beyond a limit its mean given that it is", "log10")
    standardised_residual = number("residual over the residual standard deviation", "1")
    normal_score = number(
        "normal quantile at the residual's rank; values below a limit enter as censored (Kaplan-Meier), and have none",
        "1",
    )


class TrajectoryParticipants(dy.Schema):
    """Predicted random effects of the model that is drawn."""

    parameter = text("analyte", primary_key=True)
    display_id = text("display id", primary_key=True)
    participant_order = integer("order: by group, then display id", nullable=False)
    group = text("group code; empty for none")
    n_samples = count("samples in the model")
    n_below_limit = count("of them below a limit")
    intercept = number("predicted random intercept", "log10")
    intercept_std_error = number("its posterior standard deviation, given the estimates", "log10")
    slope = number("predicted random slope; missing: none in the model", "log10 per sqrt(day)")
    standardised_intercept = number("random intercept over its standard deviation over participants", "1")
    normal_score = number("normal quantile at its rank", "1")


class TrajectoryPredictions(dy.Schema):
    """The curve of each participant on the days that are drawn."""

    parameter = text("analyte", primary_key=True)
    display_id = text("display id", primary_key=True)
    time_day = number("days since transplant", "day", nullable=False, primary_key=True)
    marginal = number("curve of the model", "unit", nullable=False)
    fitted = number("curve of the participant", "unit", nullable=False)


TRAJECTORY_CURVES = result_table(
    "trajectory_curves", "One row per analyte, stratum and drawn day of the primary model.", TrajectoryCurves
)
TRAJECTORY_ESTIMATES = result_table(
    "trajectory_estimates",
    "One row per analyte, stratum, measure, declared day, approach and way of degrees of freedom.",
    TrajectoryEstimates,
)
TRAJECTORY_MODELS = result_table(
    "trajectory_models", "One row per analyte, terms, approach and way of degrees of freedom.", TrajectoryModels
)
TRAJECTORY_SAMPLES = result_table(
    "trajectory_samples", "One row per sample in the model that is drawn.", TrajectorySamples
)
TRAJECTORY_PARTICIPANTS = result_table(
    "trajectory_participants", "One row per analyte and participant in the model that is drawn.", TrajectoryParticipants
)
TRAJECTORY_PREDICTIONS = result_table(
    "trajectory_predictions", "One row per participant and drawn day of the analytes drawn per participant.",
    TrajectoryPredictions,
)  # fmt: skip
