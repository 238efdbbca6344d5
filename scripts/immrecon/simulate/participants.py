"""Screened and enrolled participants: identity, eligibility, baseline, graft and product."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from immrecon.simulate.parameters import COHORTS, DOSE_1E6_PER_KG, Cohort, StudyParameters
from immrecon.simulate.storylines import STORIES, Story
from immrecon.simulate.streams import stream


@dataclass(frozen=True)
class Baseline:
    age_years: int
    weight_kg: float
    height_cm: int
    performance_status: int
    diagnosis: str
    disease_status: str
    mrd: str
    cmv_recipient: str
    cmv_donor: str
    donor_type: str
    hla_match: str


@dataclass(frozen=True)
class Graft:
    source: str
    depletion_method: str
    cd34_1e6_per_kg: float
    cd3_1e4_per_kg: float
    conditioning: str
    atg: str


@dataclass(frozen=True)
class Product:
    target_1e6_per_kg: float
    cells_1e6_per_kg: float | None
    dosing_weight_kg: float
    viability_pct: int | None
    cd3_per_kg: int | None
    release_status: str


@dataclass(frozen=True)
class Participant:
    """One enrolled participant; `transplant` or `injection` is None where it did not take place."""

    slot: str
    subject: str
    site: str
    group: str
    dose_level: int
    sex: str
    birth: date
    screening: date
    enrolment: date
    protocol_version: int
    transplant: date | None
    injection: date | None
    baseline: Baseline
    graft: Graft
    product: Product
    story: Story


@dataclass(frozen=True)
class ScreenFailure:
    subject: str
    site: str
    sex: str
    birth: date
    screening: date
    protocol_version: int
    reason: str


FAILURE_REASONS = (
    "Karnofsky or Lansky below 70",
    "matched sibling donor available (paediatric)",
    "active infection",
    "prior allogeneic transplant",
    "disease progression before inclusion",
    "consent not given",
    "left ventricular ejection fraction below limit",
    "other cell therapy within 1 month",
)
# Median weight and height by age, both sexes (rounded from WHO/CDC growth charts).
AGE_YEARS = np.array([1, 2, 5, 10, 15, 18, 70])
WEIGHT_KG = np.array([10, 12.5, 18.5, 33, 57, 66, 76])
HEIGHT_CM = np.array([76, 87, 110, 139, 168, 171, 172])


def enrol(parameters: StudyParameters) -> tuple[list[Participant], list[ScreenFailure]]:
    """Participants in order of enrolment, and screen failures; ids count per site in order of screening."""
    drafts = [_draft(parameters, c, i) for c in COHORTS for i in range(len(c.sites))]
    failures = [_failure(parameters, i) for i in range(parameters.screen_failures)]
    queue: list[Participant | ScreenFailure] = sorted(
        [*drafts, *failures], key=lambda p: (p.screening, p.site, p.birth)
    )
    counter = dict.fromkeys(["01", "02", "03"], 0)
    enrolled, failed = [], []
    for person in queue:
        counter[person.site] += 1
        subject = f"{parameters.prefix}-{person.site}-{counter[person.site]:03d}"
        if isinstance(person, Participant):
            enrolled.append(replace(person, subject=subject))
        else:
            failed.append(replace(person, subject=subject))
    return sorted(enrolled, key=lambda p: (p.enrolment, p.subject)), failed


def _weekday(day: date) -> date:
    return day - timedelta(days=max(0, day.weekday() - 4))


def _years_before(day: date, years: int, rng: np.random.Generator) -> date:
    """A birth date giving `years` completed years at `day`."""
    return date(day.year - years, day.month, 1) - timedelta(days=int(rng.integers(20, 330)))


def completed_years(birth: date, at: date) -> int:
    """Age in completed years."""
    return at.year - birth.year - ((at.month, at.day) < (birth.month, birth.day))


def _draft(parameters: StudyParameters, cohort: Cohort, order: int) -> Participant:
    slot = f"{'A' if cohort.group == 'adult' else 'P'}{cohort.dose_level}-{order + 1}"
    story = STORIES.get(slot, Story())
    rng = stream(parameters.seed, "participant", slot)
    span = (cohort.last_enrolment - cohort.first_enrolment).days
    enrolment = _weekday(cohort.first_enrolment + timedelta(days=round(span * order / (len(cohort.sites) - 1))))
    version = 2 if enrolment >= parameters.protocol_v2_date else 1
    age = story.age_years if story.age_years is not None else _age(cohort.group, version, rng)
    birth = _years_before(enrolment, age, rng)
    transplant = enrolment + timedelta(days=int(rng.integers(20, 29)))
    injection = transplant + timedelta(
        days=int(rng.integers(parameters.injection_days[0], parameters.injection_days[1] + 1))
    )
    baseline = _baseline(cohort.group, version, completed_years(birth, enrolment), story, rng)
    transplanted = not story.not_transplanted
    return Participant(
        slot=slot,
        subject="",
        site=cohort.sites[order],
        group=cohort.group,
        dose_level=cohort.dose_level,
        sex="F" if rng.random() < 0.45 else "M",
        birth=birth,
        screening=_weekday(enrolment - timedelta(days=int(rng.integers(5, 13)))),
        enrolment=enrolment,
        protocol_version=story.protocol_version or version,
        transplant=transplant if transplanted else None,
        injection=injection if transplanted and not story.not_injected else None,
        baseline=baseline,
        graft=_graft(cohort.sites[order], cohort.group, rng),
        product=_product(cohort.dose_level, baseline, story, rng),
        story=story,
    )


def _failure(parameters: StudyParameters, order: int) -> ScreenFailure:
    rng = stream(parameters.seed, "screen failure", str(order))
    screening = _weekday(date(2024, 10, 7) + timedelta(days=84 * order + int(rng.integers(0, 40))))
    return ScreenFailure(
        subject="",
        site=str(rng.choice(["01", "02", "03"], p=[0.45, 0.3, 0.25])),
        sex="F" if rng.random() < 0.45 else "M",
        birth=_years_before(screening, int(rng.integers(3, 66)), rng),
        screening=screening,
        protocol_version=2 if screening >= parameters.protocol_v2_date else 1,
        reason=FAILURE_REASONS[order % len(FAILURE_REASONS)],
    )


def _age(group: str, version: int, rng: np.random.Generator) -> int:
    if group == "adult":
        return int(rng.integers(22 if version == 1 else 18, 66))
    return int(rng.choice([2, 3, 5, 6, 8, 9, 11, 13, 14, 16]))


def _baseline(group: str, version: int, age: int, story: Story, rng: np.random.Generator) -> Baseline:
    adult = group == "adult"
    diagnoses = ["AML", "ALL", "acute leukaemia of ambiguous lineage"] + (["MDS"] if adult and version == 2 else [])
    weights = np.array(([0.55, 0.33, 0.06, 0.06] if adult else [0.36, 0.56, 0.08])[: len(diagnoses)])
    diagnosis = story.diagnosis or str(rng.choice(diagnoses, p=weights / weights.sum()))
    if diagnosis == "MDS":
        status, mrd = "MDS with excess blasts", "not applicable"
    else:
        status = str(rng.choice(["CR1", "CR2", "CR3"], p=[0.62, 0.32, 0.06]))
        mrd = str(rng.choice(["negative", "positive"], p=[0.74, 0.26]))
    donors = ["matched unrelated", "mismatched unrelated"] + (["matched sibling"] if adult else [])
    shares = np.array([0.55, 0.2, 0.25] if adult else [0.66, 0.34])
    donor = str(rng.choice(donors, p=shares))
    return Baseline(
        age_years=age,
        weight_kg=round(float(np.interp(age, AGE_YEARS, WEIGHT_KG) * np.exp(rng.normal(0, 0.12))), 1),
        height_cm=round(float(np.interp(age, AGE_YEARS, HEIGHT_CM) * np.exp(rng.normal(0, 0.035)))),
        performance_status=int(rng.choice([70, 80, 90, 100], p=[0.1, 0.28, 0.4, 0.22])),
        diagnosis=diagnosis,
        disease_status=status,
        mrd=mrd,
        cmv_recipient="positive"
        if rng.random() < (0.55 if adult else 0.4) or story.cmv_day is not None
        else "negative",
        cmv_donor="positive" if rng.random() < 0.45 else "negative",
        donor_type=donor,
        hla_match="7/8" if donor == "mismatched unrelated" else "8/8",
    )


def _graft(site: str, group: str, rng: np.random.Generator) -> Graft:
    selected = rng.random() < {"01": 0.85, "02": 0.5, "03": 0.2}[site]
    regimens = (
        "TBI/thiotepa/cyclophosphamide",
        "busulfan/melphalan/fludarabine",
        "treosulfan/fludarabine/thiotepa",
    )
    shares = [0.4, 0.45, 0.15] if group == "adult" else [0.45, 0.25, 0.3]
    return Graft(
        source="peripheral blood",
        depletion_method="CD34 selection" if selected else "TCRab/CD19 depletion",
        cd34_1e6_per_kg=round(float(np.exp(rng.normal(np.log(8.5), 0.32))), 2),
        cd3_1e4_per_kg=round(float(np.exp(rng.normal(np.log(0.45 if selected else 2.6), 0.55))), 2),
        conditioning=str(rng.choice(regimens, p=shares)),
        atg="none" if rng.random() < 0.15 else f"rabbit ATG {rng.choice(['5', '7.5', '10'])} mg/kg",
    )


def _product(level: int, baseline: Baseline, story: Story, rng: np.random.Generator) -> Product:
    target = DOSE_1E6_PER_KG[level]
    ratio = float(np.exp(np.clip(rng.normal(-0.01, 0.05), -0.12, 0.08)))
    ratio = story.received_ratio if story.received_ratio is not None else ratio
    viability, contamination = int(rng.integers(82, 99)), round(float(np.exp(rng.normal(np.log(12), 1.2))))
    made = not story.not_transplanted
    out_of_specification = story.release_status == "out of specification"
    return Product(
        target_1e6_per_kg=target,
        cells_1e6_per_kg=None if story.not_injected or not made else round(target * ratio, 3),
        dosing_weight_kg=round(baseline.weight_kg * float(np.exp(rng.normal(0, 0.015))), 1),
        viability_pct=viability if made else None,
        cd3_per_kg=(21400 if out_of_specification else contamination) if made else None,
        release_status=story.release_status if made else "not manufactured",
    )
