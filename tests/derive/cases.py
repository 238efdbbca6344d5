"""The analysis datasets of hand-written records; every frame passes its contract on the way in and on the way out."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from immrecon.config.specs import DeriveSpec
from immrecon.contracts.analysis import ADAE, ADLB, ADOC, ADREC, ADSL, ADTTE
from immrecon.contracts.harmonised import AE, CE, CM, DM, DS, FA, LB, SC
from immrecon.contracts.io import validate
from immrecon.derive.adae import derive_adae
from immrecon.derive.adlb import derive_adlb
from immrecon.derive.adsl import derive_adsl
from immrecon.derive.adtte import TimeToEvent, derive_adtte
from immrecon.derive.occurrences import Events

from .configuration import make_spec
from .records import Row, person, table

CONTRACTS = {"dm": DM, "ds": DS, "ce": CE, "fa": FA, "cm": CM, "ae": AE, "lb": LB, "sc": SC}


@dataclass
class Derived:
    """Analysis datasets of one set of harmonised frames; each is derived, and validated, when it is first asked for."""

    frames: dict[str, pl.DataFrame]
    spec: DeriveSpec

    @cached_property
    def adsl(self) -> pl.DataFrame:
        frames = [self.frames[name] for name in ("dm", "ds", "ce", "fa", "lb")]
        return validate(ADSL, derive_adsl(*frames, self.spec))

    @cached_property
    def adlb(self) -> pl.DataFrame:
        return validate(ADLB, derive_adlb(self.adsl, self.frames["lb"], self.spec))

    @cached_property
    def adae(self) -> pl.DataFrame:
        return validate(ADAE, derive_adae(self.adsl, self.frames["ae"], self.spec))

    @cached_property
    def time_to_event(self) -> TimeToEvent:
        events = Events(*(self.frames[name] for name in ("ce", "fa", "cm", "ae", "sc")))
        return derive_adtte(self.adsl, self.adlb, events, self.spec)

    @cached_property
    def adtte(self) -> pl.DataFrame:
        return validate(ADTTE, self.time_to_event.adtte)

    @cached_property
    def adoc(self) -> pl.DataFrame:
        return validate(ADOC, self.time_to_event.adoc)

    @cached_property
    def adrec(self) -> pl.DataFrame:
        return validate(ADREC, self.time_to_event.adrec)

    def person(self, name: str = "P1") -> Row:
        return self.adsl.row(by_predicate=pl.col("USUBJID") == name, named=True)

    def endpoint(self, code: str, name: str = "P1") -> Row:
        return self.adtte.row(by_predicate=(pl.col("USUBJID") == name) & (pl.col("PARAMCD") == code), named=True)

    def status(self, name: str = "P1", rule: str = "cd4") -> Row:
        return self.adrec.row(by_predicate=(pl.col("USUBJID") == name) & (pl.col("RULE") == rule), named=True)

    def occurrence(self, code: str, name: str = "P1", number: int = 1) -> Row:
        return self.adoc.filter(USUBJID=name, OCCUR=code, OCCSEQ=number).row(0, named=True)

    def event(self, name: str = "P1", number: int = 1) -> Row:
        return self.adae.row(by_predicate=(pl.col("USUBJID") == name) & (pl.col("AESEQ") == number), named=True)


def derive(dm: list[Row] | None = None, *, spec: DeriveSpec | None = None, **domains: list[Row]) -> Derived:
    """The analysis datasets of these records; without `dm` there is one participant, P1, injected on day 5."""
    rows = {"dm": [person()] if dm is None else dm} | domains
    frames = {name: table(contract, rows.get(name, [])) for name, contract in CONTRACTS.items()}
    return Derived(frames, spec or make_spec())
