"""Nobody, and nothing: every derivation gives valid tables where there is little or nothing to derive from."""

import pytest

from .cases import derive
from .configuration import make_spec
from .records import Row, adverse, alive, event, person, sample

NOBODY: list[Row] = []


def test_no_participants() -> None:
    derived = derive(NOBODY)
    sizes = [getattr(derived, name).height for name in ("adsl", "adlb", "adae", "adtte", "adoc", "adrec")]
    assert sizes == [0] * 6


def test_records_of_participants_who_do_not_exist_are_left_out() -> None:
    derived = derive(
        NOBODY, lb=[sample("P9", 20)], ce=[event("P9", "DEATH", 30)], fa=[alive("P9", 20)], ae=[adverse("P9", 20)]
    )
    assert derived.adlb.height + derived.adae.height + derived.adoc.height + derived.adtte.height == 0


def test_participants_without_any_record() -> None:
    dm = [
        person("P1", ENRLDT=None, transplanted=None, injected=None, GROUP=None),
        person("P2", transplanted=None, injected=None),
        person("P3", injected=None),
        person("P4"),
    ]
    derived = derive(dm)
    assert derived.adsl.height == 4
    assert (derived.adlb.height, derived.adae.height, derived.adoc.height) == (0, 0, 0)
    assert derived.adtte.select("USUBJID", "AVAL", "CNSR", "RISKFL").unique().rows() == [("P4", 0.0, 1, "Y")]
    assert derived.adrec.select("USUBJID", "STATUS", "NSAMPLES", "LASTDY").rows() == [("P4", "no sample", 0, None)]


def test_events_without_any_sample() -> None:
    derived = derive(ce=[event("P1", "RELAPSE", 30), event("P1", "DEATH", 60)], ae=[adverse("P1", 20)])
    assert derived.status()["STATUS"] == "competing event before"
    assert derived.adae.height == 1


@pytest.mark.parametrize("part", ["occurrences", "first_events", "endpoints"])
def test_a_configuration_that_declares_nothing(part: str) -> None:
    full = make_spec().endpoints.model_dump()
    # Without occurrences there are no variables, and without variables no endpoints.
    declared = {"occurrences": [], "first_events": ["occurrences"], "endpoints": ["occurrences", "first_events"]}
    content = {key: full[key] if key in declared[part] else {} for key in full} | {
        "definition_grid": None,
        "recurrent_events": {},
    }
    derived = derive(lb=[sample("P1", 20, 60), sample("P1", 34, 70)], spec=make_spec(endpoints=content))
    assert derived.adtte.height == 0
    assert derived.adrec.height == (1 if part == "endpoints" else 0)


def test_no_analytes() -> None:
    assert derive(lb=[sample("P1", 20)], spec=make_spec(analytes=[])).adlb.height == 0
