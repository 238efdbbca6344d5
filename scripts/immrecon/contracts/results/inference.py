"""What result tables share: the stratum, the interval and whether there is one."""

import dataframely as dy
import polars as pl

from immrecon.contracts.base import Contract, number, one_of, optional_text, rule, text
from immrecon.vocabulary import RowStatus


class Stratum(dy.Schema):
    group = text('group code, or "all"; empty (funnel, baseline): in none of the configured groups', primary_key=True)
    dose_level = text(
        'dose level code, or "all"; empty (funnel, baseline): in none of the configured levels', primary_key=True
    )


class Inference(dy.Schema):
    """How an interval was made, and whether there is one."""

    method = text("estimator")
    conf_type = optional_text("interval")
    conf_level = number("confidence level", "1")
    estimate = number("estimate", "as the parameter")
    conf_low = number("lower limit", "as the estimate")
    conf_high = number("upper limit", "as the estimate")
    status = one_of(RowStatus, "whether there is an estimate")
    reason = optional_text("why not, or what is special about the interval")

    @rule
    def limits_enclose_the_estimate(cls) -> pl.Expr:
        low_ok = pl.col("conf_low").is_null() | (pl.col("conf_low") <= pl.col("estimate") + 1e-12)
        high_ok = pl.col("conf_high").is_null() | (pl.col("conf_high") >= pl.col("estimate") - 1e-12)
        return low_ok & high_ok

    @rule
    def not_estimable_has_a_reason(cls) -> pl.Expr:
        return (pl.col("status") == RowStatus.ESTIMATED) | pl.col("reason").is_not_null()


def result_table(name: str, grain: str, schema: type[dy.Schema]) -> Contract:
    return Contract(name, "estimates", grain, schema)
