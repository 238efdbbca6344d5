"""The course of counts in numbers: areas, slopes, maxima by hand; who has none, and why; invariants; nothing to work on.

Against R: test_kinetics_golden. Areas are to day 100 from 0 on day 0, and need two samples; carried up to 14 days.
"""

from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose

from immrecon.analyses.kinetics import Kinetics, estimate_kinetic_parameters
from immrecon.config.kinetics import Kinetics as Declared
from immrecon.config.kinetics import check_kinetics
from immrecon.contracts.io import validate
from immrecon.contracts.results import GROWTH_CURVES, KINETIC_COMPARISONS, KINETIC_PARAMETERS, KINETIC_SUMMARY
from immrecon.vocabulary import KineticMeasure

from .rows import Row, adlb, adoc, adsl, died, on, person, sample
from .specs import KINETICS, kinetic_spec

AREA, SLOPE, DOUBLING = KineticMeasure.AREA, KineticMeasure.SLOPE, KineticMeasure.DOUBLING
MAXIMUM, TIME = KineticMeasure.MAXIMUM, KineticMeasure.TIME_TO_MAXIMUM


def estimated(
    people: pl.DataFrame, samples: pl.DataFrame, events: pl.DataFrame | None = None, **changes: Any
) -> Kinetics:
    spec = kinetic_spec(kinetics=KINETICS | changes)
    result = estimate_kinetic_parameters(people, samples, adoc() if events is None else events, spec)
    validate(KINETIC_PARAMETERS, result.parameters)
    validate(KINETIC_SUMMARY, result.summary)
    validate(KINETIC_COMPARISONS, result.comparisons)
    validate(GROWTH_CURVES, result.growth_curves)
    return result


def one(samples: list[tuple[int, str | float]], measure: str = AREA, variant: str = "primary", **changes: Any) -> Row:
    """The row of the one participant with these days and results."""
    of_person = {key: changes.pop(key) for key in list(changes) if key.isupper()}
    rows = [sample("P", day, text) for day, text in samples]
    parameters = estimated(adsl(person("P", **of_person)), adlb(*rows), **changes).parameters
    return parameters.row(by_predicate=(pl.col("measure") == measure) & (pl.col("variant") == variant), named=True)


# ---- areas ----------------------------------------------------------------------------------------------------------

AREA_RULE = KINETICS["area"]


@pytest.mark.parametrize(
    ("samples", "area"),
    [
        # 0 to 10 on day 20: 100; 10 to 30 on day 100: 80 x 20 = 1600.
        ([(20, 10), (100, 30)], 1700),
        # Interpolated: 30 on day 120 and 10 on day 20 make 26 on day 100: 100 + 80 x 18.
        ([(20, 10), (40, 14), (120, 30)], 1540),
        # Carried from day 90: 100 + 70 x 20 + 10 x 30.
        ([(20, 10), (90, 30)], 1800),
        ([(20, 10), (86, 30)], 100 + 66 * 20 + 14 * 30),
        # A sample on day 0 takes the place of the start.
        ([(0, 40), (20, 10), (100, 30)], 500 + 1600),
        # Below 5 counts as 2.5; before day 0 nothing counts.
        ([(20, "<5"), (100, 30)], 25 + 80 * 16.25),
        ([(-5, 900), (20, 10), (100, 30)], 1700),
        # Above a limit counts as the limit.
        ([(20, 10), (100, ">30")], 1700),
        ([(20, 0), (100, 0)], 0),
    ],
)
def test_area_by_hand(samples: list[tuple[int, str | float]], area: float) -> None:
    row = one(samples)
    assert_allclose(row["value"], area, rtol=1e-12)
    assert row["status"] == "estimated"
    assert_allclose(one(samples, KineticMeasure.AVERAGE)["value"], area / 100, rtol=1e-12)


def test_area_of_a_falling_count_with_logarithms() -> None:
    """From 40 on day 20 to 10 on day 100: 80 x 30 / ln 4; the rise from 0 by the trapezoid."""
    row = one([(20, 40), (100, 10)], variant="linear-up log-down")
    assert_allclose(row["value"], 400 + 80 * 30 / np.log(4), rtol=1e-12)


