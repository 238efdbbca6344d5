"""What clinical records are checked against: versions of the protocol, days until entry, the safety database."""

from collections import Counter
from typing import Literal

from pydantic import Field, model_validator

from immrecon.config.base import Code, Strict


class AllowedDiagnoses(Strict):
    test: Code = Field(description="SCTESTCD of the diagnosis")
    values: list[str] = Field(min_length=1, description="diagnoses as received that the version allows")


class GroupLimits(Strict):
    """Who may be enrolled in a group under a version of the protocol."""

    group: str = Field(description='one of "groups"')
    min_age_years: float | None = Field(description="age below this is flagged; null: no lower limit")
    max_age_years: float | None = Field(description="age at or above this is flagged; null: no upper limit")
    diagnoses: AllowedDiagnoses | None = Field(description="any other diagnosis is flagged; null: no check")


class ProtocolVersion(Strict):
    """A version of the protocol. A participant who does not fit is flagged, never re-assigned."""

    code: str = Field(min_length=1, description="value of PROTVER in the enrolment record")
    groups: list[GroupLimits] = Field(min_length=1, description="groups that it enrols; any other is flagged")

    @model_validator(mode="after")
    def _groups_once(self) -> "ProtocolVersion":
        if twice := [group for group, n in Counter(item.group for item in self.groups).items() if n > 1]:
            raise ValueError(f"protocol version {self.code}: the group {twice[0]} is given twice")
        return self


class LateEntry(Strict):
    """Records of a domain are listed when entered late, or since the earlier cut though dated before it."""

    domain: Literal["DS", "CE", "FA", "CM", "AE"]
    after_days: int = Field(ge=0, description="days from the latest possible day of the record to its entry")


class LastingRecords(Strict):
    """Records of a domain that last, and are listed while they do."""

    domain: Literal["AE", "CE", "CM"]
    codes: list[str] | None = Field(
        description="preferred terms (AE), events (CE) or categories (CM) that last; null: all. An event of one "
        "day, as a death or an engraftment, has no end and would be listed for good"
    )


class SaeReconciliation(Strict):
    """Each event of the safety database is matched with an adverse event of the clinical database.

    By participant and preferred term (case and blanks aside), with starts at most so many days apart.
    """

    onset_tolerance_days: int = Field(ge=0)
