"""Which record of a death counts, where there are several."""

from datetime import date

import polars as pl

from immrecon.derive.clock import by_cutoff


def contacts_alive(fa: pl.DataFrame, cutoff: date | None) -> pl.DataFrame:
    """Records, on or before the cut-off, that the participant was alive."""
    return fa.filter(pl.col("FACAT") == "SURVIVAL", pl.col("FASTRESN") == 1, by_cutoff("FAHI", cutoff))


def one_death_each(ce: pl.DataFrame, fa: pl.DataFrame, cutoff: date | None) -> pl.DataFrame:
    """Clinical events with at most one death per participant, on or before the cut-off.

    Of several, one that the last contact alive does not contradict comes first, then a complete date, then the
    earliest. A death without any date is taken only where there is no other.
    """
    alive = (
        contacts_alive(fa, cutoff).group_by("USUBJID").agg(ALIVEDT=pl.col("FALO").max(), ALIVEDY=pl.col("FADY").max())
    )
    is_death = pl.col("CEDECOD") == "DEATH"
    counted = (
        ce.filter(is_death, by_cutoff("CESTLO", cutoff))
        .join(alive, on="USUBJID", how="left")
        .with_columns(
            UNDATED=pl.col("CESTLO").is_null() & pl.col("CESTDY").is_null(),
            CONTRADICTED=((pl.col("CESTHI") < pl.col("ALIVEDT")) | (pl.col("CESTDY") < pl.col("ALIVEDY"))).fill_null(
                value=False
            ),
            PARTIAL=(pl.col("CESTLO") != pl.col("CESTHI")).fill_null(value=False),
        )
        .sort("USUBJID", "UNDATED", "CONTRADICTED", "PARTIAL", "CESTLO", "CESTDY", "CESEQ")
        .unique("USUBJID", keep="first", maintain_order=True)
    )
    deaths = ce.join(counted, on=["USUBJID", "CESEQ"], how="semi")
    return pl.concat([ce.filter(~is_death), deaths]).sort("USUBJID", "CESEQ")
