"""The section of the configuration for queries: what a cut is compared with, and which columns may name a person."""

from immrecon.config.base import Strict
from immrecon.config.source_format import clean_head
from immrecon.config.study import Study


class PrivateColumn(Strict):
    """A column whose cells may name a person: received identifiers, dates of birth."""

    source: str
    """Name of the dialect, or file of the clinical extract."""
    column: str


class QueriesSpec(Strict):
    """What the files for sites and laboratories need."""

    study: str
    data_cut: str
    compared_with: str | None
    private_columns: list[PrivateColumn]


def queries_spec(study: Study) -> QueriesSpec:
    private: list[tuple[str, str | None]] = [(name, lab.columns.participant) for name, lab in study.labs.items()]
    for extract in study.clinical.extracts:
        birth = extract.columns.get("BRTHDTC")
        private += [(extract.file, extract.participant.column), (extract.file, birth.column if birth else None)]
    return QueriesSpec(
        study=study.file.study,
        data_cut=study.file.data_cut,
        compared_with=study.earlier_cut,
        private_columns=[
            PrivateColumn(source=source, column=spelling)
            for source, column in sorted({(source, column) for source, column in private if column is not None})
            for spelling in dict.fromkeys([column, clean_head(column)])
        ],
    )
