"""The catalogue of what goes wrong in real exports, and how a fault is planted in a row.

Each item is planted somewhere in the demo (tests check it) or named in `NOT_APPLICABLE` with the reason.
"""

from immrecon.simulate.rows import Row

CATALOGUE: tuple[str, ...] = (
    "7.1 LOINC disagrees with test name",
    "7.1 LOINC missing",
    "7.1 percent denominator",
    "7.2 unit spelling",
    "7.2 micro sign, two code points",
    "7.2 unit missing",
    "7.2 unit outside the table",
    "7.2 several units of one analyte",
    "7.3 below limit",
    "7.3 below limit without number",
    "7.3 above limit",
    "7.3 at most (≤)",
    "7.3 not determined (ND, NR, QNS, dash)",
    "7.3 zero",
    "7.3 specimen condition",
    "7.3 not done",
    "7.3 pending",
    "7.3 cancelled",
    "7.3 see comment",
    "7.3 result given elsewhere",
    "7.3 flag after the number",
    "7.3 decimals on a count",
    "7.3 thousands with no-break space",
    "7.3 thousands with narrow no-break space",
    "7.3 thousands with ordinary space",
    "7.3 thousands with comma",
    "7.3 point for thousands, comma for decimals",
    "7.3 scientific notation",
    "7.3 Excel hash signs",
    "7.3 comment in the value cell",
    "7.3 blank",
    "7.3 collection to receipt too long",
    "7.4 semicolon CSV, decimal comma, Windows-1252",
    "7.4 byte order mark",
    "7.4 title rows above header",
    "7.4 repeated header blocks",
    "7.4 footers and totals",
    "7.4 merged XLSX headers",
    "7.4 wide by visit",
    "7.4 wide by analyte",
    "7.4 hidden sheets",
    "7.4 formula cell",
    "7.4 number stored as text",
    "7.4 date as text",
    "7.4 Excel serial",
    "7.4 two-digit year",
    "7.4 US and EU date order in one study",
    "7.5 id without prefix",
    "7.5 leading zeros eaten",
    "7.5 letter O for zero",
    "7.5 other separators in id",
    "7.5 site swapped",
    "7.5 MRN instead of id",
    "7.5 initials and birth year instead of id",
    "7.5 unknown id",
    "7.5 donor sample filed under recipient",
    "7.5 accession repeated: preliminary, final, corrected",
    "7.5 result cannot be obtained (X)",
    "7.5 result corrected in place",
    "7.5 result changed without a status",
    "7.5 same-day duplicate",
    "7.5 collection and receipt mixed up",
    "7.5 midnight time",
    "7.5 sample before birth",
    "7.5 sample after death",
    "7.5 sample before transplant under a later visit",
    "7.6 CD4 + CD8 exceeds CD3",
    "7.6 lymphocyte sum",
    "7.6 percent times lymphocytes disagrees",
    "7.6 naive above CD4",
    "7.6 RTE above naive",
    "7.6 lymphocytes above leukocytes",
    "7.6 ratio does not recompute",
    "7.6 fivefold jump within 7 days",
    "7.6 thousandfold jump (unit slip)",
    "7.6 identical panel on two dates",
    "7.6 identical panel in two patients",
    "7.6 change of laboratory",
    "7.6 blasts",
)

CLINICAL_CATALOGUE: tuple[str, ...] = (
    "clinical partial date",
    "clinical impossible date",
    "clinical dead before alive",
    "clinical event without date",
    "clinical duplicate record",
    "clinical date before birth",
    "clinical date after extract",
    "clinical subject id typo",
    "clinical age disagrees with group",
    "clinical GvHD grade disagrees with stages",
    "clinical record after cut-off",
    "clinical entered late",
    "clinical backdated correction",
    "clinical SAE not in safety database",
    "clinical SAE not in clinical database",
    "clinical SAE disagrees",
)

NOT_APPLICABLE: dict[str, str] = {
    "7.3 SDTM columns (LBSTAT, LBREASND, LBSPCCND)": "no laboratory of this study sends SDTM",
    "7.4 UTF-16LE, tab-separated": "none of the three formats is UTF-16 or tab-separated",
    "7.4 block per patient": "none of the three formats is laid out in blocks",
    "7.4 1904 date system": "the Utrecht workbook uses the 1900 system; one workbook cannot hold both",
    "7.4 pandas parsing traps": "faults of a reader, not of a file; the Paris file has their ingredients",
    "7.5 HL7 result status D and W, SN data type": "no HL7 message; the central file knows P, F, C, X only",
    "7.5 FHIR status": "no FHIR resource",
    "7.5 time zones": "no time in the three files carries a zone; only dates are analysed",
    "7.6 single- against dual-platform": "named in the Utrecht Info sheet only, not per result",
    "7.7 CDISC LAB, HL7, ADaM": "exchange formats not among the three exports",
    "7.7 study day without day 0": "no file states a study day",
}


def plant(row: Row, column: str, text: str, item: str, expected: str, cell_kind: str = "") -> None:
    """Writes a faulty text into a cell, with what it is and what a careful reader makes of it."""
    row.cells[column] = text
    if cell_kind:
        row.kinds[column] = cell_kind
    row.mark(column, text or "(blank)", item, expected)


def scaled(text: str, factor: float) -> str:
    """A printed number times a factor, with the decimals it had; anything else unchanged."""
    decimals = len(text.partition(".")[2])
    return f"{float(text) * factor:.{decimals}f}" if text.replace(".", "", 1).isdigit() else text
