"""Comparisons: what is declared in `comparisons.yaml`, by the methods that what is planned decides."""

from dataclasses import dataclass

import polars as pl

from immrecon.analyses.contrast_differences import difference_rows, restricted_mean_rows
from immrecon.analyses.contrast_ratios import ratio_rows
from immrecon.analyses.contrast_references import reference_rows
from immrecon.analyses.contrast_sample import Row, Sample, factor_of, make_sample
from immrecon.analyses.contrast_tests import test_rows
from immrecon.analyses.second_programmer import comparison_rows, kaplan_meier_rows
from immrecon.config.contrast_specs import ContrastSpec
from immrecon.contracts.results import CONTRASTS, SECOND_PROGRAMMER


@dataclass(frozen=True)
class ContrastResults:
    contrasts: pl.DataFrame
    second_programmer: pl.DataFrame


def estimate_contrasts(
    adtte: pl.DataFrame, adsl: pl.DataFrame, sc: pl.DataFrame, spec: ContrastSpec
) -> ContrastResults:
    """Every declared comparison of every endpoint it names, then the references in print.

    Time counts on the endpoint's clock. A landmark from which everybody is followed leaves the risk sets as they are
    without it, so ranks, hazard ratios and incidences need no left truncation; restricted means count from it.
    """
    samples = _samples(adtte, adsl, sc, spec)
    rows = [row for sample in samples for row in _rows(sample)] + reference_rows(adtte, adsl, spec)
    checks = kaplan_meier_rows(adtte, spec) + comparison_rows(samples)
    return ContrastResults(CONTRASTS.frame(rows), SECOND_PROGRAMMER.frame(checks))


def _samples(adtte: pl.DataFrame, adsl: pl.DataFrame, sc: pl.DataFrame, spec: ContrastSpec) -> list[Sample]:
    if spec.comparisons is None:
        return []
    return [
        make_sample(code, order, parameter, adtte, factor_of(comparison, adsl, sc, spec), spec)
        for order, (code, comparison) in enumerate(spec.comparisons.comparisons.items())
        for parameter in comparison.endpoints
    ]


def _rows(sample: Sample) -> list[Row]:
    return test_rows(sample) + difference_rows(sample) + restricted_mean_rows(sample) + ratio_rows(sample)
