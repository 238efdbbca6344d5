"""Which blood samples were taken, and what a perfect and a real instrument would have read in them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

import numpy as np
import polars as pl

from immrecon.simulate.parameters import LABORATORIES, VISITS, Kinetics, Laboratory, StudyParameters
from immrecon.simulate.streams import stream
from immrecon.simulate.timeline import Course
from immrecon.simulate.trajectories import Array, TrueCurve, compose, participant_curves, through, true_counts

ANALYTES = ("CD3", "CD4", "CD8", "CD19", "NK", "CD4_NAIVE", "RTE", "ALC")
UNSCHEDULED = "Unscheduled"
HOLIDAYS = ((12, 25), (1, 1))
# Before conditioning, in remission after chemotherapy (assumed medians per uL, log10 SD 0.25).
BASELINE_PER_UL = {"CD4": 330.0, "CD8": 300.0, "CD19": 60.0, "NK": 120.0}


@dataclass(frozen=True)
class Trajectory:
    """One transplanted participant: course, own curves, samples in order of collection."""

    course: Course
    curves: dict[str, TrueCurve]
    samples: pl.DataFrame


def draw_trajectory(parameters: StudyParameters, course: Course, kinetics: Kinetics) -> Trajectory:
    """Visits kept, true counts and measured counts (before rounding and limits) of one participant."""
    rng = stream(parameters.seed, "samples", course.participant.slot)
    laboratory = LABORATORIES[course.participant.site]
    visits = _visits_kept(parameters, course, laboratory, rng)
    curves = participant_curves(parameters, course, kinetics)
    quiet = 1.0
    if (cut_off := course.participant.story.cd4_first_over_50_before) is not None:
        before, last = [d for _, d in visits if course.on(d) <= cut_off][-2:]
        curves["CD4"] = through(curves["CD4"], (before + last) / 2, 50.0)
        quiet = 0.2
    day = np.array([d for _, d in visits], dtype=np.float64)
    truth = _with_baseline(course, true_counts(course, curves, np.maximum(day, 0.0), kinetics), day, kinetics, rng)
    biological = _vary(truth, course, day, kinetics, quiet, rng)
    frame = pl.DataFrame(
        {
            "subject": [course.participant.subject] * len(visits),
            "laboratory": [laboratory.code] * len(visits),
            "visit": [v for v, _ in visits],
            "day": [d for _, d in visits],
            **_times(course, visits, laboratory, rng),
            **{f"true_{a}": biological[a] for a in ANALYTES},
            **{f"read_{a}": _read(biological[a], a, kinetics, quiet, rng) for a in ANALYTES},
        }
    )
    return Trajectory(course, curves, frame.sort("day"))


def _visits_kept(
    parameters: StudyParameters, course: Course, laboratory: Laboratory, rng: np.random.Generator
) -> list[tuple[str, int]]:
    """(label, day) of the samples taken, none after the end of follow-up or 45 days after relapse."""
    stop = course.last_day if course.relapse_day is None else min(course.last_day, course.relapse_day + 45)
    kept: list[tuple[str, int]] = []
    for visit in VISITS:
        jitter = int(np.clip(round(rng.normal(0, visit.window_days / 2)), -visit.window_days, visit.window_days))
        missed = rng.random() < parameters.missed_visit_share[course.participant.site] and visit.day > 0
        extra, gap = rng.random() < parameters.unscheduled_share, int(rng.integers(4, 9))
        day = _on_sampling_day(course, visit.day + jitter, laboratory)
        if not missed and (not kept or day > kept[-1][1]):
            kept.append((visit.label, day))
        if extra and visit.day > 0:
            kept.append((UNSCHEDULED, _on_sampling_day(course, day + gap, laboratory)))
    ordered = sorted({d: v for v, d in reversed(kept)}.items())
    return [(v, d) for d, v in ordered if d < min(stop, course.last_day)]


def _on_sampling_day(course: Course, day: int, laboratory: Laboratory) -> int:
    """Weekend samples move to the nearer of the last running day and the next Monday; holidays by a day."""
    weekday = course.on(day).weekday()
    if weekday > laboratory.last_sampling_weekday:
        back, forward = weekday - laboratory.last_sampling_weekday, 7 - weekday
        day = day - back if back <= forward else day + forward
    if (course.on(day).month, course.on(day).day) in HOLIDAYS:
        return day - 1 if course.on(day).weekday() > 0 else day + 1
    return day


def _with_baseline(
    course: Course, truth: dict[str, Array], day: Array, kinetics: Kinetics, rng: np.random.Generator
) -> dict[str, Array]:
    """Replaces counts before transplant by the recipient's own cells."""
    own = {a: np.full_like(day, m * 10 ** rng.normal(0, 0.25)) for a, m in BASELINE_PER_UL.items()}
    late = np.full_like(day, 1e4)  # shares as in steady state
    host = compose(course, own, late, kinetics)
    return {a: np.where(day < 0, host[a], truth[a]) for a in truth}


