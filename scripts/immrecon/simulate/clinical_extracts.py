"""Clinical database extracts: entries become rows with the day they were entered."""

import csv
import io
from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np

from immrecon.simulate.assessments import assessments, contacts_without_transplant
from immrecon.simulate.entries import Entry
from immrecon.simulate.events import course_events, dispositions, events_without_transplant
from immrecon.simulate.parameters import StudyParameters
from immrecon.simulate.participants import Participant, ScreenFailure
from immrecon.simulate.rows import PlacedMark, Rendered, Row, Table, place
from immrecon.simulate.safety import adverse_events, medications
from immrecon.simulate.streams import stream
from immrecon.simulate.timeline import Course

COLUMNS: dict[str, tuple[str, ...]] = {
    name: tuple(text.split())
    for name, text in {
        "screening": "subject site birth_date sex screening_date outcome failure_reason group "
        "protocol_version enrolment_date dose_level entered_on",
        "baseline": "subject age_years weight_kg height_cm performance_status diagnosis disease_status mrd "
        "cmv_recipient cmv_donor donor_type hla_match entered_on",
        "transplant": "subject transplant_date graft_source depletion_method cd34_1e6_per_kg cd3_1e4_per_kg "
        "conditioning atg entered_on",
        "product": "subject dose_level target_1e6_per_kg injection_date cells_1e6_per_kg dosing_weight_kg "
        "viability_pct cd3_per_kg release_status not_injected_reason entered_on",
        "disposition": "subject date event reason entered_on",
        "contacts": "subject date status entered_on",
        "disease": "subject date status mrd entered_on",
        "gvhd_acute": "subject date skin liver upper_gi lower_gi grade entered_on",
        "gvhd_chronic": "subject date severity entered_on",
        "events": "subject event_number event date end_date grade detail adjudication entered_on",
        "chimerism": "subject date lineage donor_pct entered_on",
        "virology": "subject date virus copies_per_ml entered_on",
        "medications": "subject drug category start_date end_date ongoing entered_on",
        "adverse_events": "subject ae_number term preferred_term system_organ_class grade serious related "
        "start_date end_date outcome entered_on",
    }.items()
}
KEYS: dict[str, tuple[str, ...]] = {
    "contacts": ("subject", "date"),
    "disease": ("subject", "date"),
    "gvhd_acute": ("subject", "date"),
    "gvhd_chronic": ("subject", "date"),
    "disposition": ("subject", "date", "event"),
    "events": ("subject", "event_number"),
    "chimerism": ("subject", "date", "lineage"),
    "virology": ("subject", "date", "virus"),
    "medications": ("subject", "drug", "start_date"),
    "adverse_events": ("subject", "ae_number"),
}
NUMBERED = {"events": "event_number", "adverse_events": "ae_number"}
WITH_BYTE_ORDER_MARK = "adverse_events"


def enter(
    parameters: StudyParameters,
    enrolled: Iterable[Participant],
    failures: Iterable[ScreenFailure],
    courses: dict[str, Course],
) -> list[Entry]:
    """Every record of the study, as it truly happened."""
    entries: list[Entry] = [*map(_screen_failure, failures)]
    for person in enrolled:
        course = courses.get(person.subject)
        entries += _forms(person)
        entries += dispositions(parameters, person, course)
        if course is None:
            entries += [*events_without_transplant(person), *contacts_without_transplant(person)]
            continue
        entries += course_events(parameters, course)
        entries += assessments(parameters, course)
        entries += adverse_events(parameters, course)
        entries += medications(parameters, course)
    return entries


def clinical_tables(parameters: StudyParameters, entries: Iterable[Entry]) -> dict[str, Table]:
    """Clean tables of the whole study, by name, before any fault is planted."""
    records = list(entries)
    return {name: _table(parameters, name, [e for e in records if e.table == name]) for name in COLUMNS}


def _screen_failure(person: ScreenFailure) -> Entry:
    cells = {
        "site": person.site,
        "birth_date": f"{person.birth:%Y-%m}",
        "sex": person.sex,
        "screening_date": person.screening.isoformat(),
        "outcome": "screen failure",
        "failure_reason": person.reason,
        "protocol_version": str(person.protocol_version),
    }
    return Entry("screening", person.subject, person.screening + timedelta(days=5), cells)


