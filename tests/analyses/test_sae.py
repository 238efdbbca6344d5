"""Events of the safety and of the clinical database, counted by hand. Nothing of after day 180 counts."""

from typing import Any

import polars as pl
import pytest

from immrecon.analyses.ongoing import LastingDomains
from immrecon.analyses.safety import estimate_safety
from immrecon.contracts.harmonised import AE, CE, CM, SAE
from immrecon.contracts.io import validate
from immrecon.contracts.results import SAE_RECONCILIATION

from .rows import Row, adae, adsl, on, person, table
from .specs import safety_spec

PEOPLE = adsl(person("P1"), person("P2"), person("P3", "B"), person("P4", None))
AGREES, DISAGREES, ALONE = "in both, agreeing", "in both, disagreeing", "in the safety database only"


def sae(name: str, number: int, status: str, event: int | None = None) -> Row:
    return {"SRCFILE": "sae.csv", "SRCROW": 2, "USUBJID": name, "SAESEQ": number, "SAEDECOD": "SEPSIS",
            "SAESTAT": status, "AESEQ": event}  # fmt: skip


def ae(name: str, number: int, serious: str | None) -> Row:
    return {"SRCFILE": "ae.csv", "SRCROW": 2, "USUBJID": name, "AESEQ": number, "AETERM": "x", "AEDECOD": "Sepsis",
            "AEBODSYS": "Infections", "AESER": serious, "AESTLO": on(20), "AESTHI": on(20)}  # fmt: skip


AFTER: Row = {"AESTLO": on(181), "AESTHI": on(181)}
LATER: Row = {"SAESTLO": on(181), "SAESTHI": on(181)}
EVENTS = table(AE, [ae("P3", 3, "Y") | AFTER, ae("P2", 2, "Y") | AFTER, ae("P2", 3, "Y"), ae("P1", 1, "Y"), ae("P1", 2, "Y"), ae("P1", 3, "Y"), ae("P2", 1, "N"), ae("P3", 1, "Y"),
                    ae("P3", 2, None), ae("P4", 1, "Y")])  # fmt: skip
LISTED = table(SAE, [sae("P2", 3, AGREES, 2) | LATER, sae("P3", 1, ALONE) | LATER, sae("P2", 4, DISAGREES, 3) | LATER,
                     sae("P1", 1, AGREES, 1), sae("P1", 2, DISAGREES, 2), sae("P2", 1, DISAGREES, 1),
                     sae("P2", 2, ALONE), sae("P4", 1, AGREES, 1)])  # fmt: skip


def counts(**changes: Any) -> pl.DataFrame:
    records = LastingDomains(EVENTS, table(CE, []), table(CM, []))
    results = estimate_safety(PEOPLE, adae(), records, LISTED, safety_spec(**changes))
    return validate(SAE_RECONCILIATION, results.sae_reconciliation)


@pytest.mark.parametrize(
    ("group", "status", "events", "participants"),
    [
        ("all", "in the safety database", 6, 3),
        ("all", AGREES, 2, 2),
        (
            "all",
            DISAGREES,
            3,
            2,
        ),  # one of P2 started by the cut-off in the clinical database alone; the other is matched with an event that is not called serious
        ("all", ALONE, 1, 1),
        ("all", "in the clinical database only", 2, 2),
        ("A", "in the safety database", 5, 2),
        ("A", "in the clinical database only", 1, 1),
        ("B", "in the safety database", 0, 0),
        ("B", "in the clinical database only", 1, 1),
        ("", AGREES, 1, 1),  # enrolled without a group
        ("", ALONE, 0, 0),
    ],
)
def test_counts(group: str, status: str, events: int, participants: int) -> None:
    row = counts().row(by_predicate=(pl.col("group") == group) & (pl.col("status") == status), named=True)
    assert (row["n_events"], row["n_participants"]) == (events, participants)


def test_without_a_safety_database_there_is_nothing_to_count() -> None:
    assert counts(sae_reconciled=False).height == 0
