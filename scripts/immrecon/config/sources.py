"""Where a study's other files, its data and its results are."""

from pydantic import Field

from immrecon.config.base import Strict


class Sources(Strict):
    """Paths relative to the folder of `config.yaml`."""

    labs: list[str] = Field(description="one dialect per lab export")
    clinical: str = Field(description="how the clinical extracts are mapped")
    endpoints: str
    comparisons: str | None = Field(
        description="who is compared with whom, and references in print; null: nothing is compared"
    )
    reference_limits: str | None = Field(
        description="limits by analyte and age, a CSV file; null: only those that lab exports carry are used"
    )
    outcomes: str | None = Field(
        description="outcome by reconstitution, at landmarks and by the current count; null: not analysed"
    )
    external: str | None = Field(
        description="published proportions and control data sets of other studies; null: compared with none"
    )
    data: str = Field(description="folder that holds one sub-folder per cut")
    results: str = Field(description="folder under which <study>/<cut>/ is written")