def test_the_other_factor_of_a_limit_is_a_variant() -> None:
    row = one([(20, "<5"), (100, 30)], variant="below-limit result as 1 x its limit")
    assert_allclose(row["value"], 50 + 80 * 17.5, rtol=1e-12)
    assert "below-limit result as 1 x its limit" in row["method"]
    assert (row["n_samples"], row["n_below_limit"]) == (2, 1)
    assert "below-limit result as 0.5 x its limit" in one([(20, 10), (100, 30)])["method"]


def test_without_a_start_value_the_first_sample_stands_for_day_0() -> None:
    area = AREA_RULE | {"start_value": None}
    assert_allclose(one([(10, 10), (100, 30)], area=area)["value"], 100 + 90 * 20, rtol=1e-12)
    late = one([(20, 10), (100, 30)], area=area)
    assert late["reason"] == "first sample more than 14 days after day 0"


@pytest.mark.parametrize(
    ("samples", "changes", "reason"),
    [
        ([], {}, "no sample"),
        ([(50, 10)], {}, "fewer than 2 samples by day 100"),
        ([(50, 10), (120, 30)], {}, "fewer than 2 samples by day 100"),
        ([(50, 10), (85, 30)], {}, "last sample more than 14 days before day 100"),
        ([(20, 10), (90, 30)], died(95), "died by day 100"),
        ([(20, 10), (90, 30)], died(100), "died by day 100"),
        ([(20, 10), (90, 30)], {"DTHFL": "Y", "DTHHIDY": 99.0}, "died by day 100"),
        ([(20, 10), (90, 30)], {"DTHUNFL": "Y"}, "died on an unknown day"),
        ([(20, 10), (90, 30)], {"WDDT": on(99)}, "left the study before day 100"),
        ([(20, 10), (90, 30)], {"WDUNFL": "Y"}, "left the study on an unknown day"),
        # The cut-off is day 180 of a transplant on day 0.
        ([(20, 10), (90, 30)], {"HSCTDT": on(81)}, "not followed to day 100 by the cut-off"),
    ],
)
def test_without_an_area_there_is_a_reason(samples: list[tuple[int, float]], changes: Row, reason: str) -> None:
    row = one(samples, **changes)
    assert row["value"] is None
    assert (row["status"], row["reason"]) == ("not estimable", reason)


@pytest.mark.parametrize("changes", [died(101), {"WDDT": on(100)}, {"HSCTDT": on(80)}])
def test_who_was_followed_to_the_end_has_an_area(changes: Row) -> None:
    samples = [sample("P", day, text, ADT=None) for day, text in ((20, 10), (90, 30))]
    result = estimated(adsl(person("P", **changes)), adlb(*samples))
    assert result.parameters.filter(measure=str(AREA), variant="primary")["value"].to_list() == pytest.approx([1800.0])


def test_of_two_samples_of_one_day_the_lower_record_number_counts() -> None:
    samples = [sample("P", 20, 10, LBSEQ=7), sample("P", 20, 99, LBSEQ=8), sample("P", 100, 30, LBSEQ=9)]
    result = estimated(adsl(person("P")), adlb(*samples))
    assert result.parameters.filter(measure=str(AREA), variant="primary")["value"].to_list() == [1700]


# ---- slope, doubling time, maximum ----------------------------------------------------------------------------------


def test_slope_and_doubling_time_by_hand() -> None:
    """Doubled every 10 days: slope 0.1. The sample before day 28 is not in the window."""
    samples = [(20, 700.0), (30, 10.0), (40, 20.0), (60, 80.0)]
    assert_allclose(one(samples, SLOPE)["value"], 0.1, rtol=1e-12)
    assert_allclose(one(samples, DOUBLING)["value"], 10, rtol=1e-12)
    assert one(samples, SLOPE)["n_samples"] == 3


