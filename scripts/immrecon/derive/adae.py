"""ADAE: adverse events up to the cut-off, and which of them are emergent and counted."""

import polars as pl

from immrecon.config.specs import DeriveSpec
from immrecon.derive.clock import by_cutoff, yes_no
from immrecon.vocabulary import POPULATION_FLAG


def derive_adae(adsl: pl.DataFrame, ae: pl.DataFrame, spec: DeriveSpec) -> pl.DataFrame:
    """Events of enrolled participants that may have started on or before the cut-off.

    A partial start date is a pair of bounds. An event is emergent when it may have started on or after day 0 of the
    declared clock (and not later than the declared last day); when the bounds leave that open, it is counted as
    emergent and flagged. An event without any start date is counted as emergent and flagged too. An event started no
    later than it ended, and has ended by the cut-off only if its latest possible end has.
    """
    injection = spec.safety.emergent_from_clock == "injection"
    origin, started = (pl.col("TRTSDT"), pl.col("SAFFL")) if injection else (pl.col("HSCTDT"), pl.col("HSCTFL"))
    latest_start = pl.min_horizontal("ASTHI", "AEENHI")
    participants = adsl.filter(pl.col("ENRLFL") == "Y").select(
        "USUBJID", "GROUP", "DOSELVL", "HSCTDT", "TRTSDT", *POPULATION_FLAG.values()
    )
    may_be_emergent = (latest_start >= origin).fill_null(True) & (started == "Y")
    surely_emergent = (pl.col("ASTLO") >= origin).fill_null(False)
    if spec.safety.emergent_last_day is not None:
        last = origin + pl.duration(days=spec.safety.emergent_last_day)
        may_be_emergent &= (pl.col("ASTLO") <= last).fill_null(True)
        surely_emergent &= (latest_start <= last).fill_null(False)
    ended = pl.col("AEENHI").is_not_null() & by_cutoff("AEENHI", spec.cutoff_date)
    over_undated = (pl.col("AEENRTPT") == "BEFORE").fill_null(False) & pl.col("AEENHI").is_null()
    ongoing = ~ended & ~over_undated
    surely_after = ~by_cutoff("AEENLO", spec.cutoff_date) | (
        pl.col("AEENHI").is_null() & (pl.col("AEENRTPT") == "ONGOING").fill_null(False)
    )
    return (
        ae.join(participants, on="USUBJID", how="inner")
        .rename({"AESTLO": "ASTLO", "AESTHI": "ASTHI"})
        .filter(by_cutoff("ASTLO", spec.cutoff_date))
        .with_columns(
            AENLO=pl.when(ended).then(pl.col("AEENLO")),
            AENHI=pl.when(ended).then(pl.col("AEENHI")),
            AONGOFL=yes_no(ongoing),
            AONGOUN=yes_no(over_undated | (ongoing & ~surely_after)),
            TRTEMFL=yes_no(may_be_emergent),
            TRTEMUN=yes_no(may_be_emergent & ~surely_emergent),
        )
        .with_columns(
            ANL01FL=yes_no((pl.col("TRTEMFL") == "Y") & (pl.col(POPULATION_FLAG[spec.safety.population]) == "Y"))
        )
        .select(
            "USUBJID", "AESEQ", "GROUP", "DOSELVL", "AEDECOD", "AEBODSYS", "AETOXGR", "AESER", "AEREL",
            "ASTLO", "ASTHI", "AENLO", "AENHI", "AONGOFL", "AONGOUN", "TRTEMFL", "TRTEMUN", "ANL01FL",
        )
    )  # fmt: skip
