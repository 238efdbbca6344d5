"""A proportion in print beside the proportion here, with what each leaves open: sampling error, unknown status."""

from collections.abc import Iterator

import polars as pl

from immrecon.analyses.contrast_sample import Row
from immrecon.analyses.reconstitution import Rule, crossing_rules, proportion_row
from immrecon.config.external import PublishedProportion
from immrecon.config.external_specs import ExternalSpec
from immrecon.stats.proportion import binomial_test
from immrecon.vocabulary import POOLED, ExternalMeasure, ReconstitutionMeasure, RowStatus

ANALYSIS = "estimate_external_control"
HERE, REFERENCE = "here", "reference"
_CASES = {
    ExternalMeasure.PROPORTION: (ReconstitutionMeasure.PROPORTION, ExternalMeasure.TEST),
    ExternalMeasure.BEST: (ReconstitutionMeasure.BEST, ExternalMeasure.TEST_BEST),
    ExternalMeasure.WORST: (ReconstitutionMeasure.WORST, ExternalMeasure.TEST_WORST),
}


def published_rows(adrec: pl.DataFrame, spec: ExternalSpec) -> list[Row]:
    """Rows of EXTERNAL_CONTROL for every proportion in print, in every group and in all together.

    A group that the print says nothing about has no reference, and is tested against none.
    """
    if spec.external is None:
        return []
    rules = {rule.code: rule for rule in crossing_rules(spec.endpoints)}
    groups = [*(group.code for group in spec.groups), POOLED]
    return [
        row
        for order, (code, published) in enumerate(spec.external.published.items())
        for group in groups
        for row in _rows(code, order, published, rules[published.endpoint], group, adrec, spec)
    ]


def _rows(
    code: str,
    order: int,
    published: PublishedProportion,
    rule: Rule,
    group: str,
    adrec: pl.DataFrame,
    spec: ExternalSpec,
) -> Iterator[Row]:
    day = rule.crossing.window.last_day
    assert day is not None
    among = pl.lit(True) if group == POOLED else pl.col("GROUP") == group
    people = adrec.filter(pl.col("RULE") == rule.name, among)
    common: Row = {
        "analysis": ANALYSIS,
        "reference": code,
        "reference_order": order,
        "parameter": published.endpoint,
        "population": rule.variable.population,
        "group": group,
        "horizon": f"day {day:g}",
        "time_day": day,
        "clock": rule.crossing.window.clock.value,
        "conf_level": spec.methods.conf_level,
    }
    applies = group in published.applies_to
    yield common | _in_print(published, applies)
    for measure, (case, test) in _CASES.items():
        found: Row = dict(proportion_row(people, case, day, spec.methods))
        del found["n_competing"]
        high = found.pop("estimate_high", None)
        assert high == found.get("estimate")
        here = common | found | {"measure": measure, "source": HERE}
        yield here
        differs = measure is ExternalMeasure.PROPORTION or found["n_unknown"] > 0
        if applies and published.p_values.shown and differs:
            yield from _tests(here, test, published)


def _in_print(published: PublishedProportion, applies: bool) -> Row:
    row: Row = {
        "measure": ExternalMeasure.PUBLISHED,
        "source": REFERENCE,
        "method": "as printed",
        "conf_type": published.conf_type,
        "n": published.n if applies else 0,
        "n_events": round(published.proportion * published.n) if applies else 0,
    }
    if not applies:
        groups = ", ".join(published.applies_to)
        return row | {
            "status": RowStatus.NOT_ESTIMABLE, "reason": f"no reference for this group: it applies to {groups}"
        }  # fmt: skip
    return row | {
        "estimate": published.proportion,
        "conf_low": published.conf_low,
        "conf_high": published.conf_high,
        "status": RowStatus.ESTIMATED,
    }


def _tests(here: Row, measure: ExternalMeasure, published: PublishedProportion) -> Iterator[Row]:
    """Exact tests over the declared proportions; the estimate and its interval are repeated beside each."""
    test = binomial_test(here["n_events"], here["n"], published.null_proportions)
    p_values = {"greater": test.p_greater, "less": test.p_less, "two-sided": test.p_two_sided}[published.alternative]
    for p0, p in zip(published.null_proportions, p_values, strict=True):
        row = here | {
            "measure": measure,
            "horizon": f"p0 = {p0:g}",
            "null_value": p0,
            "method": "exact binomial test",
            "alternative": published.alternative,
        }
        yield row | ({"p_value": float(p)} if here["status"] == RowStatus.ESTIMATED else {})
