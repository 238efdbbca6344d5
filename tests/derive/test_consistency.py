"""Relapse, non-relapse mortality and relapse-free survival never disagree about a participant."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from .cases import derive
from .configuration import make_variable
from .records import CUTOFF, Row, assessed, event, on, person

LAST = 180
"""The cut-off as a day since transplant."""
SPEC = make_variable("relapse_or_death")

days = st.integers(-10, 220)
history = st.fixed_dictionaries(
    {
        "injected": st.integers(0, 12),
        "relapse": st.lists(days, max_size=2),
        "death": st.lists(days, max_size=1),
        "assessed": st.lists(days, max_size=4),
    }
)


def expected(records: Row) -> Row:
    """Followed one record at a time: cause, time since injection, and whether at risk."""
    origin = records["injected"]
    happened = [(day, 0, "relapse") for day in records["relapse"] if day <= LAST]
    happened += [(day, 1, "death") for day in records["death"] if day <= LAST]
    if happened:
        day, _, cause = min(happened)
        return {"CAUSE": cause, "AVAL": day - origin, "RISKFL": "N" if day < origin else "Y"}
    documented = [day for day in records["assessed"] if origin <= day <= LAST]
    return {"CAUSE": None, "AVAL": max(documented, default=origin) - origin, "RISKFL": "Y"}


@settings(max_examples=20, deadline=None, derandomize=True)
@given(histories=st.lists(history, min_size=1, max_size=12))
def test_exactly_one_of_relapse_death_and_neither(histories: list[Row]) -> None:
    assert on(LAST) == CUTOFF == date(2026, 6, 30)
    names = [f"P{i}" for i in range(len(histories))]
    people = dict(zip(names, histories, strict=True))
    derived = derive(
        [person(name, injected=records["injected"]) for name, records in people.items()],
        ce=[event(name, "RELAPSE", day) for name, records in people.items() for day in records["relapse"]]
        + [event(name, "DEATH", day) for name, records in people.items() for day in records["death"]],
        fa=[assessed(name, "DISEASE", day) for name, records in people.items() for day in records["assessed"]],
        spec=SPEC,
    )
    assert derived.adtte.height == 3 * len(names)
    for name, records in people.items():
        relapse, death, free = (derived.endpoint(code, name) for code in ("RELAPSE", "NRM", "RFS"))
        assert sum([relapse["CNSR"] == 0, death["CNSR"] == 0, free["CNSR"] == 1]) == 1
        shared = ["AVAL", "AENTRY", "RISKFL", "NRISKREA", "ADT", "CAUSE", "SRCDOM", "SRCSEQ"]
        assert [relapse[key] for key in shared] == [death[key] for key in shared] == [free[key] for key in shared]
        truth = expected(records)
        assert {key: free[key] for key in truth} == truth
        codes = {"relapse": (0, 2, 0), "death": (2, 0, 0), None: (1, 1, 1)}[truth["CAUSE"]]
        assert (relapse["CNSR"], death["CNSR"], free["CNSR"]) == codes
