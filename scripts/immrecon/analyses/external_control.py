"""External comparisons: proportions in print, and control data sets followed from the same start."""

import polars as pl

from immrecon.analyses.external_controls import StudyData, control_rows
from immrecon.analyses.external_published import published_rows
from immrecon.config.external_specs import ExternalSpec
from immrecon.contracts.analysis import ADSL, ADTTE
from immrecon.contracts.io import read
from immrecon.contracts.results import EXTERNAL_CONTROL


def estimate_external_control(
    adsl: pl.DataFrame, adtte: pl.DataFrame, adrec: pl.DataFrame, controls: dict[str, StudyData], spec: ExternalSpec
) -> pl.DataFrame:
    """EXTERNAL_CONTROL: every declared reference; an empty table where none is. `controls` by their codes."""
    rows = published_rows(adrec, spec) + control_rows(StudyData(adsl, adtte), controls, spec)
    return EXTERNAL_CONTROL.frame(rows)


def read_controls(files: dict[str, dict[str, list[str]]]) -> dict[str, StudyData]:
    """The control data sets by their codes, from the parts of their tables `adsl` and `adtte`.

    Raises ContractError, SourceError: as `contracts.io.read`, for tables of another layout or version.
    """
    return {code: StudyData(read(ADSL, parts["adsl"]), read(ADTTE, parts["adtte"])) for code, parts in files.items()}
