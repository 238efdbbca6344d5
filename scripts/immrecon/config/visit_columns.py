"""Visits that stand side by side in an export: which heads they are, and where their dates are."""

import re
from typing import Literal

from pydantic import Field

from immrecon.config.base import Strict
from immrecon.config.source_format import Pattern


class VisitColumns(Strict):
    """The visits of the wide_by_visit shape, side by side."""

    heads: Pattern = Field(description="visit labels: the whole head of a visit, e.g. 'Day \\d+'; it names LBVISIT")
    dates: Literal["beside", "row", "head"] = Field(
        description="beside: below each visit are a column of dates and one of results (two header_rows); row: each "
        "visit is one column of results, and a row of the participant has the dates, by its name in the test column; "
        "head: the head has the date, in a named group of `heads` that columns.collected names"
    )

    @property
    def groups(self) -> frozenset[str]:
        """What stands in the heads themselves, by the names of the groups."""
        return frozenset(re.compile(self.heads).groupindex) if self.dates == "head" else frozenset()
