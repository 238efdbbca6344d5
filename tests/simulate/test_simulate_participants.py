"""Who is enrolled: eligibility, dose escalation, product; against the registry's rules, not the simulator's."""

import itertools
from datetime import date, timedelta

import numpy as np
import pytest

from immrecon.simulate import Study
from immrecon.simulate.participants import Participant, ScreenFailure

V2 = date(2025, 6, 1)
DOSES = {1: 0.5, 2: 1.0, 3: 2.0, 4: 4.0}


def _age(birth: date, at: date) -> float:
    return (at - birth).days / 365.25


def test_numbers_enrolled_transplanted_injected(study: Study) -> None:
    assert len(study.enrolled) == 36
    assert len(study.failures) == 8
    assert sum(p.group == "adult" for p in study.enrolled) == 20
    assert sum(p.transplant is not None for p in study.enrolled) == 34
    assert sum(p.injection is not None for p in study.enrolled) == 31
    assert sum(p.enrolment <= date(2026, 3, 31) for p in study.enrolled) == 27
    assert max(p.enrolment for p in study.enrolled) <= date(2026, 8, 31)


def test_one_enrolment_falls_between_cut_off_and_extract(study: Study) -> None:
    assert sum(date(2026, 3, 31) < p.enrolment <= date(2026, 4, 12) for p in study.enrolled) == 1


def test_subject_ids_number_screenings_per_site(study: Study) -> None:
    people: list[Participant | ScreenFailure] = [*study.enrolled, *study.failures]
    everyone = sorted(people, key=lambda p: p.subject)
    for site in ("01", "02", "03"):
        own = [p for p in everyone if p.site == site]
        assert [p.subject for p in own] == [f"S101-{site}-{n:03d}" for n in range(1, len(own) + 1)]
        assert all(a.screening <= b.screening for a, b in itertools.pairwise(own))


def test_age_and_diagnosis_follow_the_protocol_version(study: Study) -> None:
    exceptions, against_protocol = [], []
    for p in study.enrolled:
        if p.story.protocol_version is not None:
            against_protocol.append((p.group, p.baseline.diagnosis, p.protocol_version))
            continue
        assert p.protocol_version == (2 if p.enrolment >= V2 else 1)
        age = _age(p.birth, p.enrolment)
        if p.group == "adult":
            assert age >= (21 if p.protocol_version == 1 else 18)
        elif age >= 18:
            exceptions.append((p.protocol_version, age))
        if p.baseline.diagnosis == "MDS":
            assert p.group == "adult"
            assert p.protocol_version == 2
    assert against_protocol == [("adult", "MDS", 1)]  # planted: the flag is to be seen
    assert len(exceptions) == 1
    version, age = exceptions[0]
    assert version == 1
    assert 18 <= age < 21
    assert sum(p.baseline.diagnosis == "MDS" for p in study.enrolled) >= 1


def test_remaining_eligibility(study: Study) -> None:
    for p in study.enrolled:
        assert p.baseline.performance_status >= 70
        if p.group == "paediatric":
            assert p.baseline.donor_type != "matched sibling"


def test_children_weigh_what_children_weigh(study: Study) -> None:
    for p in study.enrolled:
        low, high = (8, 45) if p.baseline.age_years < 10 else (20, 95) if p.baseline.age_years < 16 else (40, 120)
        assert low < p.baseline.weight_kg < high
        assert p.product.dosing_weight_kg == pytest.approx(p.baseline.weight_kg, rel=0.06)


def test_injection_on_day_4_to_10(study: Study) -> None:
    days = [(p.injection - p.transplant).days for p in study.enrolled if p.injection and p.transplant]
    assert min(days) >= 4
    assert max(days) <= 10
    assert len(set(days)) >= 5


def test_injected_per_dose_level(study: Study) -> None:
    counts = {(g, d): 0 for g in ("adult", "paediatric") for d in DOSES}
    for p in study.enrolled:
        if p.injection:
            counts[p.group, p.dose_level] += 1
    assert counts == {
        ("adult", 1): 4, ("adult", 2): 3, ("adult", 3): 5, ("adult", 4): 5,
        ("paediatric", 1): 3, ("paediatric", 2): 3, ("paediatric", 3): 3, ("paediatric", 4): 5,
    }  # fmt: skip


@pytest.mark.parametrize("group", ["adult", "paediatric"])
def test_a_level_opens_28_days_after_the_third_injection_of_the_level_below(study: Study, group: str) -> None:
    injections = {
        d: sorted(p.injection for p in study.enrolled if p.injection and p.group == group and p.dose_level == d)
        for d in DOSES
    }
    for level in (2, 3, 4):
        assert injections[level][0] >= injections[level - 1][2] + timedelta(days=28)


def test_adults_open_each_level(study: Study) -> None:
    for level in DOSES:
        first = {
            g: min(p.enrolment for p in study.enrolled if p.group == g and p.dose_level == level)
            for g in ("adult", "paediatric")
        }
        assert first["adult"] < first["paediatric"]


def test_received_dose_is_near_the_assigned_but_for_one(study: Study) -> None:
    ratios = [p.product.cells_1e6_per_kg / DOSES[p.dose_level] for p in study.enrolled if p.product.cells_1e6_per_kg]
    assert len(ratios) == 31
    far = [r for r in ratios if not 0.85 < r < 1.15]
    assert len(far) == 1
    assert far[0] == pytest.approx(0.42, abs=0.01)
    assert np.median(ratios) == pytest.approx(1.0, abs=0.05)


def test_not_injected_reasons(study: Study) -> None:
    reasons = sorted(p.story.not_injected for p in study.enrolled if p.transplant and not p.injection)
    assert len(reasons) == 3
    assert [("specification" in r, "died" in r, "consent" in r) for r in reasons].count((True, False, False)) == 1
    assert any("died" in r for r in reasons)
    assert any("consent" in r for r in reasons)
