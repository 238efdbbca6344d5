"""Every number of the synthetic study, with its unit in its name and its source beside it.

"Assumed" means chosen for plausibility; it is truth for the demo and evidence of nothing.
"""

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class DataCut:
    """Events up to and including `cut_off` count; files were taken on `extract` and may hold later ones."""

    cut_off: date
    extract: date

    @property
    def name(self) -> str:
        return self.cut_off.isoformat()


@dataclass(frozen=True)
class Cohort:
    """Participants of one group at one dose level; one site number per enrolment, in order."""

    group: str
    dose_level: int
    first_enrolment: date
    last_enrolment: date
    sites: tuple[str, ...]


@dataclass(frozen=True)
class Curve:
    """log10 count per uL at t days: plateau - (plateau - start) * exp(-max(t - onset, 0) / time_constant).

    An exponential approach on the log scale is Gompertz growth of the count itself.
    """

    start_log10: float
    plateau_log10: float
    time_constant_days: float
    onset_day: float
    start_sd_log10: float
    plateau_sd_log10: float
    time_constant_log_sd: float


@dataclass(frozen=True)
class Laboratory:
    """What one laboratory can measure and when it takes samples."""

    code: str
    name: str
    limit_of_quantification_per_ul: int
    upper_limit_per_ul: int | None
    last_sampling_weekday: int  # 0 = Monday; flow laboratories do not run at weekends
    turnaround_days: tuple[int, int]


# Medians after ex-vivo T-cell depletion: CD4 about 15, 100, 220, 400 per uL at days 30, 100, 180, 365; CD8
# overtakes CD4 from about day 60; NK near normal from day 30; B cells from month 3 (assumed, within published
# cohorts).
CURVES: dict[str, Curve] = {
    "CD4": Curve(0.44, 2.60, 81.0, 0.0, 0.36, 0.13, 0.22),
    "CD8": Curve(0.35, 2.70, 72.0, 0.0, 0.35, 0.22, 0.28),
    "CD19": Curve(-0.60, 2.45, 75.0, 30.0, 0.30, 0.20, 0.25),
    "NK": Curve(0.60, 2.20, 11.0, 0.0, 0.25, 0.15, 0.20),
}


@dataclass(frozen=True)
class Kinetics:
    """Effects shared by all participants; residuals in log10 units."""

    dose_log_rate_per_doubling: float = 0.10  # time constant falls by about 10 % per doubling of the dose (assumed)
    reference_dose_1e6_per_kg: float = 1.0
    not_injected_dose_1e6_per_kg: float = (
        0.25  # kinetics of those not injected: two doublings below reference (assumed)
    )
    paediatric_time_constant_ratio: float = 0.88  # younger age favours CD4 recovery: van Roessel 2020, HR 0.97 per year
    paediatric_plateau_shift_log10: float = 0.08  # assumed
    double_negative_share_late: float = 0.06  # DN and gamma-delta share of CD3 in health (assumed, 5-10 %)
    double_negative_share_tcrab_early: float = 0.42  # added share at day 0 after TCRab depletion (assumed)
    double_negative_decay_days: float = 60.0
    naive_share_start: float = 0.04
    naive_share_plateau_adult: float = 0.30
    naive_share_plateau_paediatric: float = 0.55
    naive_time_constant_days: float = 190.0
    rte_share_of_naive_adult: float = 0.55  # CD31+ share of naive CD4 (assumed; ARUP 2010179 ranges by age)
    rte_share_of_naive_paediatric: float = 0.75
    cmv_cd8_boost_log10: float = 0.26  # CMV drives CD8 expansion (assumed)
    steroid_drop_log10: float = 0.22  # while on systemic steroids (assumed)
    relapse_drop_log10: float = 0.75  # leukaemia displaces lymphocytes (assumed)
    donor_lymphocytes_boost_log10: float = 0.30
    residual_sample_log10: float = 0.12  # shared by all subsets of a sample
    residual_analyte_log10: float = 0.05
    residual_assay_log10: float = 0.02  # about 5 %
    residual_lymphocyte_count_log10: float = 0.025  # dual platform: the count comes from another tube


