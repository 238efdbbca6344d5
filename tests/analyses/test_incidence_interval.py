"""Interval of an incidence on a day, where the estimator has one and where it has none."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from immrecon.analyses.incidence_interval import incidence_on
from immrecon.stats.competing_risks import aalen_johansen


def test_everybody_had_the_event():
    # 3 of 3 by day 30: Clopper and Pearson's lower limit is 0.025^(1/3).
    found = incidence_on(aalen_johansen([10, 20, 30], [1, 1, 1], causes=[1, 2]), 30)
    assert_allclose((found.estimate, found.std_error, found.conf_low, found.conf_high), (1, 0, 0.025 ** (1 / 3), 1))
    assert found.reason == "everybody had the event: exact one-sided bound at 97.5%, denominator the events"


def test_those_censored_before_are_no_denominator():
    found = incidence_on(aalen_johansen([10, 15, 20, 30], [1, 0, 1, 1], causes=[1, 2], conf_level=0.9), 30)
    assert_allclose((found.estimate, found.conf_low), (1, 0.05 ** (1 / 3)))


def test_before_everybody_had_it_the_interval_is_that_of_the_estimator():
    fit = aalen_johansen([10, 20, 30, 40], [1, 2, 1, 0], causes=[1, 2])
    at = fit.at([30])
    found = incidence_on(fit, 30)
    assert found[:4] == (at.incidence[0, 0], at.std_error[0, 0], at.conf_low[0, 0], at.conf_high[0, 0])
    assert found.reason is None


def test_no_event_yet():
    found = incidence_on(aalen_johansen([10, 20, 30], [2, 0, 0], causes=[1, 2]), 20)
    assert_allclose((found.estimate, found.conf_low, found.conf_high), (0, 0, 1 - 0.025 ** (1 / 3)))
    assert found.reason is not None
    assert found.reason.startswith("no event yet: exact one-sided bound at 97.5%")


@pytest.mark.parametrize("options", [{"entry": [0, 5, 5]}, {"weights": [1.0, 2.0, 1.0]}], ids=str)
def test_no_exact_bound_with_weights_or_delayed_entry(options):
    found = incidence_on(aalen_johansen([10, 20, 30], [1, 1, 1], causes=[1, 2], **options), 30)
    assert found.estimate == 1
    assert np.isnan([found.conf_low, found.conf_high]).all()
    assert found.reason == "no log-log interval exists at this estimate"
