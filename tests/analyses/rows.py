"""Analysis datasets of a handful of participants, written row by row, and the specifications that go with them.

Day 0 is the transplant on 1 January 2026; the cut-off, 30 June 2026, is day 180.
"""

from datetime import date, timedelta
from typing import Any

import polars as pl

from immrecon.contracts.analysis import ADAE, ADLB, ADOC, ADREC, ADSL, ADTTE
from immrecon.contracts.base import Contract
from immrecon.contracts.harmonised import LB
from immrecon.contracts.io import validate

Row = dict[str, Any]

TRANSPLANT = date(2026, 1, 1)
CUTOFF = date(2026, 6, 30)
STAGES = {"screened": "SCRNFL", "enrolled": "ENRLFL", "transplanted": "HSCTFL", "injected": "SAFFL"}
STAGES |= {"evaluable": "EVALFL"}


def on(day: int) -> date:
    """The calendar date of a day since transplant."""
    return TRANSPLANT + timedelta(days=day)


def table(contract: Contract, rows: list[Row]) -> pl.DataFrame:
    """Rows as a validated frame; columns that are not given are null."""
    schema = contract.schema.create_empty().schema
    unknown = {name for row in rows for name in row} - set(schema)
    assert not unknown, f"{contract.name} has no column {unknown}"
    return validate(contract, pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema))


# ---- ADSL -----------------------------------------------------------------------------------------------------------


def person(name: str, group: str | None = "A", dose: str | None = "DL1", stage: str = "evaluable", **more: Any) -> Row:
    """A participant who got as far as `stage`; transplanted on day 0 and injected on day 5."""
    reached = list(STAGES)[: list(STAGES).index(stage) + 1]
    row: Row = {
        "USUBJID": name, "STUDYID": "S", "DISPID": name, "GROUP": group, "DOSELVL": dose, "DTHFL": "N",
        "DTHUNFL": "N", "WDUNFL": "N", "SCRNDT": on(-30),
    }  # fmt: skip
    row |= {flag: "Y" if population in reached else "N" for population, flag in STAGES.items()}
    if "enrolled" in reached:
        row |= {"ENRLDT": on(-20)}
    if "transplanted" in reached:
        row |= {"HSCTDT": on(0), "HSCTDY": 0.0}
    if "injected" in reached:
        row |= {"TRTSDT": on(5), "TRTSDY": 5.0}
    return row | more


def died(day: int) -> Row:
    return {"DTHFL": "Y", "DTHDT": on(day), "DTHDY": float(day), "DTHHIDY": float(day)}


def adsl(*people: Row) -> pl.DataFrame:
    return table(ADSL, list(people))


# ---- ADLB -----------------------------------------------------------------------------------------------------------

VISIT_OF_DAY = {"D14": (11, 17, 14.0), "D28": (23, 34, 28.0)}


def sample(
    name: str, day: int, text: str | float = "60", group: str = "A", dose: str | None = "DL1", **more: Any
) -> Row:
    """A CD4 count that represents its visit: `<5`, `<=5`, `>2000` or a plain number."""
    result = str(text)
    comparator = result[: len(result) - len(result.lstrip("<>="))]
    row: Row = {
        "USUBJID": name, "DISPID": name, "GROUP": group, "DOSELVL": dose, "PARAMCD": "CD4", "PARAM": "CD4 (/uL)",
        "AVALU": "/uL", "AVAL": float(result.lstrip("<>=")), "ACMP": comparator or "=", "AVALC": result,
        "ADT": on(day), "ADY": float(day), "ANL02FL": "Y", "SRCFILE": "labs.csv", "SRCROW": 2, "SRCCOL": "CD4",
        "ANL01FL": "N",
    }  # fmt: skip
    for visit, (first, last, target) in VISIT_OF_DAY.items():
        if first <= day <= last:
            row |= {"AVISIT": visit, "AVISITN": target, "ANL01FL": "Y"}
    return row | more


def adlb(*samples: Row) -> pl.DataFrame:
    numbered = [{"ASEQ": i, "LBSEQ": i} | row for i, row in enumerate(samples, start=1)]
    return table(ADLB, numbered)


# ---- LB -------------------------------------------------------------------------------------------------------------


