"""Visits side by side, and one block per participant."""

from collections.abc import Sequence

from .common import Export, Rows, analytes, delimited, dialect, in_unit, samples
from .truth import NAMES, Result


def _by_visit(results: Sequence[Result]) -> tuple[list[str], dict[str, dict[str, list[Result]]]]:
    """Visit labels in order of day, and samples by participant and visit."""
    visits = sorted({r.visit for r in results}, key=lambda label: int(label.removeprefix("Day ")))
    people: dict[str, dict[str, list[Result]]] = {}
    for sample in samples(results):
        people.setdefault(sample[0].subject, {})[sample[0].visit] = sample
    return visits, people


def visits_with_date_row(results: Sequence[Result]) -> Export:
    """A row per participant and analyte, a column per visit; the dates of the draws in a row of their own."""
    visits, people = _by_visit(results)
    rows: Rows = [["Patient", "Test", *visits]]
    for subject, seen in people.items():
        rows.append([subject, "Drawn", *(f"{seen[v][0].drawn:%d/%m/%Y}" if v in seen else "" for v in visits)])
        for index, code in enumerate(NAMES):
            cells = [in_unit(seen[v][index], 0, ",") if v in seen else "" for v in visits]
            rows.append([subject, NAMES[code], *cells])
    lab = dialect(
        files=["x.csv"],
        layout={"format": "csv", "encoding": "utf-8", "delimiter": ";"},
        shape="wide_by_visit",
        columns={"participant": "Patient", "test": "Test",
                 "collected": {"column": "Drawn", "as": "date", "dates": {"formats": ["%d/%m/%Y"]}}},
        visits={"heads": r"Day -?\d+", "dates": "row"},
        analytes=analytes(NAMES, "/uL"),
        numbers={"decimal": [","]},
        duplicates={"same_draw": ["collected"], "same_day": "query"},
    )  # fmt: skip
    return Export("x.csv", delimited(rows, ";", "utf-8"), lab, tuple(range(2, 2 + len(visits))), 2)


def visits_with_dates_beside(results: Sequence[Result]) -> Export:
    """A row per participant and analyte; under each visit its date and its result."""
    visits, people = _by_visit(results)
    rows: Rows = [["Patient", "Test", *(label for v in visits for label in (v, ""))]]
    rows.append(["", "", *(["Date", "Result"] * len(visits))])
    for subject, seen in people.items():
        for index, code in enumerate(NAMES):
            cells: list[str] = []
            for v in visits:
                cells += [f"{seen[v][0].drawn:%d/%m/%Y}", in_unit(seen[v][index], 0)] if v in seen else ["", ""]
            rows.append([subject, NAMES[code], *cells])
    lab = dialect(
        files=["x.csv"],
        layout={"format": "csv", "encoding": "utf-8", "delimiter": ",", "header_rows": [1, 2], "header_fill": "forward"},
        shape="wide_by_visit",
        columns={"participant": "Patient", "test": "Test", "result": "Result",
                 "collected": {"column": "Date", "as": "date", "dates": {"formats": ["%d/%m/%Y"]}}},
        visits={"heads": r"Day -?\d+", "dates": "beside"},
        analytes=analytes(NAMES, "/uL"),
        duplicates={"same_draw": ["collected"], "same_day": "query"},
    )  # fmt: skip
    return Export("x.csv", delimited(rows, ",", "utf-8"), lab, tuple(range(3, 3 + 2 * len(visits), 2)), 3)


def patient_blocks(results: Sequence[Result]) -> Export:
    """One block per participant, each with its heads; page titles between."""
    rows: Rows = []
    for subject in dict.fromkeys(r.subject for r in results):
        rows += [[f"Patient: {subject}"], ["Sample", "Date", *NAMES.values()]]
        for sample in samples([r for r in results if r.subject == subject]):
            rows.append([sample[0].accession, f"{sample[0].drawn:%Y-%m-%d}", *(in_unit(r, 0) for r in sample)])
        rows.append([])
    lab = dialect(
        files=["x.csv"],
        layout={"format": "csv", "encoding": "utf-8", "delimiter": ";", "header_rows": [2],
                "blocks": {"begins": r"Patient: (?P<participant>\S+)", "participant": "Patient"}},
        shape="wide_by_analyte",
        columns={"participant": "Patient", "accession": "Sample",
                 "collected": {"column": "Date", "as": "date", "dates": {"formats": ["%Y-%m-%d"]}}},
        analytes=analytes(NAMES, "/uL"),
    )  # fmt: skip
    return Export("x.csv", delimited(rows, ";", "utf-8"), lab, tuple(range(2, 2 + len(NAMES))), 3)


def patient_blocks_of_dates(results: Sequence[Result]) -> Export:
    """One cumulative report per participant: a row per analyte, and each participant's own dates as heads."""
    rows: Rows = []
    widest = 0
    for subject in dict.fromkeys(r.subject for r in results):
        seen = samples([r for r in results if r.subject == subject])
        widest = max(widest, len(seen))
        rows += [[f"Patient: {subject}"], ["Test", *(f"{sample[0].drawn:%d/%m/%Y}" for sample in seen)]]
        rows += [[NAMES[code], *(in_unit(s[index], 0) for s in seen)] for index, code in enumerate(NAMES)]
        rows.append([])
    lab = dialect(
        files=["x.csv"],
        layout={"format": "csv", "encoding": "utf-8", "delimiter": ";", "header_rows": [2],
                "blocks": {"begins": r"Patient: (?P<participant>\S+)", "participant": "Patient"}},
        shape="wide_by_visit",
        columns={"participant": "Patient", "test": "Test",
                 "collected": {"column": "drawn", "as": "date", "dates": {"formats": ["%d/%m/%Y"]}}},
        visits={"heads": r"(?P<drawn>\d{2}/\d{2}/\d{4})", "dates": "head"},
        analytes=analytes(NAMES, "/uL"),
        duplicates={"same_draw": ["collected"], "same_day": "query"},
    )  # fmt: skip
    return Export("x.csv", delimited(rows, ";", "utf-8"), lab, tuple(range(1, 1 + widest)), 3)
