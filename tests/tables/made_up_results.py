"""Result frames of the made-up trial. They obey the contracts; the numbers are plausible and mean nothing."""

from datetime import date
from typing import Any

import made_up_trajectory
import polars as pl
from made_up_trial import CD4_RULE, DAYS, GROUPS, HOSTILE, LEVELS, Person, people

from immrecon.config.display import DisplaySpec
from immrecon.contracts import harmonised, results
from immrecon.contracts.base import Contract
from immrecon.contracts.io import validate
from immrecon.tables.results import Results

CONF = {"conf_level": 0.95}


def strata() -> list[tuple[str, str]]:
    pooled = [("all", "all"), *((group, "all") for group in GROUPS), *(("all", dose) for dose in LEVELS)]
    return pooled


def members(group: str, dose: str) -> list[Person]:
    return [p for p in people() if group in ("all", p.group) and dose in ("all", p.dose)]


def frame(contract: Contract, rows: list[dict[str, Any]]) -> pl.DataFrame:
    types = {name: column.dtype for name, column in contract.schema.columns().items()}
    return validate(contract, pl.DataFrame(rows, schema=types))


def proportion(number: int, total: int) -> dict[str, Any]:
    if total == 0:
        none = dict.fromkeys(("estimate", "conf_low", "conf_high"))
        return {**none, "status": "not estimable", "reason": "no participant at risk"}
    share = number / total
    half = 1.96 * (max(share * (1 - share), 0.05) / total) ** 0.5
    limits = {"conf_low": max(0.0, share - half), "conf_high": min(1.0, share + half)}
    return {"estimate": share, **limits, "status": "estimated", "reason": None}


def funnel() -> pl.DataFrame:
    rows = []
    crossed = [(g, d) for g in ("all", *GROUPS) for d in ("all", *LEVELS)]
    for group, dose in crossed:
        n = len(members(group, dose))
        injected = sum(p.injected for p in members(group, dose))
        sizes = {"screened": n, "enrolled": n, "transplanted": n, "injected": injected, "evaluable": injected}
        for order, (stage, size) in enumerate(sizes.items()):
            lost = n - injected if stage == "injected" else 0
            reason = f"manufacturing failure ({lost})" if lost else None
            rows.append(
                {"group": group, "dose_level": dose, "stage": stage, "stage_order": order, "n": size, "n_lost": lost,
                 "loss_reasons": reason, "n_death_undated": 0, "n_left_undated": 0, "n_clock_unknown": 0}
            )  # fmt: skip
    return frame(results.FUNNEL, rows)