DOSE_1E6_PER_KG: dict[int, float] = {1: 0.5, 2: 1.0, 3: 2.0, 4: 4.0}  # assumed levels

COHORTS: tuple[Cohort, ...] = (
    Cohort("adult", 1, date(2024, 9, 9), date(2024, 11, 18), ("01", "01", "02", "01")),
    Cohort("adult", 2, date(2025, 1, 6), date(2025, 4, 1), ("01", "02", "01", "02")),
    Cohort("paediatric", 1, date(2025, 1, 20), date(2025, 3, 24), ("01", "03", "02")),
    Cohort("adult", 3, date(2025, 5, 5), date(2025, 10, 20), ("01", "02", "01", "03", "01", "02")),
    Cohort("paediatric", 2, date(2025, 5, 19), date(2025, 10, 6), ("03", "02", "03", "01")),
    Cohort("adult", 4, date(2025, 11, 17), date(2026, 6, 8), ("01", "02", "01", "03", "02", "01")),
    Cohort("paediatric", 3, date(2025, 12, 8), date(2026, 6, 5), ("03", "02", "03", "01")),
    Cohort("paediatric", 4, date(2026, 5, 26), date(2026, 8, 14), ("03", "02", "03", "01", "03")),
)

SITES: dict[str, str] = {"01": "New York", "02": "Paris", "03": "Utrecht"}

LABORATORIES: dict[str, Laboratory] = {
    "01": Laboratory("central", "US central laboratory", 2, 2000, 4, (1, 4)),
    "02": Laboratory("paris", "Paris hospital immunology", 5, None, 3, (1, 3)),
    "03": Laboratory("utrecht", "Utrecht flow cytometry", 1, None, 4, (1, 6)),
}


@dataclass(frozen=True)
class Visit:
    label: str
    day: int
    window_days: int


# Two-weekly to day 100, then months 6, 9, 12, 18 (Utrecht/MSK practice; Westhafen recommendation later).
VISITS: tuple[Visit, ...] = (
    Visit("Baseline", -14, 4),
    Visit("Day 14", 14, 2),
    Visit("Day 28", 28, 3),
    Visit("Day 42", 42, 3),
    Visit("Day 56", 56, 3),
    Visit("Day 70", 70, 4),
    Visit("Day 84", 84, 4),
    Visit("Day 100", 100, 6),
    Visit("Day 140", 140, 9),
    Visit("Day 180", 180, 12),
    Visit("Day 270", 270, 14),
    Visit("Day 365", 365, 21),
    Visit("Day 540", 540, 28),
)

# The plan: 36 within 22 months, slow while dose level 1 fills (assumed).
PLANNED_CUMULATIVE: tuple[int, ...] = (
    1, 2, 4, 5, 7, 8, 10, 12, 13, 15, 17, 18, 20, 22, 23, 25, 27, 28, 30, 32, 34, 36, 36, 36,
)  # fmt: skip


@dataclass(frozen=True)
class StudyParameters:
    """The whole study. Another `seed` gives another study with the same storylines."""

    seed: int = 20260930
    prefix: str = "S101"
    cuts: tuple[DataCut, ...] = (
        DataCut(date(2026, 3, 31), date(2026, 4, 12)),
        DataCut(date(2026, 9, 30), date(2026, 10, 12)),
    )
    protocol_v2_date: date = date(
        2025, 6, 1
    )  # adults from 18 instead of 21, MDS added for adults (two registry versions)
    adult_age_v1_years: int = 21
    adult_age_v2_years: int = 18
    injection_days: tuple[int, int] = (4, 10)  # registry: day 4 to day 10 after transplant
    screen_failures: int = 8
    missed_visit_share: dict[str, float] = field(default_factory=lambda: {"01": 0.05, "02": 0.08, "03": 0.04})
    unscheduled_share: float = 0.05

    @property
    def horizon(self) -> date:
        """Last day on which anything of the demo is known."""
        return self.cuts[-1].extract
