"""A data cut: where its files are, up to which day anything counts, and which earlier cut it is compared with."""

from datetime import date

from pydantic import Field, model_validator

from immrecon.config.base import Slug, Strict


class ComparedWith(Strict):
    """The earlier cut, and the list of its queries that its run wrote."""

    cut: Slug = Field(description="an earlier one of the cuts")
    queries: str = Field(description="its queries/ids.csv, relative to this file")


class Cut(Strict):
    folder: str = Field(description="folder of the files as received, within the data folder")
    checksums: str | None = Field(
        description="SHA256SUMS of a frozen cut, relative to this file; a changed file stops the run; null: not frozen"
    )
    cutoff_date: date | None = Field(
        description="last day on which anything counts; null only where the data carry no calendar dates"
    )
    extract_date: date | None = Field(description="day the data left the database")
    compared_with: ComparedWith | None = Field(
        description="earlier cut against which queries are new, still open or resolved; null: not compared"
    )

    @model_validator(mode="after")
    def _extracted_after_the_cutoff(self) -> "Cut":
        if self.cutoff_date is not None and self.extract_date is not None and self.cutoff_date > self.extract_date:
            raise ValueError(
                f"cutoff_date {self.cutoff_date} is later than extract_date {self.extract_date}; expected the same day "
                "or an earlier one: nothing is known of the days after the extract. Hint: the two may be swapped"
            )
        return self
