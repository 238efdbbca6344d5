"""The Paris export: Windows-1252, semicolons, decimal commas, one row per sample, analytes side by side."""

import csv
import io
from datetime import date, datetime, timedelta

import polars as pl

from immrecon.simulate.parameters import LABORATORIES, StudyParameters
from immrecon.simulate.rows import PlacedMark, Rendered, Row, Table, count_kinds, place
from immrecon.simulate.streams import stream

FILE = "labs/paris_lymphocytes.csv"
COUNT_COLUMNS = {
    "CD3": "CD3+ (/mm3)",
    "CD4": "CD4+ (/mm3)",
    "CD8": "CD8+ (/mm3)",
    "CD19": "CD19+ (/mm3)",
    "NK": "CD16+56+ (/mm3)",
    "CD4_NAIVE": "CD4 naïfs (/mm3)",
    "RTE": "RTE (/mm3)",
}
LYMPHOCYTES, CD3_PERCENT = "Lymphocytes (G/L)", "CD3+ (%)"
COLUMNS = (
    "N° patient",
    "N° prélèvement",
    "Date prélèvement",
    "Heure",
    "Date réception",
    "Statut",
    LYMPHOCYTES,
    "CD3+ (/mm3)",
    CD3_PERCENT,
    "CD4+ (/mm3)",
    "CD8+ (/mm3)",
    "CD19+ (/mm3)",
    "CD16+56+ (/mm3)",
    "CD4 naïfs (/mm3)",
    "RTE (/mm3)",
    "Commentaire",
)
RESULT_COLUMNS = COLUMNS[6:15]
NBSP = "\u00a0"
NAIVE_FROM_CD4_PER_UL = 100  # naive and RTE tubes are run only once there are enough CD4+ cells
DAYS_PROVISIONAL = 6


def paris_table(parameters: StudyParameters, samples: pl.DataFrame) -> Table:
    """Clean rows of all Paris samples; provisional for the first days, then validated."""
    table = Table(FILE, COLUMNS, ("N° patient", "N° prélèvement"), [])
    rng = stream(parameters.seed, "paris")
    number: dict[int, int] = {}
    for sample in samples.filter(pl.col("laboratory") == "paris").sort("collected", "subject").iter_rows(named=True):
        year = sample["collected"].year
        number[year] = number.get(year, int(rng.integers(300, 900))) + int(rng.integers(3, 90))
        row = _row(sample, f"{year % 100:02d}P{number[year]:05d}")
        table.rows.append(row)
        table.revise(row, row.seen_from + timedelta(days=DAYS_PROVISIONAL), "validation", Statut="validé")
    return table


def count_text(value: float, limit: int) -> tuple[str, str]:
    """A count as the laboratory prints it, and its kind."""
    rounded = round(value)
    if rounded < limit:
        return f"<{limit}", "below_limit"
    return (f"{rounded:,}".replace(",", NBSP), "value")


def _row(sample: dict[str, object], number: str) -> Row:
    collected, received, reported = (sample[c] for c in ("collected", "received", "reported"))
    assert isinstance(collected, datetime)
    assert isinstance(received, datetime)
    assert isinstance(reported, datetime)
    limit = LABORATORIES["02"].limit_of_quantification_per_ul
    cells = dict.fromkeys(COLUMNS, "")
    kinds = dict.fromkeys(RESULT_COLUMNS, "blank")
    read = {k.removeprefix("read_"): float(str(v)) for k, v in sample.items() if k.startswith("read_")}
    for analyte, column in COUNT_COLUMNS.items():
        if analyte in ("CD4_NAIVE", "RTE") and read["CD4"] < NAIVE_FROM_CD4_PER_UL:
            continue
        cells[column], kinds[column] = count_text(read[analyte], limit)
    share = min(99.0, 100 * read["CD3"] / max(read["ALC"], 1.0))
    lymphocytes = read["ALC"] / 1000
    cells[LYMPHOCYTES] = f"{lymphocytes:.2f}".replace(".", ",") if lymphocytes >= 0.01 else "<0,01"
    kinds[LYMPHOCYTES] = "value" if lymphocytes >= 0.01 else "below_limit"
    cells[CD3_PERCENT], kinds[CD3_PERCENT] = f"{share:.1f}".replace(".", ","), "value"
    cells |= {
        "N° patient": str(sample["subject"]),
        "N° prélèvement": number,
        "Date prélèvement": f"{collected:%d/%m/%Y}",
        "Heure": f"{collected:%H:%M}",
        "Date réception": f"{received:%d/%m/%Y}",
        "Statut": "provisoire",
    }
    tags = {"subject": str(sample["subject"]), "visit": str(sample["visit"]), "day": str(sample["day"])}
    return Row(cells, reported.date(), None, kinds, [], tags, (f"{collected:%Y-%m-%d %H:%M}", number))


def render_paris(table: Table, extract: date) -> Rendered:
    """Title lines, header, rows, the header again on page 2, and a total; CRLF, cp1252."""
    rows = table.visible(extract)
    middle = len(rows) // 2
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
    lines: list[list[str]] = [
        ["Hôpital universitaire - Laboratoire d'immunologie cellulaire"],
        [f"Sous-populations lymphocytaires, étude S101 - édition du {extract:%d/%m/%Y}"],
        [],
        list(COLUMNS),
    ]
    numbered = []
    for i, row in enumerate(rows):
        if i == middle:
            lines += [["Sous-populations lymphocytaires, étude S101 - page 2/2"], list(COLUMNS)]
            page_line = len(lines) - 1
        lines.append([row.cells[c] for c in COLUMNS])
        numbered.append((len(lines), row))
    lines.append([f"Total : {len(rows)} prélèvements"])
    writer.writerows(lines)
    marks = place(FILE, "", numbered) + _layout_marks(page_line, len(lines))
    return Rendered(buffer.getvalue().encode("cp1252"), marks, count_kinds(rows))


def _layout_marks(page_line: int, total_line: int) -> list[PlacedMark]:
    def layout(row: int, kind: str, item: str, expected: str) -> PlacedMark:
        return PlacedMark(FILE, "", row, "", kind, item, expected)

    return [
        layout(1, "title lines above the header", "7.4 title rows above header", "skip, header on line 4"),
        layout(page_line, "page title and header repeated", "7.4 repeated header blocks", "skip both lines"),
        layout(total_line, "total line", "7.4 footers and totals", "not a sample: skip, count as footer"),
        layout(
            4,
            "Windows-1252, semicolons, decimal commas",
            "7.4 semicolon CSV, decimal comma, Windows-1252",
            "as declared",
        ),
        layout(4, "day first", "7.4 US and EU date order in one study", "as declared"),
        layout(4, "wide by analyte", "7.4 wide by analyte", "one row per sample to one row per result"),
    ]
