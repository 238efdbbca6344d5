"""Harmonised frames of a handful of participants, written by hand, and one call that derives everything from them.

Day 0 is the transplant on 1 January 2026; the cut-off, 30 June 2026, is day 180. Every frame passes its contract on
the way in and on the way out, as between two rules of the pipeline.
"""

import copy
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import polars as pl

from immrecon.config.specs import DeriveSpec
from immrecon.contracts.analysis import ADAE, ADLB, ADOC, ADREC, ADSL, ADTTE
from immrecon.contracts.base import Contract
from immrecon.contracts.harmonised import AE, CE, CM, DM, DS, FA, LB
from immrecon.contracts.io import validate
from immrecon.derive.adae import derive_adae
from immrecon.derive.adlb import derive_adlb
from immrecon.derive.adsl import derive_adsl
from immrecon.derive.adtte import derive_adtte

Row = dict[str, Any]

TRANSPLANT = date(2026, 1, 1)
CUTOFF = date(2026, 6, 30)
CONTRACTS = {"dm": DM, "ds": DS, "ce": CE, "fa": FA, "cm": CM, "ae": AE, "lb": LB}


def on(day: int) -> date:
    """The calendar date of a day since transplant."""
    return TRANSPLANT + timedelta(days=day)


@cache
def empty(contract: Contract) -> pl.DataFrame:
    return validate(contract, contract.schema.create_empty())


def table(contract: Contract, rows: list[Row]) -> pl.DataFrame:
    """Rows as a validated frame: columns that are not given are null, records are numbered within participant."""
    if not rows:
        return empty(contract)
    schema = contract.schema.create_empty().schema
    filled = []
    numbers: dict[str, int] = {}
    for position, row in enumerate(rows):
        unknown = set(row) - set(schema)
        assert not unknown, f"{contract.name} has no column {unknown}"
        defaults: Row = {"SRCFILE": "extract.csv", "SRCROW": position + 2}
        sequence = f"{contract.name.upper()}SEQ"
        if sequence in schema:
            numbers[row["USUBJID"]] = numbers.get(row["USUBJID"], 0) + 1
            defaults[sequence] = numbers[row["USUBJID"]]
        filled.append(dict.fromkeys(schema) | defaults | row)
    return validate(contract, pl.DataFrame(filled, schema=schema))


# ---- rows -----------------------------------------------------------------------------------------------------------


def person(name: str = "P1", *, injected: int | None = 5, transplanted: int | None = 0, **more: Any) -> Row:
    """An enrolled adult of dose level DL1."""
    row = {
        "USUBJID": name, "STUDYID": "S", "GROUP": "A", "DOSELVL": "DL1", "SCRNDT": on(-30), "ENRLDT": on(-20),
        "HSCTDT": None if transplanted is None else on(transplanted),
        "TRTSDT": None if injected is None else on(injected),
    }  # fmt: skip
    return row | more


def person_without_dates(name: str = "P1", *, injected: float | None = 5.0, **more: Any) -> Row:
    """A participant of a source that gives days since transplant only."""
    return {"USUBJID": name, "STUDYID": "S", "GROUP": "A", "DOSELVL": "DL1", "HSCTDY": 0.0, "TRTSDY": injected} | more


def between(prefix: str, low: int | date | None, high: int | date | None) -> Row:
    """The two bounds of a date, as days since transplant or as dates."""
    bounds = [on(bound) if isinstance(bound, int) else bound for bound in (low, high)]
    return {f"{prefix}LO": bounds[0], f"{prefix}HI": bounds[1]}


def event(name: str, term: str, day: int, last: int | None = None, **more: Any) -> Row:
    """A clinical event on a day, or on a partial date that allows the days from `day` to `last`."""
    return {"USUBJID": name, "CEDECOD": term} | between("CEST", day, day if last is None else last) | more


def assessed(name: str, category: str, day: int, value: float | None = 0.0, last: int | None = None) -> Row:
    test = {"SURVIVAL": "STATUS", "DISEASE": "STATUS", "ACUTE_GVHD": "GRADE"}[category]
    return {
        "USUBJID": name, "FACAT": category, "FATESTCD": test, "FASTRESN": value,
    } | between("FA", day, day if last is None else last)  # fmt: skip


def alive(name: str, day: int, last: int | None = None) -> Row:
    return assessed(name, "SURVIVAL", day, 1.0, last)


def infusion(name: str, category: str, day: int, last: int | None = None) -> Row:
    bounds = between("CMST", day, day if last is None else last)
    return {"USUBJID": name, "CMTRT": "as received", "CMCAT": category} | bounds


def result_of(text: str) -> Row:
    """Comparator and number of a result as it is printed: `<5`, `<=50`, `>2000`, `60`."""
    comparator = text[: len(text) - len(text.lstrip("<>="))]
    return {
        "LBORRES": text, "LBCMP": comparator or "=", "LBSTRESN": float(text.lstrip("<>=")),
        "LBFATE": "censored" if comparator else "value",
    }  # fmt: skip


