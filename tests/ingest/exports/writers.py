"""Every kind of export that the synthetic study is written in."""

from collections.abc import Callable, Sequence

from .common import Export
from .standard_exports import fhir_bundle, fhir_lines, hl7_messages, sdtm_json, sdtm_transport
from .text_exports import bom_exponents, central_csv, french_csv, latin9_bars, utf16_big_endian, utf16_tabs
from .truth import Result
from .visit_exports import patient_blocks, patient_blocks_of_dates, visits_with_date_row, visits_with_dates_beside
from .workbook_exports import open_document, workbook_long, workbook_visits

WRITERS: list[Callable[[Sequence[Result]], Export]] = [
    french_csv,
    central_csv,
    utf16_tabs,
    utf16_big_endian,
    latin9_bars,
    bom_exponents,
    workbook_visits,
    workbook_long,
    sdtm_transport,
    sdtm_json,
    hl7_messages,
    fhir_bundle,
    fhir_lines,
    visits_with_date_row,
    visits_with_dates_beside,
    patient_blocks,
    open_document,
]

ALL_WRITERS = [*WRITERS, patient_blocks_of_dates]
"""With those that the fuzz run leaves out."""
