"""Result tables of a study that never was: 36 participants in two groups, shaped like the real tables."""

from datetime import date
from typing import Any

import numpy as np
import polars as pl

from immrecon.config.display import DisplaySpec, EndpointDisplay
from immrecon.contracts import results
from immrecon.contracts.base import Contract
from immrecon.contracts.io import validate
from immrecon.vocabulary import Population

from .synthetic_spec import VISIT_DAYS

LABS_LIMIT = {"CD3": (10.0, 1.0), "CD4": (5.0, 1.0), "CD19": (5.0, 2.0)}
MARKERS = [
    ("neutrophil_engraftment", "Neutrophil engraftment", 11, 24, 0.95),
    ("cmv_viraemia", "CMV reactivation", 15, 90, 0.4),
    ("acute_gvhd_3_4", "Acute GvHD grade III-IV", 20, 100, 0.14),
    ("relapse", "Relapse", 60, 500, 0.2),
]


def make_people(n: int, groups: tuple[str, ...] = ("A", "B"), seed: int = 101) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    people = []
    for i in range(n):
        follow_up = float(rng.integers(60, 900))
        died = bool(rng.random() < 0.2)
        people.append(
            {
                "id": f"P{i + 1:02d}",
                "group": groups[i % len(groups)],
                "dose": f"DL{1 + 3 * i // n}",
                "follow_up": follow_up,
                "died": died,
                "injected": float(rng.integers(4, 11)),
                "events": {
                    code: day
                    for code, _, low, high, p in MARKERS
                    if rng.random() < p and (day := float(rng.integers(low, high))) < follow_up
                },
                "rate": rng.normal(0, 0.5),
            }
        )
    return people