def sample(name: str, day: int | None, text: str | float = "20", **more: Any) -> Row:
    """A CD4 count in /uL, collected on a day since transplant."""
    row = {
        "USUBJID": name, "LBTESTCD": "CD4", "LBNAM": "lab", "LBDT": None if day is None else on(day),
        "LBORRESU": "/uL", "LBSTRESU": "/uL", "SRCCOL": "CD4",
    }  # fmt: skip
    return row | result_of(str(text)) | more


def samples(name: str, results: dict[int, str | float]) -> list[Row]:
    return [sample(name, day, text) for day, text in results.items()]


def adverse(
    name: str, start: tuple[int, int] | int | None, end: tuple[int, int] | int | None = None, **more: Any
) -> Row:
    """An adverse event; a pair of days is a partial date."""

    def pair(value: tuple[int, int] | int | None) -> tuple[int | None, int | None]:
        return value if isinstance(value, tuple) else (value, value)

    row = {"USUBJID": name, "AETERM": "rash", "AEDECOD": "Rash", "AEBODSYS": "Skin", "AETOXGR": 2}
    return row | between("AEST", *pair(start)) | between("AEEN", *pair(end)) | more


# ---- configuration --------------------------------------------------------------------------------------------------

CD4_RULE: Row = {
    "domain": "LB",
    "analyte": "CD4",
    "operator": ">",
    "value_per_ul": 50,
    "confirmations": 2,
    "min_spacing_day": 14,
    "window": {"clock": "transplant", "first_day": 0, "last_day": 100},
    "confirm_within_window": False,
    "event_date": "first",
    "samples_end_at": ["relapse", "dli"],
}

OCCURRENCES: Row = {
    "death": {"domain": "CE", "terms": ["DEATH"], "min_grade": None},
    "relapse": {"domain": "CE", "terms": ["RELAPSE"], "min_grade": None},
    "graft_failure": {"domain": "CE", "terms": ["GRAFT_FAILURE"], "min_grade": None},
    "cmv": {"domain": "CE", "terms": ["CMV"], "min_grade": None},
    "severe_infection": {"domain": "CE", "terms": ["INFECTION"], "min_grade": 3},
    "dli": {"domain": "CM", "categories": ["DLI"]},
    "gvhd34": {"domain": "FA", "category": "ACUTE_GVHD", "test": "GRADE", "at_least": 3},
    "cd4": CD4_RULE,
}


def variable(causes: list[str], follow_up: str, clock: str = "injection", **more: Any) -> Row:
    """A first-event variable of the injected; `follow_up` is an FA category, or CD4."""
    domain = "LB" if follow_up == "CD4" else "FA"
    return {
        "population": "injected",
        "origin": {"clock": clock, "landmark_day": more.pop("landmark_day", None)},
        "causes": causes,
        "follow_up": [{"domain": domain, "code": follow_up}],
        "horizon_day": None,
    } | more


def endpoint(first_event: str, events: list[str], estimator: str) -> Row:
    return {
        "label": first_event, "first_event": first_event, "events": events, "estimator": estimator,
        "conf_type": "by planned group size",
        "variance": "greenwood" if estimator == "kaplan-meier" else "infinitesimal-jackknife",
        "landmarks_day": [100], "figure_last_day": 180, "figure_tick_day": 30, "display": "incidence",
        "source": "by hand", "status": "draft",
    }  # fmt: skip


FIRST_EVENTS: Row = {
    "death": variable(["death"], "SURVIVAL"),
    "relapse_or_death": variable(["relapse", "death"], "DISEASE"),
    "gvhd": variable(["gvhd34", "relapse", "death"], "ACUTE_GVHD", horizon_day=90),
    "cmv": variable(["cmv", "death"], "SURVIVAL"),
    "cd4": variable(["relapse", "death", "dli", "cd4"], "CD4", clock="transplant", horizon_day=100),
}

ENDPOINTS: Row = {
    "OS": endpoint("death", ["death"], "kaplan-meier"),
    "RFS": endpoint("relapse_or_death", ["relapse", "death"], "kaplan-meier"),
    "RELAPSE": endpoint("relapse_or_death", ["relapse"], "aalen-johansen"),
    "NRM": endpoint("relapse_or_death", ["death"], "aalen-johansen"),
    "GVHD": endpoint("gvhd", ["gvhd34"], "aalen-johansen"),
    "CMV": endpoint("cmv", ["cmv"], "aalen-johansen"),
    "CD4IR": endpoint("cd4", ["cd4"], "aalen-johansen"),
}