def baseline() -> pl.DataFrame:
    rows = []
    for group, dose in strata():
        n = len(members(group, dose))
        base = {
            "group": group,
            "dose_level": dose,
            "population": "enrolled",
            "n_total": n,
            "known_at": "enrolment",
            "n_not_reached": 0,
        }
        rows.append(
            {**base, "characteristic": "AGE", "characteristic_order": 1, "label": "Age", "unit": "years",
             "kind": "numeric", "level": "", "n_known": n, "median": 34.5, "q1": 12.25, "q3": 51.0, "minimum": 0.75,
             "maximum": 67.0}
        )  # fmt: skip
        for level, k in (("Female", n // 3), ("Male", n - n // 3 - 1)):
            rows.append(
                {**base, "characteristic": "SEX", "characteristic_order": 2, "label": "Sex", "unit": "",
                 "kind": "categorical", "level": level, "n_known": n - 1, "n_level": k}
            )  # fmt: skip
    return frame(results.BASELINE, rows)


def visit_intervals(median: float, known: bool) -> dict[str, Any]:
    """Interval of the median, open below, and the geometric mean."""
    flags = {f"median_conf_{end}_{side}_limit": False for end in ("low", "high") for side in ("below", "above")}
    absent = "no sample in the window"
    return flags | {
        "conf_type": "order statistics", "conf_level": 0.95, "median_conf_low": 5.0 if known else None,
        "median_conf_low_below_limit": known, "median_conf_high": median * 3 if known else None,
        "median_coverage": 0.96 if known else None, "median_interval_reason": None if known else absent,
        "geometric_mean": median if known else None, "geometric_mean_conf_low": median / 3 if known else None,
        "geometric_mean_conf_high": median * 3 if known else None, "geometric_mean_method": "censored normal",
        "geometric_mean_reason": None if known else absent,
    }  # fmt: skip


def visit_frames(spec: DisplaySpec) -> tuple[pl.DataFrame, pl.DataFrame]:
    summaries, reached = [], []
    for code, scale in (("CD3", 3.0), ("CD4", 1.0)):
        for window in spec.visits.windows:
            for group, dose in (
                *((name, "all") for name in ("all", *GROUPS)),
                *(("all", name) for name in LEVELS),
                ("PAED", "DL2"),
            ):
                n = max(0, sum(p.last_day > window.last_day for p in members(group, dose)) - 2)
                if group == "PAED" and window.code == "D180":
                    n = 0
                median = scale * window.target_day * 0.9
                low = window.code == "D30" and code == "CD4"
                known = n > 0
                key = {"parameter": code, "visit": window.code, "target_day": window.target_day}
                summaries.append(
                    {**key, "group": group, "dose_level": dose, "visit_label": window.label, "unit": "/uL",
                     "population": "injected", "n_expected": n + 2, "n": n, "n_below_limit": n // 2 + 1 if low else 0,
                     "lloq_max": 5.0, "median": None if low or not known else median,
                     "q1": None if low or not known else median / 2, "q3": median * 2 if known else None,
                     "minimum": None if low or not known else 6.0, "maximum": median * 5 if known else None,
                     "median_below_limit": low and known, "q1_below_limit": low and known, "q3_below_limit": False,
                     "minimum_below_limit": low and known, "maximum_below_limit": False, "n_above_limit": 0,
                     **{f"{name}_above_limit": False for name in ("minimum", "q1", "median", "q3", "maximum")},
                     **visit_intervals(median, known),
                     "method": "quantiles type 7", "status": "estimated" if known else "not estimable",
                     "reason": None if known else "no sample in the window"}
                )  # fmt: skip
                for item in (t for t in spec.thresholds if t.analyte == code):
                    hits = round(n * min(1.0, median / (2.5 * item.value_per_ul)))
                    reached.append(
                        {**key, "group": group, "dose_level": dose, "operator": item.operator,
                         "threshold_per_ul": item.value_per_ul, "n": n, "n_unknown": 1 if window.code == "D60" else 0,
                         "n_reached": hits, "method": "exact (Clopper-Pearson)", "conf_type": "clopper-pearson",
                         **CONF, **proportion(hits, n)}
                    )  # fmt: skip
    return frame(results.VISIT_SUMMARY, summaries), frame(results.THRESHOLD_SUMMARY, reached)


def missed_samples(spec: DisplaySpec) -> pl.DataFrame:
    """Two of every visit, one of them with a reason of the laboratory."""
    kinds = (("not done", f"clotted {HOSTILE}"), ("nothing received", "no usable result received"))
    rows = [
        {"group": group, "dose_level": "all", "parameter": code, "visit": window.code, "target_day": window.target_day,
         "kind": kind, "reason": reason, "n": 1}
        for code in ("CD3", "CD4") for window in spec.visits.windows for group in ("all", *GROUPS)
        for kind, reason in kinds
    ]  # fmt: skip
    return frame(results.MISSED_SAMPLES, rows)


def kinetic_frames(spec: DisplaySpec) -> dict[str, pl.DataFrame]:
    """Areas of two analytes, slopes, doubling times, a comparison that has no number, and a curve that is not found."""
    way = {"method": "a method", "conf_type": "order statistics", **CONF}
    units = {"area under the curve": "/uL day", "slope of log2 of the count": "1/day", "doubling time": "day"}
    summaries, compared = [], []
    for code in ("CD3", "CD4"):
        for measure, unit in units.items():
            for variant in ("primary", "linear-up log-down") if unit == "/uL day" else ("primary",):
                for group, dose in strata():
                    n = len(members(group, dose))
                    known = group != "PAED" or variant == "primary"
                    numbers = {"median": 12.5, "median_conf_low": 4.0, "median_conf_high": 50.0, "q1": 6.0, "q3": 30.0}
                    mean = {"geometric_mean": 11.0, "geometric_mean_conf_low": 5.0, "geometric_mean_conf_high": 29.0}
                    no_mean = not known or unit == "1/day"
                    summaries.append(
                        {"group": group, "dose_level": dose, "parameter": code, "measure": measure, "to_day": 100.0,
                         "variant": variant, "unit": unit, **way, "population": "injected", "n_total": n,
                         "n": n - 1 if known else 0, "n_missing": 1 if known else n, "missing_reasons": "1 died by day 100",
                         "n_remarked": 0, **(numbers if known else {}), **({} if no_mean else mean),
                         "geometric_mean_reason": "not given" if no_mean else None,
                         "status": "estimated" if known else "not estimable", "reason": None if known else "no value"}
                    )  # fmt: skip
        for ranking, label, found in (("measured", "those measured", True), ("DEATH", "deaths lowest", False)):
            numbers = {"estimate": -12.0, "conf_low": None, "conf_high": 40.0} if found else {}
            compared.append(
                {"parameter": code, "measure": "area under the curve", "to_day": 100.0, "visit": "", "ranking": ranking,
                 "ranking_label": label, "level": "PAED", "reference": "ADULT", "unit": "/uL day",
                 "population": "injected", "n_level": 9, "n_reference": 11, "n_worst_level": 0 if found else 2,
                 "n_worst_reference": 0, "n_missing_level": 1, "n_missing_reference": 3, "probability": 0.45,
                 "p_value": 0.31, "p_permutation": None, "p_method": "exact", **way, **numbers,
                 "status": "estimated" if found else "not estimable", "reason": "a limit is open" if found else "the dead"}
            )  # fmt: skip
    curve = {"parameter": "CD4", "model": "logistic", "to_day": 395.0, "n": 40, "n_participants": 9, "n_below_limit": 2,
             "dose_level": "all", **way, "aicc": 12.3}  # fmt: skip
    growth = [
        curve | {"group": group, "coefficient": name, "coefficient_order": order}
        | ({"estimate": 2.5, "std_error": 0.1, "conf_low": 2.0, "conf_high": 3.0, "status": "estimated", "reason": None}
           if group != "PAED" else {"status": "not estimable", "reason": "no plateau"})
        for group in ("all", *GROUPS) for order, name in enumerate(("asymptote", "midpoint", "scale"))
    ]  # fmt: skip
    return {
        "kinetic_summary": frame(results.KINETIC_SUMMARY, summaries),
        "kinetic_comparisons": frame(results.KINETIC_COMPARISONS, compared),
        "growth_curves": frame(results.GROWTH_CURVES, growth),
        "kinetic_parameters": frame(results.KINETIC_PARAMETERS, []),
        "visit_values": frame(results.VISIT_VALUES, []),
    }


def status_counts() -> pl.DataFrame:
    categories = ["confirmed", "reached, not yet confirmed", "not reached", "competing event before", "no sample"]
    rows = []
    for group, dose in strata():
        injected = [p for p in members(group, dose) if p.injected]
        n = len(injected)
        split = [n // 2, n // 6, n // 8, n // 9]
        for order, (category, k) in enumerate(zip(categories, [*split, n - sum(split)], strict=True)):
            rows.append(
                {"group": group, "dose_level": dose, "rule": "cd4_reconstitution", "rule_text": CD4_RULE,
                 "category": category, "category_order": order, "n": k, "n_total": n}
            )  # fmt: skip
    return frame(results.STATUS_COUNTS, rows)


def tte_frames(spec: DisplaySpec) -> tuple[pl.DataFrame, pl.DataFrame]:
    landmarks, quantiles = [], []
    for item in spec.endpoints:
        survival = item.display == "survival"
        interval = "beta-product" if survival else "log-log"
        way = {"analysis": "tte", "method": item.estimator.value, "conf_type": interval,
               **CONF}  # fmt: skip
        for group, dose in strata():
            risk = [p for p in members(group, dose) if p.injected]
            longest = max((p.last_day for p in risk), default=None)
            base = {"group": group, "dose_level": dose, "parameter": item.code, "n": len(risk)}
            for day in DAYS[item.code]:
                hits = sum(p.events[item.code] <= min(day, p.last_day) for p in risk)
                left = sum(p.last_day > day and p.events[item.code] > day for p in risk)
                shown = proportion(len(risk) - hits if survival else hits, len(risk))
                if left == 0:
                    shown |= dict.fromkeys(("estimate", "conf_low", "conf_high"))
                    shown |= {"status": "not estimable", "reason": f"nobody is followed to day {day}"}
                landmarks.append(
                    {**base, **way, "label": item.label, "time_day": float(day), "population": "injected",
                     "clock": item.clock_label, "n_not_at_risk": 1 if item.code == "CD4IR" and dose == "DL1" else 0,
                     "not_at_risk": "1 prevalent: CD4 before the origin" if item.code == "CD4IR" and dose == "DL1" else None,
                     "n_events": hits, "n_competing": 0 if survival else hits // 2, "n_risk": left,
                     "variance": "greenwood" if survival else "aalen", "std_error": 0.05,
                     "max_follow_up_day": longest, **shown}
                )  # fmt: skip
            reached = {"estimate": 180.4, "conf_low": 92.0, "conf_high": None, "status": "estimated", "reason": None}
            absent = {"estimate": None, "conf_low": None, "conf_high": None, "status": "not estimable",
                      "reason": "fewer than half have had the event"}  # fmt: skip
            half = {"probability": 0.5, "n_events": 3}
            quantiles.append({**base, **way, **half, **(reached if item.code == "CD4IR" else absent)})
            follow = {"estimate": 301.5, "conf_low": 240.0, "conf_high": 366.0, "status": "estimated", "reason": None}
            name = {"parameter": f"FOLLOW_UP_{item.code}", "method": "reverse kaplan-meier"}
            quantiles.append({**base, **way, **half, **name, **follow})
    return frame(results.LANDMARKS, landmarks), frame(results.QUANTILES, quantiles)


AE_TERMS = {
    "Infections and infestations": {"Cytomegalovirus reactivation": 9, "Sepsis": 3, "Pneumonia": 2},
    "Blood and lymphatic system disorders": {"Neutropenia": 7, "Thrombocytopenia": 5},
    "Gastrointestinal disorders": {"Nausea": 6, "Diarrhoea": 6, HOSTILE: 1},
    "General disorders": {"Pyrexia": 8, '=cmd|"/c calc"!A1': 1},
}


def ae_incidence() -> pl.DataFrame:
    rows = []
    counts = {("any", "any"): 24}
    for organ_class, terms in AE_TERMS.items():
        counts[organ_class, "any"] = max(terms.values()) + 2
        counts |= {(organ_class, term): k for term, k in terms.items()}
    shares = {"any grade": 1.0, "grade >= 3": 0.4, "grade >= 4": 0.15, "serious": 0.25, "related": 0.1}
    shares |= {"ongoing at the cut-off": 0.2}
    for (organ_class, term), k in counts.items():
        for group, part in (("all", 1.0), ("ADULT", 0.6), ("PAED", 0.4)):
            n = sum(p.injected for p in members(group, "all"))
            for category, share in shares.items():
                hits = min(n, int(k * part * share + 0.5))
                rows.append(
                    {"group": group, "dose_level": "all", "system_organ_class": organ_class, "preferred_term": term,
                     "category": category, "population": "injected", "n": n, "n_participants": hits,
                     "n_events": hits * 2, "method": "exact (Clopper-Pearson)", "conf_type": "clopper-pearson", **CONF,
                     **proportion(hits, n)}
                )  # fmt: skip
    return frame(results.AE_INCIDENCE, rows)


def checks() -> pl.DataFrame:
    shown = [
        ("relapse + NRM + RFS = 1", "holds", 2.2e-16, 1e-9, None),
        ("incidence = simple proportion", "not applicable", None, None, "participants are censored"),
        ("numbers at risk never grow", "violated", 1.0, 0.0, "day 100 in one stratum"),
    ]
    rows = [
        {"group": group, "dose_level": "all", "identity": identity, "subject": "first_failure", "outcome": outcome,
         "largest_difference": difference, "tolerance": tolerance, "reason": reason}
        for group in ("all", *GROUPS)
        for identity, outcome, difference, tolerance, reason in shown
        if outcome != "violated" or group == "ADULT"
    ]  # fmt: skip
    return frame(results.CHECKS, rows)


def quality_frames() -> tuple[pl.DataFrame, pl.DataFrame]:
    queries = [
        ("LB", "labs/necker.csv", "unit_unknown", "error", 2, 14, 'unit "G/l" is not known'),
        ("LB", "labs/central.xlsx", "date_after_cut", "warning", 5, 0, "=HYPERLINK(1)"),
        ("AE", "clinical/ae.csv", "end_before_start", "error", 1, 0, HOSTILE),
        ("DM", "clinical/dm.csv", "age_outside_group", "note", 3, 0, "age 17 in group ADULT"),
    ]
    names = ["domain", "source_file", "kind", "severity", "n_queries", "n_cells", "example"]
    cells = [
        {"source_file": file, "source_sheet": sheet, "lab": lab, "n_rows": 210, "n_blank": 37, "n_read": 1200 + extra,
         "n_value": 1100, "n_censored": 42, "n_not_done": 9, "n_superseded": 6, "n_excluded": 4, "n_queried": 14,
         "n_not_requested": 25 + extra}
        for file, sheet, lab, extra in (
            ("labs/central.xlsx", "Panel <b>1</b>", "central", 0), ("labs/necker.csv", "", "necker", 7),
        )
    ]  # fmt: skip
    rows = [dict(zip(names, query, strict=True)) for query in queries]
    return frame(results.QUERY_COUNTS, rows), frame(harmonised.CELLS, cells)


def query_status() -> pl.DataFrame:
    lines = [
        ("all", "all", "All queries", 7, 3, 4, 2, 28),
        ("error", "all", "All queries", 2, 1, 1, 2, 28),
        ("error", "unit_unknown", "Unit not known", 2, 1, 1, 0, 28),
        ("error", "date_missing", "Date missing", 0, 0, 0, 2, 0),
        ("warning", "all", "All queries", 5, 2, 3, 0, 0),
        ("warning", "visit_off", HOSTILE, 5, 2, 3, 0, 0),
    ]
    return frame(
        results.QUERY_STATUS, [dict(zip(results.QUERY_STATUS.schema.column_names(), x, strict=True)) for x in lines]
    )


def cell_fates(cells: pl.DataFrame) -> pl.DataFrame:
    rows = []
    for lab in ("central", "necker", "all"):
        part = cells if lab == "all" else cells.filter(pl.col("lab") == lab)
        for fate in ("read", "value", "censored", "not done", "superseded", "excluded", "queried", "not requested"):
            n = part[f"n_{fate.replace(' ', '_')}"].sum()
            rows.append({"lab": lab, "fate": fate, "kind": "all", "label": fate.capitalize(), "n_cells": n})
        n = part["n_queried"].sum()
        rows.append({"lab": lab, "fate": "queried", "kind": "unit_unknown", "label": "Unit not known", "n_cells": n})
    return frame(results.CELL_FATES, rows)


def recurrent_summary() -> pl.DataFrame:
    """Infections: a mean by day 100 and a rate, per group and pooled; one group has none yet."""
    rows = [
        {
            "group": group, "dose_level": "all", "parameter": "INFECTIONS", "label": "Infections", "measure": measure,
            "time_day": day, "population": "injected", "clock": "injection", "method": "m", "variance": "v",
            "conf_type": "c", "conf_level": 0.95, "per_day": per, "n": 10, "n_not_at_risk": 0,
            "n_with_event": min(events, 5), "n_events": events, "n_before": 1, "n_terminal": 1, "n_risk": 8,
            "exposure_day": 900.0, "estimate": events / 10, "conf_low": 0.0, "conf_high": 3.0, "status": "estimated",
            "reason": None if events else "no event yet",
        }
        for group, events in zip([*GROUPS, "all"], (7, 0, 7), strict=True)
        for measure, day, per in (("mean number per participant", 100.0, None), ("rate", 350.0 + events, 100.0))
    ]  # fmt: skip
    return frame(results.RECURRENT_SUMMARY, rows)


def on_days(contract: Contract, scale: float) -> pl.DataFrame:
    """Two states on day 100, per group and pooled; one group is not followed so far."""
    rows = [
        {
            "group": group, "dose_level": "all", "parameter": "COURSE", "label": "Course", "state": state,
            "state_label": state, "state_order": order, "time_day": 100.0, "population": "injected",
            "clock": "injection", "method": "m", "variance": "v", "conf_type": "c", "conf_level": 0.95, "n": 10,
            "n_not_at_risk": 1, "n_entered": 4, "n_state": 3, "n_known": 8,
            "estimate": scale * share if known else None, "conf_low": scale * 0.1 if known else None,
            "conf_high": scale * 0.9 if known else None, "status": "estimated" if known else "not estimable",
            "reason": None if known else "follow-up ends on day 60, before day 100",
        }
        for group, known in zip([*GROUPS, "all"], (True, False, True), strict=True)
        for order, (state, share) in enumerate((("OK", 0.625), ("DEAD", 0.375)))
    ]  # fmt: skip
    return frame(contract, rows)


def reconstitution() -> pl.DataFrame:
    """Two measures of the CD4 endpoint; the samples leave one of them open."""
    rows = [
        {
            "group": group, "dose_level": "all", "parameter": "CD4IR", "rule_text": CD4_RULE, "measure": measure,
            "time_day": 100.0, "population": "injected", "method": "m", "conf_type": "c", "conf_level": 0.95, "n": 10,
            "n_events": 5, "n_competing": 1, "n_unknown": 2, "estimate": 0.5, "estimate_high": high, "conf_low": 0.2,
            "conf_high": 0.8, "status": "estimated", "reason": None,
        }
        for group in [*GROUPS, "all"]
        for measure, high in (("incidence, dated by the first sample", 0.5), ("incidence, crossed between two samples", 0.6))
    ]  # fmt: skip
    return frame(results.RECONSTITUTION, rows)


def definition_estimates() -> pl.DataFrame:
    """Two definitions; the paediatric group has nobody at risk yet."""
    rows = []
    for order, (code, label, events) in enumerate((("TWICE", "CD4 > 50 twice", 4), ("ONCE", "CD4 > 50 once", 6))):
        for group, n in (*((group, 10 * (1 - i)) for i, group in enumerate(GROUPS)), ("all", 10)):
            rows.append({
                "group": group, "dose_level": "all", "definition": code, "definition_order": order, "label": label,
                "rule_text": "CD4 > 50/uL", "source": "<b>a paper</b>", "definition_status": "draft",
                "population": "injected", "clock": "transplant, from day 10", "time_day": 100.0,
                "method": "aalen-johansen", "variance": "infinitesimal-jackknife", "conf_type": "log-log",
                "conf_level": 0.95, "n": n, "n_not_at_risk": 0, "n_events": events if n else 0, "n_competing": 0,
                "n_risk": n - events if n else 0, "n_gained": 2 if n and order else 0, "n_lost": 0,
                "estimate": events / n if n else None, "conf_low": 0.1 if n else None, "conf_high": 0.9 if n else None,
                "status": "estimated" if n else "not estimable", "reason": None if n else "nobody at risk",
            })  # fmt: skip
    return frame(results.DEFINITION_ESTIMATES, rows)


def definition_statuses() -> pl.DataFrame:
    """Six of ten meet the looser definition, four the stricter one."""
    rows = [
        {
            "definition": code, "display_id": f"P{i:02}", "participant_order": i, "group": next(iter(GROUPS)),
            "category": "confirmed" if i < events else "not reached", "reached_day": 40.0 if i < events else None,
            "differs": code == "ONCE" and 4 <= i < 6,
        }
        for code, events in (("TWICE", 4), ("ONCE", 6))
        for i in range(10)
    ]  # fmt: skip
    return frame(results.DEFINITION_STATUSES, rows)


def sae_reconciliation() -> pl.DataFrame:
    """Per status: adults, children."""
    numbers = {
        "in the safety database": (9, 4),
        "in both, agreeing": (6, 4),
        "in both, disagreeing": (2, 0),
        "in the safety database only": (1, 0),
        "in the clinical database only": (0, 2),
    }
    rows = [
        {"group": group, "status": status, "n_events": n, "n_participants": min(n, 5)}
        for status, (adults, children) in numbers.items()
        for group, n in (("ADULT", adults), ("PAED", children), ("all", adults + children))
    ]
    return frame(results.SAE_RECONCILIATION, rows)


def ongoing_records() -> pl.DataFrame:
    """In no order; one with a partial start, one without a date, one of a participant who died."""
    line = {"group": "ADULT", "detail": None, "grade": 2, "until": "cut-off"}
    rows = [
        {**line, "domain": "CM", "display_id": "T-02", "sequence": 1, "term": "ciclosporin", "detail": "IMMUNOSUPPRESSANT",
         "grade": None, "start_day_low": -3.0, "start_day_high": -3.0, "days_low": 103.0, "days_high": 103.0},
        {**line, "domain": "AE", "display_id": "T-02", "sequence": 4, "term": "Nausea", "start_day_low": 30.0,
         "start_day_high": 58.0, "days_low": 42.0, "days_high": 70.0},
        {**line, "domain": "AE", "display_id": "T-02", "sequence": 2, "term": "Sepsis", "start_day_low": None,
         "start_day_high": None, "days_low": None, "days_high": None, "grade": None},
        {**line, "domain": "AE", "display_id": "T-01", "sequence": 9, "term": "Nausea", "start_day_low": 60.0,
         "start_day_high": 60.0, "days_low": 12.0, "days_high": 12.0, "until": "death", "group": ""},
    ]  # fmt: skip
    return frame(results.ONGOING_RECORDS, rows)


def age_reference() -> dict[str, pl.DataFrame]:
    """CD4 beside a band of children, with everything on day 30 that a cell can hold, and of adults without a median."""
    bounded = {f"{name}_{side}_limit": False for name in ("median", "q1", "q3") for side in ("below", "above")}
    summaries, shares = [], []
    for day in (30, 180):
        for group in ("all", *GROUPS):
            key = {
                "parameter": "CD4",
                "visit": f"D{day}",
                "target_day": float(day),
                "group": group,
                "dose_level": "all",
            }
            for measure, scale in (
                ("per cent of the lower limit", 40.0),
                ("per cent of the age's median", 20.0),
                ("z-score for the age", -3.0),
            ):
                none = group == "PAED" and day == 180
                part = measure.startswith("z") and not none
                summaries.append(
                    {**key, **bounded, "measure": measure, "visit_label": f"Day {day}", "unit": "%", "population": "injected",
                     "n": 0 if none else 12, "n_reference": 0 if none else 10 if part else 11, "n_laboratory": 2 if group == "ADULT" else 0,
                     "n_without": 0 if none else 2 if part else 1, "n_below_limit": 3, "n_above_limit": 0,
                     "missing": None if none else "<b>age</b> not known (1)" + ("; the reference allows no z-score (1)" if part else ""),
                     **dict.fromkeys(("median", "q1", "q3"), None) , "method": "quantiles type 7",
                     **({} if none else {"median": scale, "q1": scale - 1, "q3": scale + 1, "q1_below_limit": day == 30}),
                     "status": "not estimable" if none else "estimated", "reason": "no sample in the window" if none else None}
                )  # fmt: skip
            for measure, hits in (("at or above the lower limit", 4), ("within the limits", 3)):
                n = 0 if group == "PAED" and day == 180 else 10
                shares.append(
                    {**key, "measure": measure, "n": n, "n_unknown": 1 if n else 0, "n_without": 1, "n_reached": hits if n else 0,
                     "method": "proportion", "conf_type": "clopper-pearson", **CONF, **proportion(hits if n else 0, n)}
                )  # fmt: skip
    bands = [
        {"parameter": "CD4", "band_order": order, "band": band, "age_from_years": float(first), "lower": lower, "median": median,
         "upper": upper, "unit": "/uL", "percentiles": meaning, "z_score": kind, "source": source, "row_status": status,
         "note": note, "n_participants": n, "n_samples": 3 * n}
        for order, band, first, lower, median, upper, meaning, kind, source, status, note, n in (
            (2, "2 to <6 years", 2, 700.0, 1380.0, 2200.0, "P10-P90", "log-normal", "<i>Shearer</i>", "draft", "", 0),
            (3, "6 to <12 years", 6, 650.0, 980.5, 1500.0, "P10-P90", "log-normal", "<i>Shearer</i>", "draft", "median not checked", 4),
            (4, "18 years and over", 18, 440.0, None, None, "not stated", "none", "Laboratory", "signed", "", 9),
        )
    ]  # fmt: skip
    return {
        "age_reference_summary": frame(results.AGE_REFERENCE_SUMMARY, summaries),
        "age_reference_shares": frame(results.AGE_REFERENCE_SHARES, shares),
        "age_reference_profiles": frame(results.AGE_REFERENCE_PROFILES, []),
        "age_reference_bands": frame(results.AGE_REFERENCE_BANDS, bands),
    }


def accrual() -> pl.DataFrame:
    rows = []
    for month in range(12):
        for stage, share in (("enrolled", 2.5), ("transplanted", 2.3), ("injected", 2.25)):
            done = int(share * (month + 1)) if month < 11 else None
            plan = 3 * (month + 1) if stage == "enrolled" else None
            first = date(2023 + (month + 7) // 12, (month + 7) % 12 + 1, 1)
            rows.append({"month": first, "stage": stage, "n_cumulative": done, "planned_cumulative": plan})
    return frame(results.ACCRUAL, rows)


def make_results(spec: DisplaySpec) -> Results:
    summary, thresholds = visit_frames(spec)
    landmarks, quantiles = tte_frames(spec)
    query_counts, cells = quality_frames()
    return Results(
        funnel=funnel(),
        accrual=accrual(),
        baseline=baseline(),
        timelines=frame(results.TIMELINES, []),
        query_counts=query_counts,
        query_status=query_status(),
        cell_fates=cell_fates(cells),
        visit_summary=summary,
        threshold_summary=thresholds,
        missed_samples=missed_samples(spec),
        **kinetic_frames(spec),
        profiles=frame(results.PROFILES, []),
        status_counts=status_counts(),
        curves=frame(results.CURVES, []),
        risk_table=frame(results.RISK_TABLE, []),
        landmarks=landmarks,
        quantiles=quantiles,
        checks=checks(),
        ae_incidence=ae_incidence(),
        sae_reconciliation=sae_reconciliation(),
        ongoing_records=ongoing_records(),
        reconstitution=reconstitution(),
        definition_estimates=definition_estimates(),
        definition_statuses=definition_statuses(),
        mean_cumulative=frame(results.MEAN_CUMULATIVE, []),
        recurrent_summary=recurrent_summary(),
        event_risk_table=frame(results.EVENT_RISK_TABLE, []),
        contrasts=frame(results.CONTRASTS, []),
        second_programmer=frame(results.SECOND_PROGRAMMER, []),
        state_curves=frame(results.STATE_CURVES, []),
        state_occupancy=on_days(results.STATE_OCCUPANCY, 1.0),
        length_of_stay=on_days(results.LENGTH_OF_STAY, 100.0),
        trajectory_curves=frame(results.TRAJECTORY_CURVES, []),
        trajectory_estimates=frame(results.TRAJECTORY_ESTIMATES, made_up_trajectory.estimates()),
        trajectory_models=frame(results.TRAJECTORY_MODELS, made_up_trajectory.models()),
        trajectory_samples=frame(results.TRAJECTORY_SAMPLES, []),
        trajectory_participants=frame(results.TRAJECTORY_PARTICIPANTS, []),
        trajectory_predictions=frame(results.TRAJECTORY_PREDICTIONS, []),
        outcome_curves=frame(results.OUTCOME_CURVES, []),
        outcome_risk_table=frame(results.OUTCOME_RISK_TABLE, []),
        outcome_estimates=frame(results.OUTCOME_ESTIMATES, []),
        outcome_contrasts=frame(results.OUTCOME_CONTRASTS, []),
        external_control=frame(results.EXTERNAL_CONTROL, []),
        cells=cells,
        **age_reference(),
    )


def empty_results() -> Results:
    contracts = {contract.name: contract for contract in [*results.RESULTS, harmonised.CELLS]}
    return Results(**{name: frame(contracts[name], []) for name in Results.__dataclass_fields__})