def test_a_falling_count_has_a_slope_and_no_doubling_time() -> None:
    samples = [(30, 80.0), (40, 40.0), (60, 10.0)]
    assert_allclose(one(samples, SLOPE)["value"], -0.1, rtol=1e-12)
    assert one(samples, DOUBLING)["reason"] == "the count does not rise"


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        ([(30, 10), (40, 20), (190, 30)], "fewer than 3 samples on days 28 to 180"),
        ([(30, 10), (40, 0), (60, 30)], "a count of 0 has no logarithm"),
    ],
)
def test_without_a_slope_there_is_a_reason(samples: list[tuple[int, float]], reason: str) -> None:
    assert one(samples, SLOPE)["reason"] == reason
    assert one(samples, DOUBLING)["reason"] == reason


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([(20, 10), (40, 50), (90, 30)], (50, 40, None)),
        # Reached twice: the first day. Reached at the last sample alone: it may rise further.
        ([(20, 10), (40, 50), (90, 50)], (50, 40, None)),
        ([(20, 10), (40, 50), (90, 60)], (60, 90, "reached at the last sample up to the day: it may rise further")),
        ([(20, 10), (40, 50), (110, 60)], (50, 40, "reached at the last sample up to the day: it may rise further")),
        # Below the limit counts as half of it.
        ([(20, "<50"), (40, 20), (90, 10)], (25, 20, None)),
    ],
)
def test_maximum(samples: list[tuple[int, str | float]], expected: tuple[float, float, str | None]) -> None:
    largest, when = one(samples, MAXIMUM), one(samples, TIME)
    assert (largest["value"], when["value"], largest["reason"]) == expected
    assert when["reason"] == expected[2]


def test_no_maximum_of_who_was_not_followed_to_the_end() -> None:
    assert one([(20, 10), (40, 50)], MAXIMUM, **died(60))["reason"] == "died by day 100"


# ---- by group -------------------------------------------------------------------------------------------------------