SPEC: Row = {
    "cutoff_date": CUTOFF,
    "evaluable": {"of": "injected", "analyte": "CD4", "min_samples": 1},
    "visits": {
        "tie": "earlier",
        "windows": [
            {"code": "D14", "label": "Day 14", "target_day": 14, "first_day": 11, "last_day": 17},
            {"code": "D28", "label": "Day 28", "target_day": 28, "first_day": 23, "last_day": 34},
        ],
    },
    "analytes": [
        {"code": "CD3", "label": "CD3+ T cells", "unit": "/uL", "summarised": True, "axis_floor": 0.5},
        {"code": "CD4", "label": "CD4+ T cells", "unit": "/uL", "summarised": True, "axis_floor": 0.5},
    ],
    "endpoints": {"occurrences": OCCURRENCES, "first_events": FIRST_EVENTS, "endpoints": ENDPOINTS},
    "partial_dates": {"event": "earliest"},
    "safety": {
        "population": "injected",
        "emergent_from_clock": "injection",
        "emergent_last_day": None,
        "grade_at_least": [3],
    },
}


def make_spec(**changes: Any) -> DeriveSpec:
    """The specification above, with parts replaced: `visits__tie="later"` is the key `tie` of `visits`."""
    content = copy.deepcopy(SPEC)
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = content
        for parent in parents:
            place = place[parent]
        place[last] = value
    return DeriveSpec.model_validate(content)


def make_rule(**changes: Any) -> DeriveSpec:
    """A specification of the CD4 variable alone, with parts of its rule replaced.

    `window` takes a clock, a first and a last day.
    """
    rule = CD4_RULE | changes
    if isinstance(rule["window"], tuple):
        rule["window"] = dict(zip(("clock", "first_day", "last_day"), rule["window"], strict=True))
    return make_spec(endpoints=around("cd4", occurrences=OCCURRENCES | {"cd4": rule}))


def make_variable(name: str, *, endpoints: Row | None = None, **changes: Any) -> DeriveSpec:
    """A specification of one first-event variable alone, with parts of it replaced."""
    return make_spec(endpoints=around(name, FIRST_EVENTS[name] | changes, endpoints=endpoints))


def around(
    name: str, definition: Row | None = None, *, occurrences: Row = OCCURRENCES, endpoints: Row | None = None
) -> Row:
    """One first-event variable with its occurrences, and its endpoints above unless others are given."""
    definition = definition or FIRST_EVENTS[name]
    own = {code: value for code, value in ENDPOINTS.items() if value["first_event"] == name}
    return {
        "occurrences": {
            cause: occurrences[cause] for cause in dict.fromkeys([*definition["causes"], "relapse", "dli"])
        },
        "first_events": {name: definition},
        "endpoints": own if endpoints is None else endpoints,
    }


# ---- derivation -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Derived:
    """Everything that is derived from one set of records."""

    adsl: pl.DataFrame
    adlb: pl.DataFrame
    adae: pl.DataFrame
    adtte: pl.DataFrame
    adoc: pl.DataFrame
    adrec: pl.DataFrame

    def person(self, name: str = "P1") -> Row:
        return self.adsl.row(by_predicate=pl.col("USUBJID") == name, named=True)

    def endpoint(self, code: str, name: str = "P1") -> Row:
        return self.adtte.row(by_predicate=(pl.col("USUBJID") == name) & (pl.col("PARAMCD") == code), named=True)

    def status(self, name: str = "P1", rule: str = "cd4") -> Row:
        return self.adrec.row(by_predicate=(pl.col("USUBJID") == name) & (pl.col("RULE") == rule), named=True)

    def occurrence(self, code: str, name: str = "P1") -> Row:
        return self.adoc.row(by_predicate=(pl.col("USUBJID") == name) & (pl.col("OCCUR") == code), named=True)

    def event(self, name: str = "P1", number: int = 1) -> Row:
        return self.adae.row(by_predicate=(pl.col("USUBJID") == name) & (pl.col("AESEQ") == number), named=True)


def derive(dm: list[Row] | None = None, *, spec: DeriveSpec | None = None, **domains: list[Row]) -> Derived:
    """Derive all analysis datasets; without `dm` there is one participant, P1, injected on day 5."""
    spec = spec or make_spec()
    rows = {"dm": [person()] if dm is None else dm} | domains
    frames = {name: table(contract, rows.get(name, [])) for name, contract in CONTRACTS.items()}
    adsl = validate(ADSL, derive_adsl(frames["dm"], frames["ds"], frames["ce"], frames["fa"], frames["lb"], spec))
    adlb = validate(ADLB, derive_adlb(adsl, frames["lb"], spec))
    tte = derive_adtte(adsl, adlb, frames["ce"], frames["fa"], frames["cm"], spec)
    return Derived(
        adsl=adsl,
        adlb=adlb,
        adae=validate(ADAE, derive_adae(adsl, frames["ae"], spec)) if "ae" in domains else empty(ADAE),
        adtte=validate(ADTTE, tte.adtte),
        adoc=validate(ADOC, tte.adoc),
        adrec=validate(ADREC, tte.adrec),
    )