def unused(name: str, day: int | None, fate: str, reason: str | None, analyte: str = "CD4", **more: Any) -> Row:
    """A result that is not used: "not done", "excluded", "superseded"."""
    return {
        "USUBJID": name, "LBTESTCD": analyte, "LBNAM": "lab", "LBDT": None if day is None else on(day),
        "LBORRES": "text", "LBORRESU": "/uL", "LBCMP": "=", "LBSTRESU": "/uL", "LBFATE": fate, "LBREASND": reason,
        "SRCFILE": "labs.csv", "SRCROW": 2, "SRCCOL": analyte,
    } | more  # fmt: skip


def lb(*results: Row) -> pl.DataFrame:
    return table(LB, [{"LBSEQ": 1000 + i} | row for i, row in enumerate(results)])


# ---- ADREC, ADOC, ADTTE, ADAE ---------------------------------------------------------------------------------------


def status(name: str, category: str, group: str = "A", dose: str | None = "DL1", rule: str = "cd4") -> Row:
    return {
        "USUBJID": name, "RULE": rule, "DISPID": name, "GROUP": group, "DOSELVL": dose, "STATUS": category,
        "NSAMPLES": 1, "NUNKNOWN": 0, "WINCLFL": "Y", "RISKFL": "Y",
    }  # fmt: skip


def adrec(*statuses: Row) -> pl.DataFrame:
    return table(ADREC, list(statuses))


def adoc(*occurrences: tuple[str, str, float]) -> pl.DataFrame:
    """Participant, occurrence and day since transplant; in order."""
    rows = [
        {
            "USUBJID": name, "OCCUR": code, "OCCSEQ": 1 + sum(one[:2] == (name, code) for one in occurrences[:index]),
            "DY": day, "SRCDOM": "CE", "SRCVAR": "CESTDTC", "SRCSEQ": index + 1,
        }
        for index, (name, code, day) in enumerate(occurrences)
    ]  # fmt: skip
    return table(ADOC, rows)


def adae(*events: Row) -> pl.DataFrame:
    return table(ADAE, [{"AESEQ": i} | row for i, row in enumerate(events, start=1)])


def adverse(name: str, term: str, grade: int | None, group: str = "A", dose: str | None = "DL1", **more: Any) -> Row:
    """A counted adverse event; rash and itch are of the skin, everything else is an infection."""
    return {
        "USUBJID": name, "GROUP": group, "DOSELVL": dose, "AEDECOD": term, "AETOXGR": grade, "AESER": "N",
        "AEBODSYS": "Skin" if term in ("Rash", "Itch") else "Infections", "AEREL": "N", "AONGOFL": "N",
        "AONGOUN": "N", "TRTEMFL": "Y", "TRTEMUN": "N", "ANL01FL": "Y",
    } | more  # fmt: skip


EVENT, CENSORED, COMPETING = 0, 1, 2
"""Values of CNSR."""

OUTCOMES = {
    # What happened: CNSR of RFS, RELAPSE, NRM and OS.
    "relapse": {"RFS": EVENT, "RELAPSE": EVENT, "NRM": COMPETING, "OS": CENSORED},
    "death": {"RFS": EVENT, "RELAPSE": COMPETING, "NRM": EVENT, "OS": EVENT},
    "alive": {"RFS": CENSORED, "RELAPSE": CENSORED, "NRM": CENSORED, "OS": CENSORED},
}
VARIABLE = {"RFS": "relapse_or_death", "RELAPSE": "relapse_or_death", "NRM": "relapse_or_death", "OS": "death"}


def followed(name: str, day: float, what: str, group: str = "A", dose: str | None = "DL1", **more: Any) -> list[Row]:
    """The four rows of a participant: relapse or death on a day since injection, or seen alive last on that day."""
    return [
        {
            "USUBJID": name, "PARAMCD": code, "PARAM": code, "FIRSTEV": VARIABLE[code], "DISPID": name,
            "GROUP": group, "DOSELVL": dose, "AENTRY": 0.0, "AVAL": float(day), "CNSR": censoring,
            "CAUSE": None if censoring == CENSORED else what, "EVNTDESC": what, "RISKFL": "Y",
        }
        | more
        for code, censoring in OUTCOMES[what].items()
    ]  # fmt: skip


def adtte(*participants: list[Row]) -> pl.DataFrame:
    return table(ADTTE, [row for rows in participants for row in rows])