def _vary(
    truth: dict[str, Array],
    course: Course,
    day: Array,
    kinetics: Kinetics,
    quiet: float,
    rng: np.random.Generator,
) -> dict[str, Array]:
    """Biological variation: shared by the subsets of a sample, plus a little of each."""
    shared = rng.normal(0, kinetics.residual_sample_log10 * quiet, len(day))
    base = {}
    for analyte in ("CD4", "CD8", "CD19", "NK"):
        own = rng.normal(0, kinetics.residual_analyte_log10 * quiet, len(day))
        base[analyte] = truth[analyte] * 10 ** (shared + own)
    ratio = (truth["CD3"] - truth["CD4"] - truth["CD8"]) / truth["CD3"]
    cd3 = (base["CD4"] + base["CD8"]) / (1 - ratio)
    naive = base["CD4"] * truth["CD4_NAIVE"] / truth["CD4"]
    lymphocytes = 1.03 * (cd3 + base["CD19"] + base["NK"])
    return {
        **base,
        "CD3": cd3,
        "CD4_NAIVE": naive,
        "RTE": naive * truth["RTE"] / truth["CD4_NAIVE"],
        "ALC": lymphocytes,
    }


def _read(count: Array, analyte: str, kinetics: Kinetics, quiet: float, rng: np.random.Generator) -> Array:
    """Assay error of about 5 %, plus counting error of about 40 cells counted per cell/uL."""
    sd = kinetics.residual_lymphocyte_count_log10 if analyte == "ALC" else kinetics.residual_assay_log10
    counting = rng.normal(0, 1, len(count)) * np.sqrt(count / 40.0) * quiet
    return np.asarray(np.maximum(count * 10 ** rng.normal(0, sd * quiet, len(count)) + counting, 0.0), dtype=np.float64)


def _times(
    course: Course, visits: Sequence[tuple[str, int]], laboratory: Laboratory, rng: np.random.Generator
) -> dict[str, list[datetime]]:
    collected, received, reported = [], [], []
    for _, day in visits:
        drawn = datetime.combine(course.on(day), time(7, 0)) + timedelta(minutes=int(rng.integers(0, 240)))
        transit = int(rng.integers(18, 30)) if laboratory.code == "central" else int(rng.integers(1, 6))
        arrived = drawn + timedelta(hours=transit, minutes=int(rng.integers(0, 60)))
        low, high = laboratory.turnaround_days
        done = arrived + timedelta(days=int(rng.integers(low, high + 1)), minutes=int(rng.integers(30, 400)))
        collected.append(drawn)
        received.append(arrived)
        reported.append(done)
    return {"collected": collected, "received": received, "reported": reported}


def last_sample_before(trajectory: Trajectory, cut_off: date) -> int | None:
    """Day of the last sample collected up to a date."""
    days = trajectory.samples.filter(pl.col("collected").dt.date() <= cut_off)["day"]
    return int(days[-1]) if len(days) else None


def quiet_kinetics(kinetics: Kinetics) -> Kinetics:
    """The same kinetics without residual variation: what tests compare the noisy study with."""
    return replace(
        kinetics,
        residual_sample_log10=0.0,
        residual_analyte_log10=0.0,
        residual_assay_log10=0.0,
        residual_lymphocyte_count_log10=0.0,
    )