def make_accrual() -> pl.DataFrame:
    months = [date(2023 + m // 12, m % 12 + 1, 1) for m in range(42)]
    last = months.index(date(2025, 6, 1))
    enrolled = np.minimum(36, np.floor(np.linspace(0, 1, last + 1) ** 1.2 * 37).astype(int))
    lag = {Population.ENROLLED: 0, Population.TRANSPLANTED: 1, Population.INJECTED: 2}
    rows = []
    for stage, late in lag.items():
        for i, month in enumerate(months):
            n = None if i > last else int(enrolled[max(0, i - late)] * (1, 0.95, 0.9)[late])
            planned = min(36, i) if stage is Population.ENROLLED else None
            rows.append({"month": month, "stage": stage.value, "n_cumulative": n, "planned_cumulative": planned})
    return as_table(results.ACCRUAL, rows)


def make_timelines(people: list[dict[str, Any]]) -> pl.DataFrame:
    rows = []
    ordered = sorted(people, key=lambda p: (p["group"], p["dose"], -p["follow_up"]))
    for lane, person in enumerate(ordered):
        marks = [(code, label, person["events"][code]) for code, label, *_ in MARKERS if code in person["events"]]
        marks.append(("INJECTION", "SMART101 injection", person["injected"]))
        if person["died"]:
            marks.append(("DEATH", "Death", person["follow_up"]))
        else:
            marks.append(("ONGOING", "In follow-up at the cut-off", person["follow_up"]))
        common = {
            "display_id": person["id"],
            "lane_order": lane,
            "group": person["group"],
            "dose_level": person["dose"],
        }
        bar = {"kind": "follow-up", "code": "FOLLOW_UP", "label": "Follow-up", "start_day": 0.0}
        rows.append(common | bar | {"sequence": 0, "end_day": person["follow_up"]})
        for i, (code, label, day) in enumerate(sorted(marks, key=lambda m: m[2])):
            marker = {"kind": "marker", "code": code, "label": label, "start_day": day, "end_day": None}
            rows.append(common | marker | {"sequence": i + 1})
    return as_table(results.TIMELINES, rows)


def make_profiles(people: list[dict[str, Any]], seed: int = 7) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for person in people:
        for parameter, limits in LABS_LIMIT.items():
            plateau = {"CD3": 900, "CD4": 350, "CD19": 150}[parameter]
            for i, target in enumerate(d for d in VISIT_DAYS if d < person["follow_up"]):
                if rng.random() < 0.1:
                    continue
                day = float(target + rng.integers(-5, 6))
                level = plateau / (1 + np.exp(-(np.log(day) - 4.6) * 2.3)) * np.exp(person["rate"] + rng.normal(0, 0.4))
                limit = limits[int(person["id"][1:]) % 2]
                value = float(max(limit, round(min(level, 2000.0), 0)))
                rows.append(
                    {
                        "display_id": person["id"],
                        "parameter": parameter,
                        "sequence": i,
                        "group": person["group"],
                        "dose_level": person["dose"],
                        "time_day": day,
                        "value": value,
                        "unit": "/uL",
                        "below_limit": bool(level < limit),
                        "above_limit": bool(level > 2000),
                        "lloq": limit,
                        "target": target,
                    }
                )
    frame = pl.DataFrame(rows, infer_schema_length=None) if rows else results.PROFILES.schema.create_empty()
    return validate(results.PROFILES, frame.drop("target", strict=False))


def make_visit_summary(profiles: pl.DataFrame) -> pl.DataFrame:
    targets = pl.Series(VISIT_DAYS)
    near = profiles.with_columns(
        pl.col("time_day").map_elements(
            lambda day: int(targets[int((targets - day).abs().arg_min() or 0)]), return_dtype=pl.Int64
        ).alias("target")
    ).with_columns(pl.when("below_limit").then(0.0).otherwise("value").alias("ranked"))  # fmt: skip
    rows = []
    for (parameter, group, target), part in near.group_by("parameter", "group", "target", maintain_order=True):
        ranked = np.sort(part["ranked"].to_numpy())
        middle = {name: float(np.quantile(ranked, q)) for name, q in (("q1", 0.25), ("median", 0.5), ("q3", 0.75))}
        limit = float(part["lloq"].max())  # type: ignore[arg-type]
        rows.append(
            {
                "group": group,
                "dose_level": "all",
                "parameter": parameter,
                "visit": f"D{target}",
                "visit_label": f"Day {target}",
                "target_day": float(target),
                "unit": "/uL",
                "population": "injected",
                "n_expected": part.height + 1,
                "n": part.height,
                "n_below_limit": int(part["below_limit"].sum()),
                "lloq_max": limit,
                "minimum": None,
                "maximum": float(ranked[-1]) if ranked[-1] else None,
                "method": "type 7",
                "status": "estimated",
                "reason": None,
            }
            | {name: value if value >= limit else None for name, value in middle.items()}
            | {f"{name}_below_limit": value < limit for name, value in middle.items()}
            | {"n_above_limit": 0, "minimum_below_limit": True, "maximum_below_limit": not ranked[-1]}
            | {f"{name}_above_limit": False for name in ("minimum", *middle, "maximum")}
            | {f"median_conf_{end}_{side}_limit": False for end in ("low", "high") for side in ("below", "above")}
            | {
                "conf_type": "exact",
                "conf_level": 0.95,
                "geometric_mean_method": "none",
                "geometric_mean_reason": "none",
            }
        )
    return as_table(results.VISIT_SUMMARY, rows)


def make_visit_values(people: list[dict[str, Any]], visit_summary: pl.DataFrame) -> pl.DataFrame:
    """Every state and both limits occur; counts rise with the day."""
    rows = []
    for i, person in enumerate(people):
        for parameter in ("CD3", "CD4", "CD19"):
            for j, day in enumerate(VISIT_DAYS):
                states = ["sampled", "missed", "not yet due", "dead", "left the study", "follow-up not known"]
                state = "sampled" if day < person["follow_up"] and (i + j) % 7 else states[1 + (i + j) % 5]
                sampled = state == "sampled"
                rows.append(
                    {"display_id": person["id"], "parameter": parameter, "visit": f"D{day}", "target_day": float(day),
                     "group": person["group"], "dose_level": person["dose"], "state": state,
                     "reason": "clotted" if state == "missed" else None, "value": float(day + i) if sampled else None,
                     "below_limit": sampled and j == 0, "above_limit": sampled and j == 8}
                )  # fmt: skip
    return as_table(results.VISIT_VALUES, rows)


def make_areas(people: list[dict[str, Any]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Areas to day 100 of two analytes; every ninth participant has none, and one an area of 0."""
    way = {
        "measure": "area under the curve",
        "to_day": 100.0,
        "variant": "primary",
        "unit": "/uL day",
        "method": "linear",
    }
    values, medians = [], []
    for parameter in ("CD3", "CD4"):
        for i, person in enumerate(people):
            known = i % 9 > 0
            values.append(
                {"display_id": person["id"], "parameter": parameter, **way, "group": person["group"],
                 "dose_level": person["dose"], "value": (0.0 if i == 1 else 90.0 * i) if known else None, "n_samples": 4,
                 "n_below_limit": 0, "status": "estimated" if known else "not estimable",
                 "reason": None if known else "died by day 100"}
            )  # fmt: skip
        for group in ("A", "B"):
            medians.append(
                {"group": group, "dose_level": "all", "parameter": parameter, **way, "population": "injected",
                 "n_total": 18, "n": 16, "n_missing": 2, "n_remarked": 0, "median": 900.0, "conf_type": "exact",
                 "conf_level": 0.95, "median_conf_low": 400.0 if group == "A" else None,
                 "median_conf_high": 1500.0 if group == "A" else None, "status": "estimated"}
            )  # fmt: skip
    return as_table(results.KINETIC_PARAMETERS, values), as_table(results.KINETIC_SUMMARY, medians)


def make_tte(spec: DisplaySpec, people: list[dict[str, Any]], seed: int = 3) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Curves and risk tables of every endpoint, by a plain loop over the event times."""
    rng = np.random.default_rng(seed)
    steps: list[dict[str, Any]] = []
    ticks: list[dict[str, Any]] = []
    for endpoint in spec.endpoints:
        share = 0.75 if endpoint.code == "CD4IR" else 0.3
        start = endpoint.landmark_day or 0.0
        times = np.minimum(
            rng.integers(int(start) + 4, int(endpoint.figure_last_day * 0.9), len(people)),
            [p["follow_up"] if endpoint.figure_last_day > 200 else 999 for p in people],
        ).astype(float)
        draw = rng.random(len(people))
        cause = np.where(draw < share, 1, np.where((draw < share + 0.12) & bool(endpoint.competing_labels), 2, 0))
        times = np.where(cause == 0, np.maximum(times, [p["follow_up"] for p in people]), times)
        for group in ("A", "B", "all"):
            chosen = np.array([group in (p["group"], "all") for p in people])
            more, rows = _steps(endpoint, group, times[chosen], cause[chosen])
            steps += more
            ticks += rows
    return as_table(results.CURVES, steps), as_table(results.RISK_TABLE, ticks)


def _steps(
    endpoint: EndpointDisplay, group: str, time: np.ndarray, cause: np.ndarray
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    free, incidence, variance, rows = 1.0, 0.0, 0.0, []
    for t in np.unique(time):
        n, d = int((time >= t).sum()), int(((time == t) & (cause == 1)).sum())
        lost = int(((time == t) & (cause > 0)).sum())
        incidence += free * d / n
        free *= 1 - lost / n
        variance += lost / (n * (n - lost)) if n > lost else 0.0
        survival = endpoint.display == "survival"
        value = free if survival else incidence
        half = 1.96 * free * np.sqrt(variance) + 0.03
        rows.append(
            {
                "group": group,
                "dose_level": "all",
                "analysis": "tte",
                "parameter": endpoint.code,
                "cause": "event-free" if survival else "event",
                "time_day": float(t),
                "population": "injected",
                "method": endpoint.estimator.value,
                "variance": "greenwood" if survival else "aalen",
                "conf_type": "beta-product" if survival else "log-log",
                "conf_level": 0.95,
                "n_risk": n,
                "n_event": d,
                "n_event_cumulative": int(((time <= t) & (cause == 1)).sum()),
                "n_censor_cumulative": int(((time <= t) & (cause == 0)).sum()),
                "estimate": float(value),
                "std_error": float(np.sqrt(variance)),
                "conf_low": float(max(0.0, value - half)),
                "conf_high": float(min(1.0, value + half)),
            }
        )
    ticks = [
        {
            "group": group,
            "dose_level": "all",
            "parameter": endpoint.code,
            "time_day": float(t),
            "n_risk": int((time >= t).sum()),
            "n_event_cumulative": int(((time <= t) & (cause == 1)).sum()),
            "n_competing_cumulative": int(((time <= t) & (cause == 2)).sum()),
            "n_censor_cumulative": int(((time <= t) & (cause == 0)).sum()),
        }
        for t in np.arange(0, endpoint.figure_last_day + 1, endpoint.figure_tick_day)
    ]
    return rows, ticks


def as_table(contract: Contract, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows in the contract's types, validated."""
    types: dict[str, Any] = {name: column.dtype for name, column in contract.schema.columns().items()}
    return validate(contract, pl.DataFrame(rows, schema=types))