def seven() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Areas 1700 and so on, times 1 to 6 of group A, and one of group B who died."""
    people = [person(f"A{i}") for i in range(1, 7)] + [person("B1", "B", "DL2", **died(50))]
    samples = [sample(f"A{i}", day, value * i) for i in range(1, 7) for day, value in ((20, 10), (100, 30))]
    return adsl(*people), adlb(*samples, sample("B1", 20, 10, "B", "DL2"))


def summary_of(result: Kinetics, group: str, measure: str = AREA, dose: str = "all", variant: str = "primary") -> Row:
    chosen = {"group": group, "dose_level": dose, "measure": str(measure), "variant": variant}
    return result.summary.row(by_predicate=pl.all_horizontal(pl.col(k) == v for k, v in chosen.items()), named=True)


def test_summary_by_hand() -> None:
    row = summary_of(estimated(*seven()), "A")
    assert_allclose([row["median"], row["q1"], row["q3"]], [1700 * 3.5, 1700 * 2.25, 1700 * 4.75], rtol=1e-12)
    # Six values: smallest and largest.
    assert_allclose([row["median_conf_low"], row["median_conf_high"]], [1700, 6 * 1700], rtol=1e-12)
    assert_allclose(row["geometric_mean"], 1700 * np.prod(np.arange(1, 7.0)) ** (1 / 6), rtol=1e-7)
    assert (row["n_total"], row["n"], row["n_missing"], row["missing_reasons"]) == (6, 6, 0, None)


def test_everybody_is_counted_with_a_reason() -> None:
    result = estimated(*seven())
    pooled = summary_of(result, "all")
    assert (pooled["n_total"], pooled["n"], pooled["missing_reasons"]) == (7, 6, "1 died by day 100")
    alone = summary_of(result, "B")
    assert (alone["status"], alone["reason"], alone["n_total"]) == ("not estimable", "no value", 1)
    assert alone["geometric_mean_reason"] == "no value"
    nobody = summary_of(result, "A", dose="DL2")
    assert (nobody["n_total"], nobody["reason"]) == (0, "nobody in the stratum")


def test_variants_are_given_for_all_dose_levels_together() -> None:
    variants = estimated(*seven()).summary.filter(pl.col("variant") != "primary")
    assert set(variants["dose_level"]) == {"all"}


@pytest.mark.parametrize(("factor", "seed"), [(0.001, 1), (7.3, 2)])
def test_the_unit_rescales_and_the_order_of_rows_does_not_matter(factor: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = [
        (f"P{i}", "AB"[i % 2], day, float(rng.uniform(5, 20) * day)) for i in range(6) for day in (15, 40, 70, 100)
    ]
    people = adsl(*(person(f"P{i}", "AB"[i % 2]) for i in range(6)))
    first = estimated(people, adlb(*(sample(n, d, v, g) for n, g, d, v in drawn)))
    other = [sample(n, d, v * factor, g, AVAL=v * factor) for n, g, d, v in reversed(drawn)]
    again = estimated(people.reverse(), adlb(*other))
    for measure, power in ((AREA, 1), (MAXIMUM, 1), (SLOPE, 0), (DOUBLING, 0), (TIME, 0)):
        for column in ("median", "q1", "q3"):
            a, b = (summary_of(result, "all", measure)[column] for result in (first, again))
            assert_allclose(b, a * factor**power, rtol=1e-9)
    shifts = [result.comparisons.filter(measure=str(AREA), ranking="measured") for result in (first, again)]
    assert_allclose(shifts[1]["estimate"][0], shifts[0]["estimate"][0] * factor, rtol=1e-9)
    assert shifts[1]["p_value"][0] == pytest.approx(shifts[0]["p_value"][0], rel=1e-12)


# ---- nothing to work on ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 2, 3])
@pytest.mark.parametrize("what", ["no samples", "all below", "all dead", "all equal"])
def test_few_participants(n: int, what: str) -> None:
    texts = {"no samples": [], "all below": ["<5", "<5", "<5"], "all dead": [10, 20, 30], "all equal": [10, 10, 10]}
    people = [person(f"P{i}", "AB"[i % 2], **(died(10) if what == "all dead" else {})) for i in range(n)]
    samples = [
        sample(f"P{i}", day, text, "AB"[i % 2])
        for i in range(n)
        for day, text in zip((2, 60, 100), texts[what], strict=False)
        if what != "all dead" or day < 10
    ]
    events = adoc(*((f"P{i}", "death", 10.0) for i in range(n) if what == "all dead"))
    growth = {
        "analytes": ["CD4"], "models": ["logistic", "gompertz", "four-parameter-logistic"], "to_day": 180,
        "last_at_least_day": None, "fewest_values": 5,
    }  # fmt: skip
    result = estimated(adsl(*people), adlb(*samples), events, growth=growth)
    # Two horizons, no: one; three variants of areas, one average, two of slope and doubling time, maximum and its day.
    assert result.parameters.height == n * (3 + 1 + 2 * 2 + 2)
    if n == 0:
        assert all(table.is_empty() for table in (result.summary, result.comparisons))
        return
    pooled = summary_of(result, "all")
    assert pooled["n_total"] == n
    assert pooled["n"] == (n if what in ("all below", "all equal") else 0)
    assert set(result.growth_curves["status"]) == {"not estimable"}
    assert result.comparisons.height == 2 * 3 + 1


def test_nothing_is_analysed_without_the_section() -> None:
    result = estimate_kinetic_parameters(adsl(person("P")), adlb(), adoc(), kinetic_spec(kinetics=None))
    assert all(table.is_empty() for table in vars(result).values())


def test_without_a_comparison_nothing_is_compared() -> None:
    assert estimated(*seven(), comparison=None).comparisons.is_empty()
    result = estimated(*seven(), slope=None, maximum=None)
    assert set(result.parameters["measure"]) == {AREA, KineticMeasure.AVERAGE}


# ---- configuration --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"analytes": ["CD4", "CD4"]}, "twice"),
        ({"area": AREA_RULE | {"to_days": [0]}}, "after day 0"),
        ({"slope": {"first_day": 50, "last_day": 28, "fewest_samples": 3}}, "not before last_day"),
        (
            {
                "growth": {
                    "analytes": ["NK"], "models": ["logistic"], "to_day": 9, "last_at_least_day": None,
                    "fewest_values": 5,
                }
            },
            "NK is not among",
        ),
    ],
)  # fmt: skip
def test_impossible_configurations_are_refused(changes: Row, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Declared.model_validate(KINETICS | changes)


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ({"analytes": ["CD3"]}, "kinetics.analytes: CD4"),
        ({"groups": ["B"]}, "kinetics.comparison.reference: A"),
        ({"visits": ["D14"]}, "kinetics.comparison.visits: D28"),
        ({"occurrences": ["death"]}, "kinetics.comparison.worst_ranks.BOTH: relapse"),
    ],
)
def test_names_that_are_not_declared_are_refused(known: Row, message: str) -> None:
    everything = {"analytes": ["CD4"], "groups": ["A", "B"], "visits": ["D28"], "occurrences": ["death", "relapse"]}
    check_kinetics(Declared.model_validate(KINETICS), **everything)
    with pytest.raises(ValueError, match=message):
        check_kinetics(Declared.model_validate(KINETICS), **(everything | known))
