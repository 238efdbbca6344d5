"""True lymphocyte subset counts of one participant at any day after transplant.

Counts per uL (= 10^6/L). CD3 is the sum of CD4, CD8 and double-negative (mostly gamma-delta) cells, so that
CD4 + CD8 <= CD3 holds exactly in the truth; naive CD4 <= CD4 and RTE <= naive likewise.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from immrecon.simulate.parameters import CURVES, Curve, Kinetics, StudyParameters
from immrecon.simulate.streams import stream
from immrecon.simulate.timeline import Course

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TrueCurve:
    """A participant's own realisation of `Curve`: no standard deviations left, only numbers."""

    start_log10: float
    plateau_log10: float
    time_constant_days: float
    onset_day: float

    def at(self, day: Array) -> Array:
        """log10 count per uL, days from transplant; shape of `day`."""
        elapsed = np.maximum(day - self.onset_day, 0.0) / self.time_constant_days
        return self.plateau_log10 - (self.plateau_log10 - self.start_log10) * np.exp(-elapsed)

    def day_reaching(self, count_per_ul: float) -> float | None:
        """First day the curve exceeds a count; None if its plateau does not."""
        gap = self.plateau_log10 - np.log10(count_per_ul)
        if gap <= 0:
            return None
        span = self.plateau_log10 - self.start_log10
        return float(self.onset_day + self.time_constant_days * max(0.0, np.log(span / gap)))


def participant_curves(parameters: StudyParameters, course: Course, kinetics: Kinetics) -> dict[str, TrueCurve]:
    """Random effects, dose effect and group effect applied to the population curves."""
    person = course.participant
    dose = person.product.cells_1e6_per_kg or kinetics.not_injected_dose_1e6_per_kg
    doublings = np.log2(dose / kinetics.reference_dose_1e6_per_kg)
    paediatric = person.group == "paediatric"
    rng = stream(parameters.seed, "curves", person.slot)
    shared = rng.standard_normal(2)  # CD4 and CD8 recover together
    curves = {}
    for analyte, curve in CURVES.items():
        ratio = kinetics.paediatric_time_constant_ratio if paediatric else 1.0
        if analyte in ("CD4", "CD8"):
            ratio *= float(np.exp(-kinetics.dose_log_rate_per_doubling * doublings))
        own = _realise(curve, shared, rng)
        curves[analyte] = replace(
            own,
            time_constant_days=own.time_constant_days * ratio,
            plateau_log10=own.plateau_log10 + (kinetics.paediatric_plateau_shift_log10 if paediatric else 0.0),
        )
    return curves


def _realise(curve: Curve, shared: Array, rng: np.random.Generator) -> TrueCurve:
    """Random effects: correlation 0.8 between analytes in plateau and rate, independent starts."""
    own = rng.standard_normal(3)
    plateau, rate = 0.8 * shared + 0.6 * own[:2]
    return TrueCurve(
        start_log10=curve.start_log10 + curve.start_sd_log10 * float(own[2]),
        plateau_log10=curve.plateau_log10 + curve.plateau_sd_log10 * float(plateau),
        time_constant_days=curve.time_constant_days * float(np.exp(-curve.time_constant_log_sd * rate)),
        onset_day=curve.onset_day,
    )


def through(curve: TrueCurve, day: float, count_per_ul: float) -> TrueCurve:
    """The same curve with its time constant changed so that it passes through a count on a day."""
    span = curve.plateau_log10 - curve.start_log10
    gap = curve.plateau_log10 - np.log10(count_per_ul)
    return replace(curve, time_constant_days=float((day - curve.onset_day) / np.log(span / gap)))


def true_counts(course: Course, curves: dict[str, TrueCurve], day: Array, kinetics: Kinetics) -> dict[str, Array]:
    """Counts per uL by analyte, with the effects of events; each has the shape of `day` (>= 0)."""
    clock = _recovery_clock(course, day)
    log10 = {a: c.at(clock) for a, c in curves.items()}
    shift = _event_shift(course, day, kinetics)
    cmv = np.zeros_like(day)
    for r in course.reactivations:
        if r.virus == "CMV":
            cmv = np.maximum(cmv, kinetics.cmv_cd8_boost_log10 * np.clip((day - r.day) / 30.0, 0.0, 1.0))
    lymph = {
        "CD4": shift,
        "CD8": shift + cmv,
        "CD19": 1.3 * np.minimum(shift, 0),
        "NK": 0.5 * np.minimum(shift, 0),
    }
    return compose(course, {a: 10 ** (log10[a] + lymph[a]) for a in log10}, clock, kinetics)


def compose(course: Course, base: dict[str, Array], clock: Array, kinetics: Kinetics) -> dict[str, Array]:
    """Adds CD3, naive CD4, RTE and lymphocytes to the four basic subsets; parts never exceed the whole."""
    share = double_negative_share(course, clock, kinetics)
    adult = course.participant.group == "adult"
    plateau = kinetics.naive_share_plateau_adult if adult else kinetics.naive_share_plateau_paediatric
    naive = kinetics.naive_share_start + plateau * (1 - np.exp(-clock / kinetics.naive_time_constant_days))
    rte = kinetics.rte_share_of_naive_adult if adult else kinetics.rte_share_of_naive_paediatric
    cd3 = (base["CD4"] + base["CD8"]) / (1 - share)
    counts = {**base, "CD3": cd3, "CD4_NAIVE": base["CD4"] * naive, "RTE": base["CD4"] * naive * rte}
    counts["ALC"] = 1.03 * (cd3 + base["CD19"] + base["NK"])
    return counts


def double_negative_share(course: Course, clock: Array, kinetics: Kinetics) -> Array:
    """Share of CD3 that is neither CD4 nor CD8; early gamma-delta cells dominate after TCRab depletion."""
    share = np.full_like(clock, kinetics.double_negative_share_late)
    if course.participant.graft.depletion_method.startswith("TCRab"):
        decay = np.exp(-clock / kinetics.double_negative_decay_days)
        share = share + kinetics.double_negative_share_tcrab_early * decay
    return share


def _recovery_clock(course: Course, day: Array) -> Array:
    """Days since the graft that is growing: near zero from graft failure to the second transplant."""
    if course.graft_failure_day is None:
        return day
    restart = course.second_transplant_day if course.second_transplant_day is not None else course.last_day + 1
    clock = np.where(day >= restart, day - restart, np.minimum(day, 10.0))
    return np.asarray(clock, dtype=np.float64)


def _event_shift(course: Course, day: Array, kinetics: Kinetics) -> Array:
    shift = np.zeros_like(day)
    if course.steroid_days is not None:
        first, last = course.steroid_days
        on = np.clip((day - first) / 14.0, 0.0, 1.0) * np.clip((last + 30 - day) / 30.0, 0.0, 1.0)
        shift = shift - kinetics.steroid_drop_log10 * on
    if course.donor_lymphocytes_day is not None:
        on = np.clip((day - course.donor_lymphocytes_day) / 21.0, 0.0, 1.0)
        shift = shift + kinetics.donor_lymphocytes_boost_log10 * on
    if course.relapse_day is not None:
        shift = shift - kinetics.relapse_drop_log10 * np.clip((day - course.relapse_day + 10) / 15.0, 0.0, 1.0)
    return shift
