"""Mixed models of the made-up trial: CD4 by group and pooled, one group without a curve on the last day."""

from typing import Any

from immrecon.vocabulary import TrajectoryMeasure

PRIMARY, HALF = "beyond limits as such (censored)", "below limit as 0.5 x limit"
WAYS = [
    (0, PRIMARY, "between-within", "primary"),
    (1, HALF, "kenward-roger", "sensitivity"),
    (1, HALF, "satterthwaite", "sensitivity"),
]
SHARED: dict[str, Any] = {
    "parameter": "CD4", "parameter_order": 0, "population": "injected", "conf_level": 0.95, "method": "m", "conf_type": "t",
}  # fmt: skip


def estimates() -> list[dict[str, Any]]:
    rows = []
    for order, approach, df, role in WAYS:
        for day in (30.0, 365.0):
            for group, reference, estimate in (
                ("ADULT", "", 12.5),
                ("PAED", "", 25.0),
                ("all", "", 18.0),
                ("PAED", "ADULT", 2.0),
            ):
                known = group != "PAED" or day == 30
                rows.append(
                    SHARED
                    | {
                        "group": group, "dose_level": "all", "reference": reference, "time_day": day, "approach": approach,
                        "approach_order": order, "df_method": df, "role": role, "n_participants": 10, "n_samples": 60,
                        "measure": TrajectoryMeasure.RATIO if reference else TrajectoryMeasure.GEOMETRIC_MEAN,
                        "unit": "1" if reference else "/uL", "n_below_limit": 6, "n": 9, "n_sampled": 8,
                        "estimate": estimate if known else None, "conf_low": estimate / 2 if known else None,
                        "conf_high": estimate * 2 if known else None, "status": "estimated" if known else "not estimable",
                        "reason": None if known else "the last sample that counts is on day 200",
                        "p_value": 0.0123 if reference and known else None,
                    }
                )  # fmt: skip
    return rows


def models() -> list[dict[str, Any]]:
    rows = []
    for order, approach, df, role in WAYS:
        for terms in ("group", "none", "dose_level"):
            known = terms != "dose_level"
            row = {name: value for name, value in SHARED.items() if name not in ("conf_level", "conf_type")} | {
                "terms": terms, "approach": approach, "approach_order": order, "df_method": df, "role": role,
                "levels": "", "left_out": None if known else "DL1: 2 participants, fewer than <5>", "n_population": 28,
                "n_participants": 20, "n_samples": 120, "n_below_limit": 12, "n_above_limit": 1, "n_excluded": 4,
                "n_not_positive": 0, "converged": known, "singular": terms == "none", "slope_rule": "a <rule>",
                "slope_kept": False, "slope_reason": "not kept: not supported by the test",
                "status": "estimated" if known else "not estimable",
                "reason": None if terms == "group" else "singular: a variance is 0" if known else "no level has a curve",
            }  # fmt: skip
            if known:
                row |= {
                    "nodes": 31 if role == "primary" else None, "intercept_sd": 0.3214, "residual_sd": 0.15,
                    "loglik": -3.0, "slope_p_value": 0.25, "slope_statistic": 1.0, "residual_skewness": -0.254,
                    "n_residuals_beyond_3": 1, "effect_skewness": 0.1, "n_effects_beyond_3": 0,
                }  # fmt: skip
            rows.append(row)
    return rows