def _forms(person: Participant) -> list[Entry]:
    b, g, p = person.baseline, person.graft, person.product
    forms = [
        ("screening", person.enrolment, {
            "site": person.site, "birth_date": f"{person.birth:%Y-%m}", "sex": person.sex,
            "screening_date": person.screening.isoformat(), "outcome": "enrolled", "group": person.group,
            "protocol_version": str(person.protocol_version), "enrolment_date": person.enrolment.isoformat(),
            "dose_level": f"DL{person.dose_level}",
        }),
        ("baseline", person.enrolment, {
            "age_years": str(b.age_years), "weight_kg": f"{b.weight_kg:.1f}", "height_cm": str(b.height_cm),
            "performance_status": str(b.performance_status), "diagnosis": b.diagnosis,
            "disease_status": b.disease_status, "mrd": b.mrd, "cmv_recipient": b.cmv_recipient,
            "cmv_donor": b.cmv_donor, "donor_type": b.donor_type, "hla_match": b.hla_match,
        }),
    ]  # fmt: skip
    if person.transplant is not None:
        forms.append(("transplant", person.transplant, {
            "transplant_date": person.transplant.isoformat(), "graft_source": g.source,
            "depletion_method": g.depletion_method, "cd34_1e6_per_kg": f"{g.cd34_1e6_per_kg:.2f}",
            "cd3_1e4_per_kg": f"{g.cd3_1e4_per_kg:.2f}", "conditioning": g.conditioning, "atg": g.atg,
        }))  # fmt: skip
        forms.append(("product", person.injection or person.transplant + timedelta(days=8), {
            "dose_level": f"DL{person.dose_level}", "target_1e6_per_kg": f"{p.target_1e6_per_kg:g}",
            "injection_date": "" if person.injection is None else person.injection.isoformat(),
            "cells_1e6_per_kg": "" if p.cells_1e6_per_kg is None else f"{p.cells_1e6_per_kg:.3f}",
            "dosing_weight_kg": f"{p.dosing_weight_kg:.1f}",
            "viability_pct": "" if p.viability_pct is None else str(p.viability_pct),
            "cd3_per_kg": "" if p.cd3_per_kg is None else str(p.cd3_per_kg),
            "release_status": p.release_status, "not_injected_reason": person.story.not_injected,
        }))  # fmt: skip
    return [Entry(table, person.subject, on, cells) for table, on, cells in forms]


def _lag_days(rng: np.random.Generator) -> int:
    """Entry lag: mostly within a week, one in fifty after a month."""
    late = rng.random() < 0.02
    return int(rng.integers(30, 50)) if late else int(rng.integers(1, 9))


def _table(parameters: StudyParameters, name: str, entries: list[Entry]) -> Table:
    table = Table(f"clinical/{name}.csv", COLUMNS[name], KEYS.get(name, ("subject",)), [])
    rngs: dict[str, np.random.Generator] = {}
    dated = []
    for index, entry in enumerate(entries):
        rng = rngs.setdefault(entry.subject, stream(parameters.seed, "entry lag", name, entry.subject))
        dated.append((entry, entry.on + timedelta(days=_lag_days(rng)), index))
    numbers: dict[str, int] = {}
    for entry, entered, index in sorted(dated, key=lambda d: (d[1], d[2])):
        cells = dict.fromkeys(COLUMNS[name], "") | {
            "subject": entry.subject,
            **entry.cells,
            "entered_on": entered.isoformat(),
        }
        if name in NUMBERED:
            numbers[entry.subject] = numbers.get(entry.subject, 0) + 1
            cells[NUMBERED[name]] = str(numbers[entry.subject])
        row = Row(
            cells,
            entered,
            None,
            {},
            [],
            {"subject": entry.subject},
            (entry.subject, entry.on.isoformat(), f"{index:05d}"),
        )
        table.rows.append(row)
        for update in entry.updates:
            row = table.revise(row, max(update.on + timedelta(days=3), row.seen_from), update.reason, **update.cells)
    return table


def render_clinical(table: Table, extract: date) -> Rendered:
    """Comma-separated UTF-8, LF; one file with a byte order mark."""
    rows = table.visible(extract)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows([row.cells[c] for c in table.columns] for row in rows)
    encoding = "utf-8-sig" if table.file == f"clinical/{WITH_BYTE_ORDER_MARK}.csv" else "utf-8"
    marks = place(table.file, "", enumerate(rows, start=2))
    if encoding == "utf-8-sig":
        marks.append(
            PlacedMark(
                table.file,
                "",
                1,
                "",
                "file starts with EF BB BF",
                "7.4 byte order mark",
                "not part of the name",
            )
        )
    return Rendered(buffer.getvalue().encode(encoding), marks, {})
